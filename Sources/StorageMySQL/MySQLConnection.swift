import Storage

/// One connection with its prepared statements and the transaction that it is in.
///
/// It does not commit by itself (`autocommit=0`): the first statement begins a transaction, which spares a round trip.
/// Once a transaction has met a ``TransactionFault`` every further statement of it fails: after a deadlock the server has
/// rolled back, and what follows would silently be a transaction of its own.
final class MySQLConnection: SQLConnection {
    /// Statements kept prepared. The store has about a hundred; each costs the server some kilobytes, and a server allows
    /// 16 382 over all connections unless told otherwise.
    static let maximumStatements = 128
    /// What a packet needs beside the arguments.
    private static let packetOverhead = 64 * 1024

    private let handle: MySQLHandle
    /// The largest packet that the server takes. It would close the connection over a larger one.
    private let maximumPacketBytes: Int
    private var statements: [String: MySQLStatement] = [:]
    private var uses: UInt64 = 0
    private(set) var fault: TransactionFault?
    /// The last error, with its number.
    private(set) var lastError: MySQLError?
    private(set) var lastInsertedKey: Int64 = 0
    private var savepoint = Savepoint.none

    private enum Savepoint {
        /// Outside of a nested piece of work.
        case none
        /// Inside of one that has written nothing yet.
        case due
        case set
    }

    init(_ handle: MySQLHandle, maximumPacketBytes: Int) {
        self.handle = handle
        self.maximumPacketBytes = maximumPacketBytes
    }

    deinit { close() }

    /// The handle goes first: statements then free their memory without a message to the server each.
    func close() {
        handle.close()
        statements.removeAll()
    }

    var lockingClause: String { "FOR UPDATE" }
    var feedPosition: String { "feed_position" }

    /// Compared columns are binary, where LIKE tells case.
    func searched(_ column: String) -> String { "CONVERT(\(column) USING utf8mb4) COLLATE utf8mb4_unicode_520_ci" }

    func read(by index: String) -> String { "FORCE INDEX (\(index))" }
    var readByKey: String { read(by: "PRIMARY") }
    var orderedJoin: String { "STRAIGHT_JOIN" }
    var insertUnlessThere: String { "INSERT IGNORE INTO" }

    func columns(of table: String) throws -> [String] {
        var names: [String] = []
        try each(
            """
            SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? \
            ORDER BY ordinal_position
            """, [.text(table)]
        ) { row in
            if let name = row.optionalText(0) { names.append(name) }
            return true
        }
        return names
    }

    /// The server's number of this connection.
    var serverId: UInt64 { handle.serverId }

    @discardableResult
    func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        if savepoint == .due {
            // A savepoint of the same name takes the place of the last one, so none is ever released.
            try control("SAVEPOINT command")
            savepoint = .set
        }
        return try withStatement(sql, arguments) { statement in
            statement.finish()
            lastInsertedKey = statement.insertedKey
            return statement.matchedRows
        }
    }

    func each(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Bool) throws {
        try withStatement(sql, arguments) { statement in
            defer { statement.finish() }
            let row = MySQLRow(statement: statement)
            while try statement.step() {
                guard try body(row) else { return }
            }
        }
    }

    /// The savepoint is set right before the first statement that writes: work that is refused earlier costs no round trip.
    func nested<Value>(_ work: () throws -> Value) throws -> Value {
        savepoint = .due
        defer { savepoint = .none }
        do {
            return try work()
        } catch {
            if fault == nil, savepoint == .set { try control("ROLLBACK TO SAVEPOINT command") }
            throw error
        }
    }

    // MARK: - Transaction

    /// Commits.
    /// - Throws: ``StorageFailure``. With a ``fault`` of `lost` or `timedOut` the outcome is not known.
    func commit() throws { try control("COMMIT") }

    /// Ends a transaction without a trace. The connection cannot be used any more when this throws.
    func rollback() throws {
        fault = nil
        savepoint = .none
        try control("ROLLBACK")
    }

    func ping() throws {
        do {
            try handle.ping()
        } catch {
            throw note(error)
        }
    }

    /// Runs a statement without parameters and rows, such as one that changes the schema. Never give it a text that came from
    /// outside.
    func control(_ sql: String) throws {
        try requireSound()
        do {
            try handle.control(sql)
        } catch {
            throw note(error)
        }
    }

    // MARK: - Statements

    private func withStatement<Value>(
        _ sql: String, _ arguments: [SQLValue], _ work: (MySQLStatement) throws -> Value
    ) throws -> Value {
        try requireSound()
        guard arguments.reduce(Self.packetOverhead, { $0 + $1.byteCount }) <= maximumPacketBytes else {
            throw StorageFailure.broken("more than the server's max_allowed_packet of \(maximumPacketBytes) bytes")
        }
        do {
            let statement = try executed(sql, arguments)
            statement.isInUse = true
            defer { statement.isInUse = false }
            return try work(statement)
        } catch let error as MySQLError {
            throw note(error)
        }
    }

    /// Prepares unless it is prepared, and executes. A statement that the server has forgotten is prepared once more.
    private func executed(_ sql: String, _ arguments: [SQLValue]) throws -> MySQLStatement {
        do {
            let statement = try prepared(sql)
            try statement.execute(arguments)
            return statement
        } catch let error as MySQLError {
            guard case .staleStatement = error.kind else { throw error }
            statements[sql] = nil
            let statement = try prepared(sql)
            try statement.execute(arguments)
            return statement
        }
    }

    private func prepared(_ sql: String) throws -> MySQLStatement {
        uses += 1
        if let statement = statements[sql] {
            // The same text inside of a look at its own rows needs rows of its own.
            if statement.isInUse { return try handle.prepare(sql) }
            statement.lastUse = uses
            return statement
        }
        let statement = try handle.prepare(sql)
        statement.lastUse = uses
        if statements.count >= Self.maximumStatements {
            let oldest = statements.filter { !$0.value.isInUse }.min { $0.value.lastUse < $1.value.lastUse }
            if let oldest { statements[oldest.key] = nil }
        }
        statements[sql] = statement
        return statement
    }

    private func requireSound() throws {
        if let fault { throw StorageFailure.unavailable("the transaction has ended: \(fault)") }
    }

    private func note(_ error: MySQLError) -> StorageFailure {
        lastError = error
        if fault == nil { fault = error.fault }
        return error.failure
    }
}
