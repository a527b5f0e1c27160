/// Lengths of an article's parts, in Unicode scalars. Chosen to hold any real value.
public enum ArticleLimits {
    public static let title = 1...300
    /// Some forty pages.
    public static let content = 1...200_000
    public static let question = 1...300
    public static let maximumQuestions = 50
    /// Of what an import knows an article by.
    public static let maximumSource = 300
}

/// An article as a file has it.
public struct ImportedArticle: Sendable, Equatable, Codable {
    /// What the article is known by, however often its file is imported: unique in a workspace, at most
    /// ``ArticleLimits/maximumSource`` scalars.
    public var source: String
    public var title: String
    /// Markdown.
    public var content: String
    /// BCP 47 language tag.
    public var locale: String
    public var questions: [String]
    /// What the file itself says; nil when it does not.
    public var status: Article.Status?

    public init(
        source: String, title: String, content: String, locale: String, questions: [String] = [],
        status: Article.Status? = nil
    ) {
        self.source = source
        self.title = title
        self.content = content
        self.locale = locale
        self.questions = questions
        self.status = status
    }

    /// What became of it.
    public enum Outcome: String, Sendable, Codable, CaseIterable {
        case created, updated
        /// It is there already, word for word.
        case unchanged
        /// It is there with another text and published, and to change what customers are told was not asked for.
        case publishedDiffers = "published_differs"
    }

    /// The status that it is to have.
    ///
    /// Whoever asks for drafts gets drafts. Otherwise a file that says something of itself is believed: one that calls
    /// itself a draft is not finished.
    /// - Parameter asked: what whoever imports asks for; nil leaves it to the file.
    public func wantedStatus(_ asked: Article.Status?) -> Article.Status {
        asked == .draft ? .draft : status ?? asked ?? .draft
    }

    /// Whether an article that is there is the same.
    public func isSame(as article: Article) -> Bool {
        title == article.title && content == article.content && locale == article.locale
            && questions == article.questions
    }
}
