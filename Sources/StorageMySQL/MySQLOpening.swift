import Logging
import Storage
import Synchronization

/// Opens connections and sets them up for what they are for.
struct MySQLOpening: Sendable {
    /// What a connection is for.
    enum Role {
        /// Snapshots: repeatable, and never a write.
        case reader
        /// Commands. Each statement sees what is committed, so that what is read behind a lock is current.
        case writer
        /// A look at the server, or a nudge to another connection.
        case upkeep
        /// Changes of the schema, which may copy whole tables.
        case migration
    }

    /// How long a transaction waits for another's lock, in seconds. Below the writer's own patience with the server.
    static let lockWaitSeconds = 3
    /// Seconds that the server keeps a connection that says nothing. A node that vanished without a word must not hold
    /// connections for the eight hours that a server would give it.
    static let silenceSeconds = 600
    /// Modes that make the server refuse what it would otherwise bend to fit, and `||` join texts as it does on SQLite.
    static let modes = [
        "STRICT_ALL_TABLES", "NO_ZERO_IN_DATE", "NO_ZERO_DATE", "ERROR_FOR_DIVISION_BY_ZERO", "NO_ENGINE_SUBSTITUTION",
        "ONLY_FULL_GROUP_BY", "PIPES_AS_CONCAT",
    ]

    let address: MySQLAddress
    var ages = ConnectionAges()
    let outage = Outage()

    /// - Parameter database: false for the server alone.
    /// - Throws: ``MySQLError``, or ``StorageFailure`` while the server is known not to answer.
    func open(_ role: Role, database: Bool = true) throws -> MySQLConnection {
        try outage.check()
        do {
            let handle = try MySQLHandle(
                address, database: database ? address.database : nil, timeouts: role.timeouts)
            for statement in role.setup(onMariaDB: handle.isMariaDB) { try handle.control(statement) }
            let packet = try handle.prepare("SELECT @@max_allowed_packet")
            try packet.execute([])
            let bytes = try packet.step() ? packet.integer(at: 0) : nil
            packet.finish()
            return MySQLConnection(handle, maximumPacketBytes: Int(clamping: bytes ?? 1 << 20))
        } catch let error as MySQLError {
            if error.isTimeout { outage.note() }
            throw error
        }
    }
}

/// How old connections get.
struct ConnectionAges: Sendable {
    /// One that was idle for so long is asked whether it is still there before it is used.
    var idleBeforePing = Duration.seconds(30)
    /// A reading one is closed after this: the server frees what it has gathered, and behind a balancer a new one finds the
    /// servers that were added.
    var maximumLifetime = Duration.seconds(30 * 60)
}

extension MySQLOpening.Role {
    /// Seconds that a read may take. Above the server's own limit, which ends the work there, too.
    private static let readSeconds: UInt32 = 5

    fileprivate var timeouts: MySQLHandle.Timeouts {
        switch self {
        case .reader, .upkeep: .init(read: Self.readSeconds)
        case .writer: .init(read: UInt32(MySQLOpening.lockWaitSeconds) + 2)
        case .migration: .init(read: 600)
        }
    }

    fileprivate func setup(onMariaDB isMariaDB: Bool) -> [String] {
        var variables = [
            "sql_mode = '\(MySQLOpening.modes.joined(separator: ","))'", "time_zone = '+00:00'",
            "innodb_lock_wait_timeout = \(MySQLOpening.lockWaitSeconds)",
            "wait_timeout = \(MySQLOpening.silenceSeconds)",
        ]
        switch self {
        case .reader:
            // Each server has its own word for it, in seconds and in milliseconds.
            variables.append(isMariaDB ? "max_statement_time = 4.5" : "max_execution_time = 4500")
            variables += ["autocommit = 0", "lock_wait_timeout = \(MySQLOpening.lockWaitSeconds)"]
        case .writer:
            variables += ["autocommit = 0", "lock_wait_timeout = \(MySQLOpening.lockWaitSeconds)"]
        case .upkeep, .migration: break
        }
        let isolation = self == .reader ? "REPEATABLE READ, READ ONLY" : "READ COMMITTED"
        return [
            "SET SESSION \(variables.joined(separator: ", "))", "SET SESSION TRANSACTION ISOLATION LEVEL \(isolation)",
        ]
    }
}

/// Remembers for a moment that the server did not answer: those who queue for a frozen server are then told at once, and do
/// not each wait in turn.
final class Outage: Sendable {
    /// How long nobody tries again.
    static let pause = Duration.seconds(1)

    private let end = Mutex<ContinuousClock.Instant?>(nil)

    func note() { end.withLock { $0 = .now + Self.pause } }

    /// - Throws: ``StorageFailure/unavailable(_:)`` during the pause.
    func check() throws(StorageFailure) {
        if let end = end.withLock({ $0 }), ContinuousClock.now < end {
            throw StorageFailure.unavailable("the database server does not answer")
        }
    }
}
