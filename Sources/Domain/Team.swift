/// Members of staff who answer together. A conversation can be a team's until one of them takes it.
public struct Team: Sendable, Equatable {
    /// Members of one team, at most: who may see what is worked out from them for every caller.
    public static let maximumMembers = 200

    public var id: Identifier<Team>
    public var workspaceId: Identifier<Workspace>
    /// Unique in the workspace.
    public var name: String
    /// In the order of their keys.
    public var members: [Identifier<User>]
    public var createdAt: Timestamp
    public var updatedAt: Timestamp

    public init(
        id: Identifier<Team>, workspaceId: Identifier<Workspace>, name: String, members: [Identifier<User>],
        createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.name = name
        self.members = members
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
