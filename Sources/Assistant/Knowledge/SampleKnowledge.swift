import EmbeddedFiles

/// The articles about Chat API itself that a new workspace starts with, so that a newcomer can ask something at once.
public enum SampleKnowledge {
    /// One article as it stands in the binary, before the database gives it a key.
    public struct Draft: Sendable, Equatable {
        public var title: String
        /// Markdown.
        public var content: String
        /// `en` or `zh`.
        public var locale: String
        public var questions: [String]
    }

    /// Every embedded article, by file name.
    public static func articles() -> [Draft] {
        EmbeddedFile.all(in: folder).compactMap { file in
            file.path.hasSuffix(".md") ? draft(file.text) : nil
        }
    }

    private static let folder = "knowledge/"

    /// Reads `---`, `title:`, `locale:`, `questions:` with a dash each, `---`, Markdown. Nothing else of YAML.
    ///
    /// - Returns: nil when there is no front matter or no title.
    static func draft(_ text: String) -> Draft? {
        let lines = MarkdownBlock.lines(of: text)
        guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else { return nil }
        var draft = Draft(title: "", content: "", locale: "en", questions: [])
        for line in lines[1..<end] {
            if let title = value(of: "title:", in: line) { draft.title = title }
            if let locale = value(of: "locale:", in: line) { draft.locale = locale }
            if let question = value(of: "  - ", in: line) { draft.questions.append(question) }
        }
        draft.content = Sentences.trimmed(lines[(end + 1)...].joined(separator: "\n"))
        return draft.title.isEmpty ? nil : draft
    }

    private static func value(of key: String, in line: Substring) -> String? {
        guard line.hasPrefix(key) else { return nil }
        return Sentences.trimmed(String(line.dropFirst(key.count)))
    }
}
