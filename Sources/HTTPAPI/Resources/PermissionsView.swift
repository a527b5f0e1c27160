import Domain

/// Every permission there is, for whoever puts a role together.
struct PermissionsView: Codable, Sendable {
    struct Item: Codable, Sendable {
        /// As it stands in a role, without a scope: then it reaches everything.
        var permission: String
        var description: String
        /// Whether `:own`, `:team` or `:all` may follow.
        var scoped: Bool
    }

    struct Scope: Codable, Sendable {
        var scope: String
        var description: String
    }

    var items: [Item]
    var scopes: [Scope]

    init() {
        items = Permission.Action.allCases.map {
            Item(permission: $0.rawValue, description: $0.description, scoped: $0.isScoped)
        }
        scopes = Permission.Scope.allCases.map { Scope(scope: $0.rawValue, description: $0.description) }
    }
}

extension Permission.Action {
    /// What it lets somebody do.
    fileprivate var description: String {
        switch self {
        case .conversationsRead: "See conversations, what is said in them and what happens to them."
        case .conversationsWrite: "Start conversations; change status, priority, labels, subject and who answers."
        case .messagesWrite: "Send messages and notes, and edit and delete one's own for a while."
        case .messagesManage: "Edit and delete what others sent, at any time."
        case .contactsRead: "See contacts."
        case .contactsWrite: "Add, change and merge contacts."
        case .contactsDelete: "Delete contacts with their personal data."
        case .sessionsRead: "See the live visits of contacts."
        case .sessionsWrite: "Change and close the live visits of contacts."
        case .knowledgeRead: "See the articles that the assistant answers from, and search them."
        case .knowledgeWrite: "Add, change, publish and delete articles."
        case .usersRead: "See users and where they are signed in."
        case .usersWrite:
            "Add, change, suspend and delete users, set their passwords and end their sign-ins, as far as their rights go in "
                + "nothing beyond one's own; invite users."
        case .rolesRead: "See roles and permissions."
        case .rolesWrite: "Add, change and delete roles that go in nothing beyond one's own rights."
        case .teamsRead: "See teams and their members."
        case .teamsWrite: "Add, change and delete teams, and so decide whom the scope `team` reaches."
        case .inboxesRead: "See inboxes."
        case .inboxesWrite: "Add, change and delete inboxes, and renew their secrets."
        case .apiKeysRead: "See API keys, without the keys themselves."
        case .apiKeysWrite: "Make and revoke API keys that go in nothing beyond one's own rights."
        case .statisticsRead: "See statistics."
        case .assistantRead: "See how the assistant's answers came about."
        case .assistantUse: "Have the assistant suggest replies and sum conversations up."
        case .assistantWrite: "Try the assistant's providers out."
        case .settingsRead: "See the workspace's settings and the assistant's providers."
        case .settingsWrite: "Change the workspace's settings."
        case .auditRead: "See the audit log."
        case .eventsRead: "Follow all events of the workspace."
        case .noticesWrite: "Send notices to everybody who is connected."
        }
    }
}

extension Permission.Scope {
    /// Which conversations it reaches: see ``Reach``.
    fileprivate var description: String {
        switch self {
        case .own: "Conversations that the user answers."
        case .team:
            "These, those of the user's teams and of colleagues in these teams, and those that wait in the common queue."
        case .all: "Every conversation, those of the assistant included. It is the same as no scope."
        }
    }
}

extension Validation {
    /// Permissions that one role or key may name: more than there are with all their scopes.
    static let maximumPermissions = 200

    /// Permissions as roles hold them.
    mutating func permissions(_ texts: [String]?, field: String) {
        note(.items(maximum: Self.maximumPermissions), of: field)
        note(.words(Permission.allTexts), of: field + "[]")
        guard let texts else { return }
        guard texts.count <= Self.maximumPermissions else {
            return reject(field, code: "too_many", message: "must have at most \(Self.maximumPermissions) items")
        }
        for (index, text) in texts.enumerated() where Permission(text) == nil {
            reject(
                "\(field)[\(index)]", code: "unknown_permission",
                message: "must be a permission, see /api/v1/admin/permissions")
        }
    }
}

extension Permission {
    /// Every form in which one can be written.
    fileprivate static let allTexts = Action.allCases.flatMap { action in
        [action.rawValue] + (action.isScoped ? Scope.allCases.map { "\(action.rawValue):\($0.rawValue)" } : [])
    }
}
