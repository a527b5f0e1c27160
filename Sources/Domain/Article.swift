/// A piece of the company's knowledge, from which the assistant answers.
public struct Article: Sendable, Equatable {
    public enum Status: String, Sendable, Codable, CaseIterable {
        case draft, published
    }

    public var id: Identifier<Article>
    public var workspaceId: Identifier<Workspace>
    public var title: String
    /// Markdown.
    public var content: String
    /// BCP 47 language tag, such as `zh` or `en`.
    public var locale: String
    /// Ways in which customers ask for it.
    public var questions: [String]
    public var status: Status
    public var version: Int64
    public var updatedAt: Timestamp

    public init(
        id: Identifier<Article>, workspaceId: Identifier<Workspace>, title: String, content: String, locale: String,
        questions: [String], status: Status, version: Int64, updatedAt: Timestamp
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.title = title
        self.content = content
        self.locale = locale
        self.questions = questions
        self.status = status
        self.version = version
        self.updatedAt = updatedAt
    }
}
