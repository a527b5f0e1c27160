import Domain

/// An article in a Markdown file: front matter where there is any, else the first heading is its title.
enum MarkdownFile {
    static func article(_ text: String, name: String) throws(ImportProblems) -> ImportedText {
        let lines = MarkdownBlock.lines(of: text)
        let matter = try FrontMatter.read(lines)
        var content = Sentences.trimmed(lines[(matter?.lineCount ?? 0)...].joined(separator: "\n"))
        var title = matter?.title ?? ""
        if title.isEmpty, let heading = firstHeading(in: content) {
            title = heading.text
            content = heading.rest
        }
        return ImportedText(
            title: title.isEmpty ? name : title, content: content, locale: matter?.locale,
            questions: matter?.questions ?? [], status: matter?.status, line: 1 + (matter?.lineCount ?? 0))
    }

    /// The first heading, and the text without it where nothing stands before it. Also one underlined by `===`.
    private static func firstHeading(in content: String) -> (text: String, rest: String)? {
        let lines = MarkdownBlock.lines(of: content)
        if lines.count > 1, !lines[0].isEmpty, isUnderline(lines[1]) {
            return (
                Sentences.trimmed(String(lines[0])), Sentences.trimmed(lines[2...].joined(separator: "\n"))
            )
        }
        let blocks = MarkdownBlock.all(in: content)
        for (number, block) in blocks.enumerated() {
            guard case .heading(_, let text) = block, !text.isEmpty else { continue }
            guard number == 0 else { return (text, content) }
            let rest = lines.firstIndex { $0.utf8.contains(0x23) }.map { lines[($0 + 1)...] } ?? []
            return (text, Sentences.trimmed(rest.joined(separator: "\n")))
        }
        return nil
    }

    private static func isUnderline(_ line: Substring) -> Bool {
        let marks = Sentences.trimmed(String(line))
        return marks.utf8.count >= 2 && marks.utf8.allSatisfy { $0 == UInt8(ascii: "=") }
    }
}

/// An article before its file's path is known to it.
struct ImportedText: Equatable {
    var title: String
    /// Markdown.
    var content: String
    /// What the file says; nil leaves it to the words.
    var locale: String?
    var questions: [String] = []
    var status: Article.Status?
    /// What it is known by inside the file; nil for the only one.
    var key: String?
    /// Where it begins in the file.
    var line: Int
}
