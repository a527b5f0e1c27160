/// A permission to register, and the role that comes with it. Used once.
public struct Invitation: Sendable, Equatable {
    /// How long one is good when nothing else is said.
    public static let defaultDays: Int64 = 7

    public var id: Identifier<Invitation>
    public var workspaceId: Identifier<Workspace>
    /// Whom it is for; nil for anybody who has it.
    public var email: String?
    /// Name of the role that it gives.
    public var role: String
    public var createdAt: Timestamp
    public var expiresAt: Timestamp
    public var usedAt: Timestamp?

    public init(
        id: Identifier<Invitation>, workspaceId: Identifier<Workspace>, email: String?, role: String,
        createdAt: Timestamp, expiresAt: Timestamp, usedAt: Timestamp?
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.email = email
        self.role = role
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.usedAt = usedAt
    }
}
