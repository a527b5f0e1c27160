public import Domain

/// A sign-in of a user.
public struct LoginView: Codable, Sendable, Equatable {
    public var id: String
    public var createdAt: Timestamp
    /// When its refresh token was last exchanged.
    public var lastUsedAt: Timestamp
    public var expiresAt: Timestamp
    /// Network address that it was made from.
    @Nullable public var address: String?
    @Nullable public var userAgent: String?
    /// Whether the request itself was made with it.
    public var current: Bool
}

/// `role`
public struct RoleView: Codable, Sendable, Equatable {
    /// Of a built-in role its name.
    public var id: String
    public var name: String
    public var permissions: [String]
    public var builtIn: Bool
    /// How many have it.
    public var users: Int64
    /// Null for a built-in one.
    @Nullable public var updatedAt: Timestamp?
}

/// `team`
public struct TeamView: Codable, Sendable, Equatable {
    public var id: String
    public var name: String
    /// Ids of users.
    public var members: [String]
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
}

/// One line of the audit log.
public struct AuditEntryView: Codable, Sendable, Equatable {
    public struct Actor: Codable, Sendable, Equatable {
        public var kind: Domain.Actor.Kind
        @Nullable public var id: String?
        @Nullable public var name: String?
    }

    public struct Target: Codable, Sendable, Equatable {
        public var kind: AuditEntry.Target.Kind
        public var id: String
    }

    public var id: String
    public var at: Timestamp
    public var actor: Actor
    /// Network address that it was done from; null for the command line.
    @Nullable public var address: String?
    public var action: AuditEntry.Action
    @Nullable public var target: Target?
    /// The changed fields as they were; null for what is new.
    public var before: JSONValue
    /// The changed fields as they are; null for what is gone.
    public var after: JSONValue
}

extension ViewMaker {
    /// - Parameter current: the sign-in that asks.
    public func login(_ login: Login, current: Identifier<Login>?) -> LoginView {
        LoginView(
            id: identifiers.text(login.id), createdAt: login.createdAt, lastUsedAt: login.lastUsedAt,
            expiresAt: login.expiresAt, address: login.address, userAgent: login.userAgent,
            current: login.id == current)
    }

    /// - Parameter users: how many have the role.
    public func role(_ role: Role, users: Int64) -> RoleView {
        RoleView(
            id: role.id.map { identifiers.text($0) } ?? role.name, name: role.name,
            permissions: role.permissions.map(\.text), builtIn: role.isBuiltIn, users: users, updatedAt: role.updatedAt)
    }

    public func team(_ team: Team) -> TeamView {
        TeamView(
            id: identifiers.text(team.id), name: team.name, members: team.members.map { identifiers.text($0) },
            createdAt: team.createdAt, updatedAt: team.updatedAt)
    }

    public func auditEntry(_ entry: AuditEntry) -> AuditEntryView {
        AuditEntryView(
            id: identifiers.text(entry.id), at: entry.at,
            actor: .init(
                kind: entry.actor.kind, id: actorId(entry.actor, for: .staff), name: entry.actor.name),
            address: entry.address, action: entry.action,
            target: entry.target.map { .init(kind: $0.kind, id: targetId($0)) }, before: entry.before,
            after: entry.after)
    }

    private func targetId(_ target: AuditEntry.Target) -> String {
        switch target {
        case .user(let id): identifiers.text(id)
        case .login(let id): identifiers.text(id)
        case .invitation(let id): identifiers.text(id)
        case .role(let id): identifiers.text(id)
        case .team(let id): identifiers.text(id)
        case .apiKey(let id): identifiers.text(id)
        case .inbox(let id): identifiers.text(id)
        case .contact(let id): identifiers.text(id)
        case .article(let id): identifiers.text(id)
        case .price(let id): identifiers.text(id)
        case .workspace(let id): identifiers.text(id)
        }
    }
}

extension PublicIdentifiers {
    /// What an audit line's target is called by clients, whatever its kind; nil for no identifier of this installation.
    public func auditTarget(_ text: String) -> AuditEntry.Target? {
        if let id = identifier(text, of: User.self) { return .user(id) }
        if let id = identifier(text, of: Login.self) { return .login(id) }
        if let id = identifier(text, of: Invitation.self) { return .invitation(id) }
        if let id = identifier(text, of: Role.self) { return .role(id) }
        if let id = identifier(text, of: Team.self) { return .team(id) }
        if let id = identifier(text, of: APIKey.self) { return .apiKey(id) }
        if let id = identifier(text, of: Inbox.self) { return .inbox(id) }
        if let id = identifier(text, of: Contact.self) { return .contact(id) }
        if let id = identifier(text, of: Article.self) { return .article(id) }
        if let id = identifier(text, of: Workspace.self) { return .workspace(id) }
        return nil
    }
}
