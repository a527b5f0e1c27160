public import Logging
public import Storage

/// MySQL 8.0 or MariaDB 10.6 and newer. Several nodes may use one database.
///
/// One connection writes, up to eight read in snapshots, each on a thread of its own. Connections are made when they are
/// needed, so making a driver needs no server; ``migrate()`` is where a wrong address shows. A server that goes away and
/// comes back is found again by the next command or read.
///
/// ```swift
/// let driver = MySQLDriver(address, logger: logger)
/// try await driver.migrate()
/// try await driver.takeNodeNumber(node.number)
/// ```
public final class MySQLDriver: DatabaseDriver {
    public let kind = "mysql"
    public let isShared = true
    private let readers: ReaderPool
    private let writer: MySQLWriter
    private let upkeep: MySQLUpkeep

    public convenience init(_ address: MySQLAddress, logger: Logger) {
        self.init(MySQLOpening(address: address), schema: MySQLSchema(), logger: logger)
    }

    init(_ opening: MySQLOpening, schema: MySQLSchema, logger: Logger) {
        readers = ReaderPool(opening, logger: logger)
        writer = MySQLWriter(opening, logger: logger)
        upkeep = MySQLUpkeep(opening, schema: schema, logger: logger)
    }

    /// Makes the database if there is none, and brings its schema up to date. One node at a time does it, the others wait;
    /// a migration that was interrupted goes on where it was.
    /// - Throws: ``StorageFailure/misconfigured(_:)`` when no trying again will help: another kind of server, a wrong user
    ///   or password, missing rights, a version that is too old, tables of another program;
    ///   ``StorageFailure/newerSchema(found:known:)``; ``StorageFailure/unavailable(_:)`` when the server is out of reach.
    @discardableResult
    public func migrate() async throws -> SchemaMigration { try await upkeep.migrate() }

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let reader = try await readers.borrow()
        return try await withCheckedThrowingContinuation { continuation in
            reader.submit(body) {
                continuation.resume(with: $0)
            } finished: { [readers] in
                readers.giveBack(reader)
            }
        }
    }

    /// Reads that wait for a connection.
    var waitingReads: Int { readers.waiting }

    /// A batch that meets a deadlock or a lock that another node holds for too long is rolled back and run again, a bounded
    /// number of times; so is one whose connection was gone before its commit.
    public func write(
        _ batch: @escaping @Sendable (any SQLConnection) throws -> Void,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        writer.submit(batch, completion: completion)
    }

    /// Makes this node's writing connection findable under the number, now and whenever it is made anew, for
    /// ``freeLocks(ofNode:)`` of other nodes. A connection that is still there from a former life under this number is ended.
    public func takeNodeNumber(_ number: Int) async throws { try await writer.takeNodeNumber(number) }

    /// Whether a node's writing connection is there, as far as the server knows: a killed process's is gone at once, that of
    /// one which stands still is not.
    public func hasConnection(ofNode number: Int) async throws -> Bool {
        try await upkeep.hasConnection(ofNode: number)
    }

    /// Frees what a node that stands still has locked: ends its writing connection, and waits until the server has rolled it
    /// back. To be called before its work is taken over. If the node wakes up it connects anew.
    /// - Returns: whether the node had a connection.
    /// - Throws: ``StorageFailure``.
    @discardableResult
    public func freeLocks(ofNode number: Int) async throws -> Bool { try await upkeep.freeLocks(ofNode: number) }

    /// Milliseconds since 1970 UTC by the server's clock, which all nodes share.
    /// - Throws: ``StorageFailure``.
    public func databaseTime() async throws -> Int64 {
        try await read { connection in
            var time: Int64?
            try connection.each("SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)", []) { row in
                time = row.optionalInteger(0)
                return false
            }
            guard let time else { throw StorageFailure.broken("the server does not tell its time") }
            return time
        }
    }

    public func close() async {
        await readers.close()
        await writer.close()
    }
}
