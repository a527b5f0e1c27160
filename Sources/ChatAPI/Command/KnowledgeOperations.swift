import Domain
import Storage

/// What verbs do with a workspace's knowledge. Everything is asked for in pieces that fit a line of the control socket.
protocol KnowledgeOperations: Sendable {
    /// Imports articles, or only says what that would do. An unknown workspace is refused.
    /// - Returns: what became of each, in their order.
    func importArticles(_ batch: ArticleBatch) async throws -> [ImportedArticle.Outcome]
    /// Articles that came from an import.
    func importedSources(_ page: SourcePage) async throws -> [ImportedSource]
    /// Makes drafts of articles whose files are gone.
    /// - Returns: how many were published until now.
    func draftArticles(_ sources: SourceList) async throws -> Int
}

/// Some articles of some files.
struct ArticleBatch: Codable, Sendable, Equatable {
    /// Articles of one.
    static let maximumArticles = 100
    /// UTF-8 bytes of their texts, unless it is one article alone. As JSON that is six times as much at worst, and so less
    /// than ``ControlLine/maximumBytes``, as one article of the longest text is.
    static let maximumBytes = 256 * 1024

    /// Slug of the workspace.
    let workspace: String
    var articles: [ImportedArticle]
    /// What whoever imports asks for; nil leaves it to the files.
    let status: Article.Status?
    /// Whether nothing is to be changed.
    let isTrial: Bool
}

/// Sources that begin alike.
struct SourcePage: Codable, Sendable, Equatable {
    static let maximumSources = 500

    /// Slug of the workspace.
    let workspace: String
    let prefix: String
    /// The last one of the page before; nil for the first page.
    var last: String?
}

struct SourceList: Codable, Sendable, Equatable {
    /// Slug of the workspace.
    let workspace: String
    /// At most ``SourcePage/maximumSources``.
    let sources: [String]
}
