/// Who asks, and in which workspace: the only key to a tenant's rows. Every repository call takes one.
public struct Access: Sendable, Equatable {
    public enum Principal: Sendable, Equatable {
        case staff(StaffPrincipal)
        case contact(ContactPrincipal)
        /// The server itself: the assistant and the sweeps.
        case server
    }

    /// Somebody with an account: staff, or a registered customer.
    public struct StaffPrincipal: Sendable, Equatable {
        public var userId: Identifier<User>
        public var name: String
        public var role: Role
        /// What the caller may do: the role's, or less by an API key.
        public var grants: Grants
        public var credential: Credential
        /// Version of the user's rights that ``role`` is from.
        public var accessVersion: Int64
        /// Who the user works with, for permissions that reach some conversations only.
        public var reach: Reach

        /// The sign-in, or nil for an API key.
        public var loginId: Identifier<Login>? {
            if case .login(let id) = credential { id } else { nil }
        }

        /// - Parameter limit: what the credential allows at most; nil for all that the role does.
        public init(
            userId: Identifier<User>, name: String, role: Role, credential: Credential, limit: Grants? = nil,
            accessVersion: Int64 = 1, reach: Reach = .alone
        ) {
            self.userId = userId
            self.name = name
            self.role = role
            self.grants = limit.map(role.grants.limited) ?? role.grants
            self.credential = credential
            self.accessVersion = accessVersion
            self.reach = reach
        }
    }

    /// By what somebody with an account is known.
    public enum Credential: Sendable, Hashable {
        case login(Identifier<Login>)
        /// It acts for the user who made it, and never does more than that user may.
        case apiKey(Identifier<APIKey>)
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
    /// Network address that the request came from, for the audit log; nil where there is none.
    public var address: String?

    public init(workspaceId: Identifier<Workspace>, principal: Principal, address: String? = nil) {
        self.workspaceId = workspaceId
        self.principal = principal
        self.address = address
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

    /// Whether this principal may do `action` to some rows at least. A contact never holds permissions: what it may do to
    /// its own conversation is checked by row.
    public func allows(_ action: Permission.Action) -> Bool { scope(of: action) != nil }

    /// How far this principal may do `action`, or nil when it may not at all.
    public func scope(of action: Permission.Action) -> Permission.Scope? {
        switch principal {
        case .staff(let staff): staff.grants.scope(of: action)
        case .contact: nil
        case .server: .all
        }
    }

    /// Whether this principal may do `action` to a conversation that `owner` answers. Contacts are not asked here.
    public func allows(_ action: Permission.Action, on owner: Owner) -> Bool {
        guard let scope = scope(of: action) else { return false }
        return staff?.reach.covers(owner, of: staff?.userId ?? Identifier(0), within: scope) ?? true
    }

    /// The sign-in of somebody who has signed in: an API key does not do for what belongs to the person.
    /// - Throws: ``Refusal/forbidden``.
    public func requireLogin() throws(Refusal) -> Identifier<Login> {
        guard let login = staff?.loginId else { throw .forbidden }
        return login
    }

    /// - Throws: ``Refusal/forbidden`` when `action` is not allowed.
    public func require(_ action: Permission.Action) throws(Refusal) {
        guard allows(action) else { throw .forbidden }
    }

    /// - Throws: ``Refusal/forbidden`` when `action` is not allowed on a conversation that `owner` answers.
    public func require(_ action: Permission.Action, on owner: Owner) throws(Refusal) {
        guard allows(action, on: owner) else { throw .forbidden }
    }
}

/// Somebody who did something, as events and messages name them.
public struct Actor: Sendable, Hashable, Codable {
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
