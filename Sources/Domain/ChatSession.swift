/// One live visit of a contact, tied to one conversation.
public struct ChatSession: Sendable, Equatable {
    public enum Status: String, Sendable, Codable, CaseIterable {
        case active, idle, expired, closed

        /// Expired and closed sessions never come back.
        public var isOver: Bool { self == .expired || self == .closed }
    }

    /// How long a session lasts.
    public struct Lifetime: Sendable, Equatable {
        /// Without activity for so long, a session is idle. `SESSION_IDLE_SECONDS`.
        public var idleSeconds: Int64
        /// Without activity for so long, a session is expired. `SESSION_TTL_SECONDS`.
        public var expirySeconds: Int64

        public init(idleSeconds: Int64 = 300, expirySeconds: Int64 = 86_400) {
            self.idleSeconds = idleSeconds
            self.expirySeconds = expirySeconds
        }
    }

    public var id: Identifier<ChatSession>
    public var workspaceId: Identifier<Workspace>
    public var inboxId: Identifier<Inbox>
    public var contactId: Identifier<Contact>
    public var conversationId: Identifier<Conversation>
    public var status: Status
    public var locale: String?
    public var metadata: JSONValue
    public var createdAt: Timestamp
    public var lastActiveAt: Timestamp
    /// Last activity plus the lifetime's expiry.
    public var expiresAt: Timestamp

    public init(
        id: Identifier<ChatSession>, workspaceId: Identifier<Workspace>, inboxId: Identifier<Inbox>,
        contactId: Identifier<Contact>, conversationId: Identifier<Conversation>, status: Status, locale: String?,
        metadata: JSONValue, createdAt: Timestamp, lastActiveAt: Timestamp, expiresAt: Timestamp
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.inboxId = inboxId
        self.contactId = contactId
        self.conversationId = conversationId
        self.status = status
        self.locale = locale
        self.metadata = metadata
        self.createdAt = createdAt
        self.lastActiveAt = lastActiveAt
        self.expiresAt = expiresAt
    }

    /// Other activity than a message is written at most this often: it would otherwise cost a commit per key press.
    public static let activityGranularitySeconds: Int64 = 30

    /// How long after its end an expired session's token may still open a new session for the same contact.
    public static let returnDays: Int64 = 90

    /// The status at `now`, whether or not a sweep has written it yet.
    public func status(at now: Timestamp, lifetime: Lifetime) -> Status {
        if status.isOver { return status }
        if now >= expiresAt { return .expired }
        return now >= lastActiveAt.adding(seconds: lifetime.idleSeconds) ? .idle : .active
    }

    /// Takes note of activity: an idle session becomes active and the end moves.
    /// - Throws: ``Refusal/sessionOver`` when the session has expired or was closed.
    public mutating func touch(at now: Timestamp, lifetime: Lifetime) throws(Refusal) {
        guard !status(at: now, lifetime: lifetime).isOver else { throw .sessionOver }
        status = .active
        // A clock that jumped back must not shorten the session.
        lastActiveAt = max(lastActiveAt, now)
        expiresAt = lastActiveAt.adding(seconds: lifetime.expirySeconds)
    }
}
