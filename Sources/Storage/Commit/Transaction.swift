public import Domain

/// A reader of rows: a snapshot, or a transaction that also writes. Its verbs are in extensions by subject.
///
/// Confined to the closure that it is handed to.
public protocol RowReader {
    var connection: any SQLConnection { get }
    /// The time that the whole read or command goes by.
    var now: Timestamp { get }
    var settings: StoreSettings { get }
}

/// What the verbs need to know of the server's configuration.
public struct StoreSettings: Sendable {
    public var lifetime: ChatSession.Lifetime
    /// Name of this node, under which it holds leases.
    public var nodeId: String
    /// How long a reply job is this node's before another may take it. Contract: within 16 s another takes over.
    public var leaseSeconds: Int64
    /// Whether this node makes replies. If not, those that it owes are free for whichever node does.
    public var makesReplies: Bool
    /// Seals what must not stand in rows as it is.
    public var secrets: SecretBox
    var searchBounds = SearchBounds()

    public init(
        lifetime: ChatSession.Lifetime = .init(), nodeId: String = "node", leaseSeconds: Int64 = 12,
        makesReplies: Bool = true, secrets: SecretBox = .ephemeral()
    ) {
        self.lifetime = lifetime
        self.nodeId = nodeId
        self.leaseSeconds = leaseSeconds
        self.makesReplies = makesReplies
        self.secrets = secrets
    }
}

/// A read of one snapshot.
public struct Snapshot: RowReader {
    public let connection: any SQLConnection
    public let now: Timestamp
    public let settings: StoreSettings
}

/// A command's work: rows and events in one transaction.
public final class Transaction: RowReader {
    public let connection: any SQLConnection
    public let now: Timestamp
    public let settings: StoreSettings
    let identifiers: IdentifierGenerator
    private let locks: ConversationLocks
    /// What becomes public with the commit.
    var committed = CommittedBatch()

    init(
        connection: any SQLConnection, locks: ConversationLocks, now: Timestamp, settings: StoreSettings,
        identifiers: IdentifierGenerator
    ) {
        self.locks = locks
        self.connection = connection
        self.now = now
        self.settings = settings
        self.identifiers = identifiers
    }

    /// Keeps other processes from writing to a conversation until the commit.
    func lock(_ conversation: Identifier<Conversation>) throws { try locks.lock(conversation, on: connection) }

    /// Keeps other processes from changing a contact before the commit: for those that read it first.
    public func lock(_ contact: Identifier<Contact>) throws { try lockRow(contact.rawValue, of: "contacts") }

    /// The same for a session.
    public func lock(_ session: Identifier<ChatSession>) throws { try lockRow(session.rawValue, of: "chat_sessions") }

    /// The same for an article.
    public func lock(_ article: Identifier<Article>) throws { try lockRow(article.rawValue, of: "articles") }

    /// Keeps other processes from changing a row between its reading and its writing.
    func lockRow(_ id: Int64, of table: StaticString) throws {
        guard !connection.lockingClause.isEmpty else { return }
        _ = try connection.integer("SELECT id FROM \(table) WHERE id = ? \(connection.lockingClause)", [.integer(id)])
    }
}
