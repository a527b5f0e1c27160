import Domain

/// What a Markdown file says of itself above its text, between two lines of `---`: `title`, `locale`, `questions`,
/// `status`. Of YAML it reads plain and quoted values, and lists in either form; keys that it does not know are other
/// programs', and are left alone.
struct FrontMatter: Equatable {
    var title: String?
    var locale: String?
    var questions: [String] = []
    var status: Article.Status?
    /// Lines that it takes, with both marks.
    var lineCount = 0

    /// - Returns: nil when the text does not begin with any.
    static func read(_ lines: [Substring]) throws(ImportProblems) -> FrontMatter? {
        guard let first = lines.first, isMark(first), lines.count > 1 else { return nil }
        guard let end = lines.dropFirst().firstIndex(where: { isMark($0) || $0 == "..." }) else {
            // A line across the page, above a text.
            guard pair(lines[1]) != nil else { return nil }
            throw ImportProblems(line: 1, "the front matter is not closed by a line with ---")
        }
        var found = FrontMatter()
        found.lineCount = end + 1
        var problems: [ImportProblem] = []
        var list: String?
        for (number, line) in zip(2..., lines[1..<end]) {
            if let item = item(line) {
                // A list's line without a key before it belongs to nothing.
                if list == "questions", !item.isEmpty { found.questions.append(item) }
                continue
            }
            guard let (key, value) = pair(line) else { continue }
            list = value.isEmpty ? names[key] : nil
            do {
                try found.set(names[key], value, line: number)
            } catch {
                problems.append(error)
            }
        }
        guard problems.isEmpty else { throw ImportProblems(problems) }
        return found
    }

    /// Keys by the names they go by.
    private static let names: [String: String] = [
        "title": "title", "标题": "title", "locale": "locale", "lang": "locale", "language": "locale", "语言": "locale",
        "questions": "questions", "question": "questions", "问题": "questions", "status": "status", "状态": "status",
        "draft": "draft",
    ]

    private mutating func set(_ name: String?, _ value: String, line: Int) throws(ImportProblem) {
        switch name {
        case "title": title = Self.unquoted(value)
        case "locale":
            guard !value.isEmpty else { return }
            guard let tag = LocaleTag(Self.unquoted(value)) else {
                throw ImportProblem(line: line, "the locale must be a language tag such as en or zh-CN")
            }
            locale = tag.text
        case "questions": questions += Self.values(value)
        case "status":
            guard !value.isEmpty else { return }
            guard let status = StatusWord.status(Self.unquoted(value)) else {
                throw ImportProblem(line: line, "the status must be draft or published")
            }
            self.status = status
        case "draft":
            // As other programs say it.
            if Self.unquoted(value).lowercased() == "true" { status = .draft }
        default: return
        }
    }

    private static func isMark(_ line: Substring) -> Bool {
        line.hasPrefix("---") && line.utf8.dropFirst(3).allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }

    private static func item(_ line: Substring) -> String? {
        let text = Sentences.trimmed(String(line))
        guard text == "-" || text.hasPrefix("- ") else { return nil }
        return unquoted(Sentences.trimmed(String(text.dropFirst())))
    }

    private static func pair(_ line: Substring) -> (key: String, value: String)? {
        guard let first = line.unicodeScalars.first, !Characters.isSpace(first.value), first != "#",
            let colon = line.unicodeScalars.firstIndex(of: ":")
        else { return nil }
        let rest = line[line.unicodeScalars.index(after: colon)...]
        guard rest.isEmpty || rest.unicodeScalars.first.map({ Characters.isSpace($0.value) }) ?? true else {
            return nil
        }
        return (
            Sentences.trimmed(String(line[..<colon])).lowercased(), Sentences.trimmed(String(rest))
        )
    }

    /// A value, or the values of a list on one line.
    private static func values(_ text: String) -> [String] {
        guard text.hasPrefix("["), text.hasSuffix("]"), text.utf8.count >= 2 else {
            let value = unquoted(text)
            return value.isEmpty ? [] : [value]
        }
        var values: [String] = []
        var current = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        func close() {
            let value = unquoted(Sentences.trimmed(String(current)))
            if !value.isEmpty { values.append(value) }
            current = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars.dropFirst().dropLast() {
            if scalar == quote {
                quote = nil
            } else if quote == nil, scalar == "\"" || scalar == "'" {
                quote = scalar
            } else if quote == nil, scalar == "," {
                close()
                continue
            }
            current.append(scalar)
        }
        close()
        return values
    }

    static func unquoted(_ text: String) -> String {
        for quote in ["\"", "'"] where text.hasPrefix(quote) && text.hasSuffix(quote) && text.utf8.count >= 2 {
            let inner = String(text.dropFirst().dropLast())
            return quote == "'"
                ? inner.replacing("''", with: "'") : inner.replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
        }
        return text
    }
}

/// A language tag as files write it: `zh_CN` is `zh-CN`.
struct LocaleTag: Equatable {
    let text: String

    /// By its form (RFC 5646, 4.4.1); nil for anything else.
    init?(_ text: String) {
        let text = text.replacing("_", with: "-")
        let subtags = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let isTag =
            text.utf8.count <= 35
            && subtags.allSatisfy { subtag in
                (1...8).contains(subtag.count)
                    && subtag.allSatisfy { (0x30...0x39).contains($0) || Characters.isASCIILetter(UInt32($0)) }
            }
        guard isTag, subtags.first.map({ $0.count >= 2 }) ?? false else { return nil }
        self.text = text
    }
}

/// How files say whether an article is finished.
enum StatusWord {
    static func status(_ text: String) -> Article.Status? {
        switch text.lowercased() {
        case "draft", "草稿", "未发布": .draft
        case "published", "publish", "已发布", "发布": .published
        default: nil
        }
    }
}
