import Logging
import Storage

/// The one connection that writes.
actor MySQLWriter {
    /// Runs of one batch. A batch that loses every deadlock so often has worse to worry about.
    static let maximumRuns = 8
    /// A run that another transaction stood in the way of is tried again only this long after the first: senders must hear
    /// of it in bounded time.
    static let retryWindow = Duration.seconds(5)

    nonisolated let executor = ConnectionExecutor(label: "chat-api.mysql.writer")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let opening: MySQLOpening
    private let logger: Logger
    private var connection: MySQLConnection?
    private var usedAt = ContinuousClock.now
    private var nodeLock: NodeLock?
    private var isClosed = false

    init(_ opening: MySQLOpening, logger: Logger) {
        self.opening = opening
        self.logger = logger
    }

    /// Commits a batch behind those that were submitted before. `completion` is called on the writer's thread.
    nonisolated func submit(
        _ batch: @escaping @Sendable (any SQLConnection) throws -> Void,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        executor.submit { [self] in
            assumeIsolated { writer in completion(Result { try writer.commit(batch) }) }
        }
    }

    /// Runs `batch` until it is committed or fails for good.
    private func commit(_ batch: (any SQLConnection) throws -> Void) throws {
        let latestRetry = ContinuousClock.now + Self.retryWindow
        var runs = 0
        var hasLostConnection = false
        while true {
            runs += 1
            let connection = try connected()
            var isCommitting = false
            do {
                try batch(connection)
                // Also when the batch took no notice of it.
                if let fault = connection.fault { throw StorageFailure.unavailable("\(fault)") }
                isCommitting = true
                try connection.commit()
                usedAt = .now
                return
            } catch {
                let fault = connection.fault
                clear(connection)
                let mayRetry: Bool
                switch fault {
                case .deadlock, .lockTimeout:
                    mayRetry = runs < Self.maximumRuns && ContinuousClock.now < latestRetry
                case .lost:
                    // Without a COMMIT on its way the server has rolled back. With one nobody knows.
                    mayRetry = !isCommitting && !hasLostConnection
                    hasLostConnection = true
                case .timedOut, .refused, nil:
                    mayRetry = false
                }
                guard mayRetry else { throw isCommitting && fault != nil ? Self.outcomeUnknown(error) : error }
                logger.debug("a batch runs again", metadata: ["after": "\(error)", "run": "\(runs)"])
            }
        }
    }

    private static func outcomeUnknown(_ error: any Error) -> StorageFailure {
        .unavailable("lost during the commit, which may have happened: \(error)")
    }

    /// Makes the connection ready for the next run, or gives it up.
    private func clear(_ connection: MySQLConnection) {
        if connection.fault?.leavesConnection ?? true {
            do {
                try connection.rollback()
                usedAt = .now
                return
            } catch {
                logger.warning("a rollback failed", metadata: ["error": "\(error)"])
            }
        }
        drop()
    }

    private func drop() {
        nodeLock?.connectionIsGone()
        connection?.close()
        connection = nil
    }

    /// The connection, opened if there is none. Fails at once when there is no server: the next batch tries again.
    private func connected() throws -> MySQLConnection {
        guard !isClosed else { throw StorageFailure.unavailable("the database is closed") }
        if let connection {
            if ContinuousClock.now - usedAt < opening.ages.idleBeforePing { return connection }
            do {
                try connection.ping()
                usedAt = .now
                return connection
            } catch {
                logger.info("the writing connection was gone", metadata: ["error": "\(error)"])
                drop()
            }
        }
        do {
            let opened = try opening.open(.writer)
            connection = opened
            usedAt = .now
            if nodeLock != nil { try holdNodeLock() }
            return opened
        } catch let error as MySQLError {
            throw error.failure
        }
    }

    /// Makes the connection findable under a node's number from now on, also after it was lost and made again.
    func takeNodeNumber(_ number: Int) throws {
        nodeLock = NodeLock(node: number, database: opening.address.database)
        let hadConnection = connection != nil
        _ = try connected()
        if hadConnection { try holdNodeLock() }
    }

    private func holdNodeLock() throws {
        guard var lock = nodeLock, let connection else { return }
        defer { nodeLock = lock }
        do {
            if try !lock.take(on: connection) {
                logger.warning(
                    "another process holds this node's lock", metadata: ["lock": "\(lock.name)"])
            }
            try connection.commit()
        } catch {
            drop()
            throw error
        }
    }

    func close() {
        isClosed = true
        drop()
    }
}
