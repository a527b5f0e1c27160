/// A credential for programs. It acts for the user who made it.
public struct APIKey: Sendable, Equatable {
    /// Keys that a workspace has at once, at most: more than programs that anybody runs.
    public static let maximumPerWorkspace = 500
    /// How exactly the last use is known, in seconds: a busy key must not cost a write for each request.
    public static let useGranularitySeconds: Int64 = 60

    public var id: Identifier<APIKey>
    public var workspaceId: Identifier<Workspace>
    /// Who made it, and for whom it acts.
    public var userId: Identifier<User>
    public var name: String
    /// What it may do at most; never more than its user may at the moment.
    public var grants: Grants
    public var createdAt: Timestamp
    public var expiresAt: Timestamp?
    /// To the minute.
    public var lastUsedAt: Timestamp?
    public var isRevoked: Bool

    /// Whether it opens nothing any more.
    public func isOver(at now: Timestamp) -> Bool { isRevoked || expiresAt.map { $0 <= now } ?? false }

    public init(
        id: Identifier<APIKey>, workspaceId: Identifier<Workspace>, userId: Identifier<User>, name: String,
        grants: Grants, createdAt: Timestamp, expiresAt: Timestamp?, lastUsedAt: Timestamp?, isRevoked: Bool
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.userId = userId
        self.name = name
        self.grants = grants
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
        self.isRevoked = isRevoked
    }
}
