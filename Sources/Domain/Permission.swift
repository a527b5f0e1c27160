/// What somebody may do, written `resource:action` or, where it is about conversations, `resource:action:scope`.
public struct Permission: Sendable, Hashable {
    /// Which conversations a permission reaches. See ``Reach``.
    public enum Scope: String, Sendable, Comparable, CaseIterable {
        case own, team, all

        public static func < (left: Scope, right: Scope) -> Bool { left.breadth < right.breadth }

        private var breadth: Int {
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
        /// Status, priority, labels, owner.
        case conversationsWrite = "conversations:write"
        /// Send messages and notes, edit and delete one's own.
        case messagesWrite = "messages:write"
        /// Edit and delete what others sent, at any time.
        case messagesManage = "messages:manage"
        case contactsRead = "contacts:read"
        case contactsWrite = "contacts:write"
        case contactsDelete = "contacts:delete"
        case sessionsRead = "sessions:read"
        case sessionsWrite = "sessions:write"
        case knowledgeRead = "knowledge:read"
        case knowledgeWrite = "knowledge:write"
        case usersRead = "users:read"
        case usersWrite = "users:write"
        case rolesRead = "roles:read"
        case rolesWrite = "roles:write"
        case teamsRead = "teams:read"
        case teamsWrite = "teams:write"
        case inboxesRead = "inboxes:read"
        case inboxesWrite = "inboxes:write"
        case apiKeysRead = "api_keys:read"
        case apiKeysWrite = "api_keys:write"
        case statisticsRead = "stats:read"
        /// How answers came about.
        case assistantRead = "ai:read"
        /// Have the assistant suggest and sum up.
        case assistantUse = "ai:use"
        /// Try providers out.
        case assistantWrite = "ai:write"
        case settingsRead = "settings:read"
        case settingsWrite = "settings:write"
        case auditRead = "audit:read"
        /// The whole workspace's events.
        case eventsRead = "events:read"
        case noticesWrite = "notices:write"

        /// Whether it is about conversations, so that a grant can be limited to some of them.
        public var isScoped: Bool {
            switch self {
            case .conversationsRead, .conversationsWrite, .messagesWrite, .messagesManage: true
            default: false
            }
        }
    }

    public var action: Action
    public var scope: Scope

    public init(_ action: Action, _ scope: Scope = .all) {
        self.action = action
        self.scope = action.isScoped ? scope : .all
    }

    /// Reads the written form; nil for an action that there is not, or a scope that does not go with it.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, let action = Action(rawValue: "\(parts[0]):\(parts[1])") else {
            return nil
        }
        guard parts.count == 3 else {
            self.init(action)
            return
        }
        guard action.isScoped, let scope = Scope(rawValue: String(parts[2])) else { return nil }
        self.init(action, scope)
    }

    /// The written form, with its scope when that is not `all`.
    public var text: String { scope == .all ? action.rawValue : "\(action.rawValue):\(scope.rawValue)" }
}

/// A set of permissions: of each action the widest scope.
public struct Grants: Sendable, Equatable {
    private let scopes: [Permission.Action: Permission.Scope]
    /// In a stable order.
    public let permissions: [Permission]
    /// The written forms of ``permissions``. Kept, because who asks for its profile is shown them each time.
    public let texts: [String]

    public static let none = Grants([])
    public static let all = Grants(Permission.Action.allCases.map { Permission($0) })

    public init(_ permissions: some Sequence<Permission>) {
        var scopes: [Permission.Action: Permission.Scope] = [:]
        for permission in permissions {
            scopes[permission.action] = max(scopes[permission.action] ?? .own, permission.scope)
        }
        self.scopes = scopes
        let written = scopes.map { (text: Permission($0.key, $0.value).text, permission: Permission($0.key, $0.value)) }
            .sorted { $0.text < $1.text }
        self.permissions = written.map(\.permission)
        texts = written.map(\.text)
    }

    /// How far `action` is allowed, or nil when it is not at all.
    public func scope(of action: Permission.Action) -> Permission.Scope? { scopes[action] }

    /// Whether nothing in `other` goes beyond this.
    public func cover(_ other: Grants) -> Bool {
        other.scopes.allSatisfy { action, scope in scopes[action].map { scope <= $0 } ?? false }
    }

    /// What both allow.
    public func limited(to other: Grants) -> Grants {
        Grants(
            scopes.compactMap { action, scope in
                other.scopes[action].map { Permission(action, min(scope, $0)) }
            })
    }
}
