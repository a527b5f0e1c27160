/// One line of the audit log: who did what to what, from where. Lines are added and never changed.
public struct AuditEntry: Sendable, Equatable {
    /// What is written down: every change of administration, and every sign-in.
    public enum Action: String, Sendable, Codable, CaseIterable {
        case loginSucceeded = "login.succeeded"
        case loginFailed = "login.failed"
        case loginLockedOut = "login.locked_out"
        case loginEnded = "login.ended"
        /// A used refresh token came back.
        case refreshTokenReused = "refresh_token.reused"
        case userRegistered = "user.registered"
        case userCreated = "user.created"
        case userUpdated = "user.updated"
        case userDeleted = "user.deleted"
        case passwordChanged = "password.changed"
        case invitationCreated = "invitation.created"
        case invitationDeleted = "invitation.deleted"
        case roleCreated = "role.created"
        case roleUpdated = "role.updated"
        case roleDeleted = "role.deleted"
        case teamCreated = "team.created"
        case teamUpdated = "team.updated"
        case teamDeleted = "team.deleted"
        case apiKeyCreated = "api_key.created"
        case apiKeyUpdated = "api_key.updated"
        case apiKeyDeleted = "api_key.deleted"
        case inboxCreated = "inbox.created"
        case inboxUpdated = "inbox.updated"
        case inboxDeleted = "inbox.deleted"
        case inboxSecretRotated = "inbox.secret_rotated"
        case settingsUpdated = "settings.updated"
        case noticeSent = "notice.sent"
        case contactDeleted = "contact.deleted"
        case contactsMerged = "contact.merged"
        case articleCreated = "article.created"
        case articleUpdated = "article.updated"
        case articleDeleted = "article.deleted"
        case priceCreated = "ai_price.created"
        case priceDeleted = "ai_price.deleted"
        case statisticsRebuilt = "stats.rebuilt"
    }

    /// What it was done to.
    public enum Target: Sendable, Equatable {
        case user(Identifier<User>)
        case login(Identifier<Login>)
        case invitation(Identifier<Invitation>)
        case role(Identifier<Role>)
        case team(Identifier<Team>)
        case apiKey(Identifier<APIKey>)
        case inbox(Identifier<Inbox>)
        case contact(Identifier<Contact>)
        case article(Identifier<Article>)
        case price(Identifier<AssistantPrice>)
        case workspace(Identifier<Workspace>)

        public enum Kind: String, Sendable, Codable, CaseIterable {
            case user, login, invitation, role, team
            case apiKey = "api_key"
            case inbox, contact, article
            case price = "ai_price"
            case workspace
        }

        public var kind: Kind {
            switch self {
            case .user: .user
            case .login: .login
            case .invitation: .invitation
            case .role: .role
            case .team: .team
            case .apiKey: .apiKey
            case .inbox: .inbox
            case .contact: .contact
            case .article: .article
            case .price: .price
            case .workspace: .workspace
            }
        }
    }

    public var id: Identifier<AuditEntry>
    public var workspaceId: Identifier<Workspace>
    public var at: Timestamp
    /// `system` for the command line and for whoever is not known, such as a failed sign-in.
    public var actor: Actor
    public var address: String?
    public var action: Action
    public var target: Target?
    /// The changed fields as they were; null for what is new. Never a secret.
    public var before: JSONValue
    /// The changed fields as they are; null for what is gone. Never a secret.
    public var after: JSONValue

    public init(
        id: Identifier<AuditEntry>, workspaceId: Identifier<Workspace>, at: Timestamp, actor: Actor, address: String?,
        action: Action, target: Target?, before: JSONValue, after: JSONValue
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.at = at
        self.actor = actor
        self.address = address
        self.action = action
        self.target = target
        self.before = before
        self.after = after
    }
}
