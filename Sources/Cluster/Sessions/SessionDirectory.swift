public import Domain
public import NIOCore

/// What the nodes know of chat sessions without asking the database: a cache, an index, and who holds sockets.
///
/// The truth is in the database. Everything here may be missing at any time, and what is found may be some seconds old,
/// with one exception: a session that was removed is not found again, on any node that the removal has reached.
public protocol SessionDirectory: Sendable {
    /// Remembers a session, over what was known of it. Without waiting.
    func put(_ session: KnownSession)

    func session(_ id: Identifier<ChatSession>) async -> SessionLookup

    /// The sessions of a contact that are remembered, in no order; there may be more. nil when nothing can be known now.
    func sessions(of contact: Identifier<Contact>) async -> Set<Identifier<ChatSession>>?

    /// Forgets a session that is over, on all nodes, and tells their observers. Without waiting; what cannot be told now is
    /// told when it can.
    func remove(_ id: Identifier<ChatSession>, of contact: Identifier<Contact>)

    /// Calls `observer` with each session that a node removes, this one included, perhaps more than once, on any thread: it
    /// must only hand on.
    func observeRemovals(_ observer: @escaping @Sendable (Identifier<ChatSession>) -> Void)

    /// This node has one socket more of a session.
    func enter(_ id: Identifier<ChatSession>)

    /// This node has one socket less of a session.
    func leave(_ id: Identifier<ChatSession>)

    /// The nodes that hold sockets of a session. One that died is named for some seconds more. nil when it cannot be known.
    func nodes(holding id: Identifier<ChatSession>) async -> Set<String>?

    /// This node holds no sockets any more.
    func close() async
}

/// What is remembered of a session.
public struct KnownSession: Sendable, Equatable {
    public var id: Identifier<ChatSession>
    public var contactId: Identifier<Contact>
    public var conversationId: Identifier<Conversation>
    public var workspaceId: Identifier<Workspace>
    /// Of the caller's making. A session with more than ``maximumStateBytes`` is not remembered.
    public var state: ByteBuffer
    public var expiresAt: Timestamp

    public static let maximumStateBytes = 64 * 1024

    public init(
        id: Identifier<ChatSession>, contactId: Identifier<Contact>, conversationId: Identifier<Conversation>,
        workspaceId: Identifier<Workspace>, state: ByteBuffer, expiresAt: Timestamp
    ) {
        self.id = id
        self.contactId = contactId
        self.conversationId = conversationId
        self.workspaceId = workspaceId
        self.state = state
        self.expiresAt = expiresAt
    }
}

/// What a look into the directory finds.
public enum SessionLookup: Sendable, Equatable {
    case found(KnownSession)
    /// It was removed: it is over.
    case removed
    /// Not remembered, or the directory cannot be asked now: the database knows.
    case unknown
}

/// How long the directory remembers.
enum SessionMemory {
    /// Milliseconds that a session is remembered after it was put.
    static let session: Int64 = 5 * 60 * 1000
    /// Milliseconds that a removal is remembered: longer than a session, so that one that was put late, by a node that did not
    /// know yet, cannot outlive its removal.
    static let removal: Int64 = 15 * 60 * 1000
    /// Milliseconds after which a node that says nothing holds no sockets.
    static let holding: Int64 = 15 * 1000
}
