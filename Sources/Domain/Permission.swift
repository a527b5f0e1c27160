/// What somebody may do, written `resource:action` or `resource:action:scope`.
public struct Permission: Sendable, Hashable {
    /// How far a permission on rows reaches.
    public enum Scope: String, Sendable, Comparable, CaseIterable {
        case own, team, all

        public static func < (left: Scope, right: Scope) -> Bool { left.reach < right.reach }

        private var reach: Int {
            switch self {
            case .own: 0
            case .team: 1
            case .all: 2
            }
        }
    }

    /// What is asked for by a route or a socket command. The scope comes from the grant.
    public enum Action: String, Sendable, CaseIterable {
        case conversationsRead = "conversations:read"
        case conversationsWrite = "conversations:write"
        case messagesWrite = "messages:write"
        case contactsRead = "contacts:read"
        case contactsWrite = "contacts:write"
        case sessionsRead = "sessions:read"
        case sessionsWrite = "sessions:write"
        case knowledgeRead = "knowledge:read"
        case knowledgeWrite = "knowledge:write"
        case usersRead = "users:read"
        case usersWrite = "users:write"
    }

    public var action: Action
    public var scope: Scope

    public init(_ action: Action, _ scope: Scope = .all) {
        self.action = action
        self.scope = scope
    }

    /// The written form, with its scope when that is not `all`.
    public var text: String { scope == .all ? action.rawValue : "\(action.rawValue):\(scope.rawValue)" }
}

/// A named set of permissions. These four are built in.
public enum Role: String, Sendable, Codable, CaseIterable {
    case admin, supervisor, agent, customer

    /// Whether the role works on the company's side of the desk.
    public var isStaff: Bool { self != .customer }

    public var permissions: [Permission] {
        switch self {
        case .admin: Permission.Action.allCases.map { Permission($0) }
        case .supervisor:
            [
                .conversationsRead, .conversationsWrite, .messagesWrite, .contactsRead, .contactsWrite, .sessionsRead,
                .sessionsWrite, .knowledgeRead, .knowledgeWrite, .usersRead,
            ].map { Permission($0) }
        case .agent:
            [
                .conversationsRead, .conversationsWrite, .messagesWrite, .contactsRead, .contactsWrite, .sessionsRead,
                .knowledgeRead,
            ].map { Permission($0) }
        case .customer: []
        }
    }

    /// How far the role may do `action`, or nil when it may not at all.
    public func scope(of action: Permission.Action) -> Permission.Scope? {
        permissions.filter { $0.action == action }.map(\.scope).max()
    }
}
