/// A named set of permissions: one of the four that are built in, or one that the workspace's admins made.
public struct Role: Sendable, Equatable {
    /// Unique in the workspace, and what users carry.
    public var name: String
    public var grants: Grants
    public var isBuiltIn: Bool
    /// Nil for a built-in one.
    public var id: Identifier<Role>?
    /// Nil for a built-in one.
    public var updatedAt: Timestamp?

    /// A role of the workspace's own.
    public init(id: Identifier<Role>, name: String, grants: Grants, updatedAt: Timestamp) {
        self.id = id
        self.name = name
        self.grants = grants
        self.updatedAt = updatedAt
        isBuiltIn = false
    }

    private init(builtIn name: String, _ grants: Grants) {
        self.name = name
        self.grants = grants
        isBuiltIn = true
    }

    /// Everything.
    public static let admin = Role(builtIn: "admin", .all)

    /// Runs a team: sees all of it, changes nothing of accounts and settings.
    public static let supervisor = Role(
        builtIn: "supervisor",
        Grants(
            [
                .conversationsRead, .conversationsWrite, .messagesWrite, .messagesManage, .contactsRead, .contactsWrite,
                .contactsDelete, .sessionsRead, .sessionsWrite, .knowledgeRead, .knowledgeWrite, .usersRead, .rolesRead,
                .teamsRead, .teamsWrite, .inboxesRead, .statisticsRead, .assistantRead, .assistantUse, .settingsRead,
                .noticesWrite,
            ].map { Permission($0) }))

    /// Talks to customers.
    public static let agent = Role(
        builtIn: "agent",
        Grants(
            [
                .conversationsRead, .conversationsWrite, .messagesWrite, .contactsRead, .contactsWrite, .sessionsRead,
                .knowledgeRead, .teamsRead, .assistantRead, .assistantUse,
            ].map { Permission($0) }))

    /// Somebody who registered. Not staff: what a customer may do is checked by row.
    public static let customer = Role(builtIn: "customer", .none)

    public static let builtIn = [admin, supervisor, agent, customer]

    /// The built-in role of this name, or nil.
    public static func builtIn(_ name: String) -> Role? { builtIn.first { $0.name == name } }

    /// Whether the role works on the company's side of the desk.
    public var isStaff: Bool { name != Role.customer.name }

    public var permissions: [Permission] { grants.permissions }

    /// How far the role may do `action`, or nil when it may not at all.
    public func scope(of action: Permission.Action) -> Permission.Scope? { grants.scope(of: action) }
}
