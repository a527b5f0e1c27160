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

    public init(lifetime: ChatSession.Lifetime = .init(), nodeId: String = "node", leaseSeconds: Int64 = 12) {
        self.lifetime = lifetime
        self.nodeId = nodeId
        self.leaseSeconds = leaseSeconds
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
    /// What becomes public with the commit.
    var committed = CommittedBatch()

    init(
        connection: any SQLConnection, now: Timestamp, settings: StoreSettings, identifiers: IdentifierGenerator
    ) {
        self.connection = connection
        self.now = now
        self.settings = settings
        self.identifiers = identifiers
    }
}
