public import Domain

/// What the search reads of an article.
public struct KnowledgeArticle: Sendable, Equatable {
    public var id: Int64
    public var title: String
    /// Markdown.
    public var content: String
    /// BCP 47 language tag, such as `zh` or `en`.
    public var locale: String
    /// Ways in which customers ask for it.
    public var questions: [String]

    public init(id: Int64, title: String, content: String, locale: String, questions: [String]) {
        self.id = id
        self.title = title
        self.content = content
        self.locale = locale
        self.questions = questions
    }

    public init(_ article: Article) {
        self.init(
            id: article.id.rawValue, title: article.title, content: article.spokenContent, locale: article.locale,
            questions: article.questions)
    }
}
