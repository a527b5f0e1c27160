/// Who asks, and in which workspace: the only key to a tenant's rows. Every repository call takes one.
public struct Access: Sendable, Equatable {
    public enum Principal: Sendable, Equatable {
        case staff(StaffPrincipal)
        case contact(ContactPrincipal)
        /// The server itself: the assistant and the sweeps.
        case server
    }

    /// A signed-in member of the company's team.
    public struct StaffPrincipal: Sendable, Equatable {
        public var userId: Identifier<User>
        public var name: String
        public var role: Role
        public var loginId: Identifier<Login>
        /// Version of the user's rights that ``role`` is from.
        public var accessVersion: Int64

        public init(
            userId: Identifier<User>, name: String, role: Role, loginId: Identifier<Login>, accessVersion: Int64 = 1
        ) {
            self.userId = userId
            self.name = name
            self.role = role
            self.loginId = loginId
            self.accessVersion = accessVersion
        }
    }

    /// A customer in one live visit.
    public struct ContactPrincipal: Sendable, Equatable {
        public var contactId: Identifier<Contact>
        public var sessionId: Identifier<ChatSession>
        /// The conversation of the session.
        public var conversationId: Identifier<Conversation>

        public init(
            contactId: Identifier<Contact>, sessionId: Identifier<ChatSession>,
            conversationId: Identifier<Conversation>
        ) {
            self.contactId = contactId
            self.sessionId = sessionId
            self.conversationId = conversationId
        }
    }

    public var workspaceId: Identifier<Workspace>
    public var principal: Principal

    public init(workspaceId: Identifier<Workspace>, principal: Principal) {
        self.workspaceId = workspaceId
        self.principal = principal
    }

    public static func server(of workspaceId: Identifier<Workspace>) -> Access {
        Access(workspaceId: workspaceId, principal: .server)
    }

    /// How events and messages name this principal.
    public var actor: Actor {
        switch principal {
        case .staff(let staff): Actor(kind: .agent, id: staff.userId.rawValue, name: staff.name)
        case .contact(let contact): Actor(kind: .contact, id: contact.contactId.rawValue, name: nil)
        case .server: Actor.system
        }
    }

    /// Which form of an event this principal gets to see.
    public var viewer: Viewer {
        switch principal {
        case .staff, .server: .staff
        case .contact: .contact
        }
    }

    /// The contact behind this access, or nil for staff and server.
    public var contact: ContactPrincipal? {
        if case .contact(let contact) = principal { contact } else { nil }
    }

    /// The member of staff behind this access, or nil.
    public var staff: StaffPrincipal? {
        if case .staff(let staff) = principal { staff } else { nil }
    }

    /// Whether this principal may do `action`. A contact never holds permissions: what it may do to its own
    /// conversation is checked by row.
    public func allows(_ action: Permission.Action) -> Bool {
        switch principal {
        case .staff(let staff): staff.role.scope(of: action) != nil
        case .contact: false
        case .server: true
        }
    }

    /// - Throws: ``Refusal/forbidden`` when `action` is not allowed.
    public func require(_ action: Permission.Action) throws(Refusal) {
        guard allows(action) else { throw .forbidden }
    }
}

/// Somebody who did something, as events and messages name them.
public struct Actor: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case contact, agent, ai, system
    }

    public var kind: Kind
    /// Key of the contact or user; nil for the assistant and the system.
    public var id: Int64?
    public var name: String?

    public init(kind: Kind, id: Int64?, name: String?) {
        self.kind = kind
        self.id = id
        self.name = name
    }

    public static let system = Actor(kind: .system, id: nil, name: nil)
    public static let assistant = Actor(kind: .ai, id: nil, name: nil)
}
