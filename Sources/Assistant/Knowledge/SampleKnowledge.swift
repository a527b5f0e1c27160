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

    /// - Returns: nil when there is no front matter with a title.
    static func draft(_ text: String) -> Draft? {
        guard text.hasPrefix("---"), let article = try? MarkdownFile.article(text, name: ""), !article.title.isEmpty
        else { return nil }
        return Draft(
            title: article.title, content: article.content, locale: article.locale ?? "en",
            questions: article.questions)
    }
}
