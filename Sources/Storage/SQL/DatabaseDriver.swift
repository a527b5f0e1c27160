/// A database that the store runs on. SQLite is one; a server database is another.
public protocol DatabaseDriver: Sendable {
    /// Short name for health and logs, such as `sqlite`.
    var kind: String { get }

    /// Whether other processes may use the database at the same time.
    var isShared: Bool { get }

    /// Brings the schema up to this build's version.
    /// - Throws: ``StorageFailure/newerSchema(found:known:)`` when the database was written by a newer build.
    @discardableResult
    func migrate() async throws -> SchemaMigration

    /// Reads in one snapshot. Reads run beside each other and beside the writer.
    /// - Throws: ``StorageFailure``, or what `body` throws.
    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> Value) async throws -> Value

    /// Reads in one snapshot on the caller's own thread, without waiting for anybody: for reads of a few rows by their keys,
    /// where the database is part of the process.
    /// - Returns: nil when it cannot be done so, and ``read(_:)`` is to be used.
    /// - Throws: ``StorageFailure``, or what `body` throws.
    func readInPlace<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value?

    /// Runs `batch` in one transaction and commits it durably.
    ///
    /// It runs outside the caller's task: a caller that is cancelled must not undo an accepted command.
    /// - Parameter completion: called once, on the writer's own thread, after the commit is on disk or has failed. After a
    ///   failure nothing of the batch may be acknowledged.
    func write(
        _ batch: @escaping @Sendable (any SQLConnection) throws -> Void,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void)

    /// Waits for what runs and closes every connection.
    func close() async
}

extension DatabaseDriver {
    /// A database elsewhere is always waited for.
    public func readInPlace<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value? { nil }
}

/// What a database could not do. Clients see `unavailable` for all of them; the log says which.
public enum StorageFailure: Error, Sendable, Equatable {
    /// No answer, a lost connection, an I/O error, too much work queued.
    case unavailable(String)
    /// The disk is full.
    case full
    /// A unique or foreign key forbids the row.
    case constraint(String)
    /// The schema is of a newer build.
    case newerSchema(found: Int, known: Int)
    /// The server is there and will not have us: wrong password, missing rights, too old, or another kind of server.
    case misconfigured(String)
    /// The statement itself is wrong, or the file is damaged.
    case broken(String)

    /// Whether the command that met it failed alone, while the transaction around it goes on.
    public var isOfOneCommand: Bool {
        switch self {
        case .constraint, .broken: true
        case .unavailable, .full, .newerSchema, .misconfigured: false
        }
    }
}

/// What bringing the schema up to date did.
public struct SchemaMigration: Sendable, Equatable {
    /// Version of the schema now.
    public var version: Int
    /// Names of the migrations that ran, in order.
    public var applied: [String]

    public init(version: Int, applied: [String]) {
        self.version = version
        self.applied = applied
    }
}

extension DatabaseDriver {
    /// The highest row key in use, above which new keys start however the clock stands.
    public func highestIdentifier() async throws -> Int64 {
        try await read { connection in
            var highest: Int64 = 0
            for table in [
                "workspaces", "inboxes", "users", "logins", "contacts", "conversations", "messages", "chat_sessions",
                "reply_jobs", "articles", "roles", "teams", "api_keys", "invitations", "attachments", "audit_log",
                "ai_prices",
            ] {
                highest = max(highest, try connection.integer("SELECT max(id) FROM \(table)") ?? 0)
            }
            return highest
        }
    }
}
