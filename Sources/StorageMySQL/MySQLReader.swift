import Logging
import Storage

/// One connection that reads, in snapshots.
actor MySQLReader {
    nonisolated let executor: ConnectionExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let opening: MySQLOpening
    private let logger: Logger
    private var connection: MySQLConnection?
    private var openedAt = ContinuousClock.now
    private var usedAt = ContinuousClock.now

    init(number: Int, _ opening: MySQLOpening, logger: Logger) {
        executor = ConnectionExecutor(label: "chat-api.mysql.reader-\(number)")
        self.opening = opening
        self.logger = logger
    }

    /// Reads in one snapshot and hands the outcome to `completion`; ends the snapshot only then, so that the caller does not
    /// wait for it, and calls `finished` when the next may read.
    nonisolated func submit<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void, finished: @escaping @Sendable () -> Void
    ) {
        executor.submit { [self] in
            assumeIsolated { reader in
                completion(Result { try reader.read(body) })
                reader.endSnapshot()
                finished()
            }
        }
    }

    /// Reads; once more on a fresh connection when this one turns out to be gone.
    private func read<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value {
        var isFirst = true
        while true {
            let connection = try connected()
            do {
                let value = try body(connection)
                if let fault = connection.fault { throw StorageFailure.unavailable("\(fault)") }
                return value
            } catch {
                // A server that did not answer in time is not asked again: the caller has waited enough.
                guard connection.fault == .lost, isFirst else { throw error }
                isFirst = false
                drop()
            }
        }
    }

    private func connected() throws -> MySQLConnection {
        if let connection {
            let now = ContinuousClock.now
            if now - openedAt > opening.ages.maximumLifetime {
                drop()
            } else if now - usedAt < opening.ages.idleBeforePing {
                return connection
            } else {
                do {
                    try connection.ping()
                    return connection
                } catch {
                    logger.debug("a reading connection was gone", metadata: ["error": "\(error)"])
                    drop()
                }
            }
        }
        do {
            let opened = try opening.open(.reader)
            connection = opened
            openedAt = .now
            return opened
        } catch let error as MySQLError {
            throw error.failure
        }
    }

    private func endSnapshot() {
        guard let connection else { return }
        usedAt = .now
        if connection.fault == nil {
            do {
                return try connection.commit()
            } catch {
                logger.debug("a reading connection was gone", metadata: ["error": "\(error)"])
            }
        }
        drop()
    }

    private func drop() {
        connection?.close()
        connection = nil
    }

    func close() { drop() }
}
