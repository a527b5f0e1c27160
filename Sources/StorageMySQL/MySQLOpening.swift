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
    let outage = Outage()

    /// - Parameter database: false for the server alone.
    /// - Throws: ``MySQLError``, or ``StorageFailure`` while the server is known not to answer.
    func open(_ role: Role, database: Bool = true) throws -> MySQLConnection {
        try outage.check()
        do {
            let handle = try MySQLHandle(
                address, database: database ? address.database : nil, timeouts: role.timeouts)
            for statement in role.setup { try handle.control(statement) }
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

extension MySQLOpening.Role {
    fileprivate var timeouts: MySQLHandle.Timeouts {
        switch self {
        case .reader, .upkeep: .init(read: 5)
        case .writer: .init(read: UInt32(MySQLOpening.lockWaitSeconds) + 2)
        case .migration: .init(read: 600)
        }
    }

    fileprivate var setup: [String] {
        let commits = self == .reader || self == .writer ? 0 : 1
        let session = """
            SET SESSION sql_mode = '\(MySQLOpening.modes.joined(separator: ","))', time_zone = '+00:00', \
            innodb_lock_wait_timeout = \(MySQLOpening.lockWaitSeconds), wait_timeout = \(MySQLOpening.silenceSeconds), \
            autocommit = \(commits)
            """
        return switch self {
        case .reader: [session, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"]
        case .writer, .upkeep, .migration: [session, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"]
        }
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
