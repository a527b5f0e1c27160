import Foundation
import GRDB
import GRDBSQLite
public import Logging
public import Storage
import Synchronization

/// SQLite in WAL mode with `synchronous=FULL`: a commit returns only when its frames are synced to the disk.
///
/// One connection writes, others read beside it. Checkpoints run on the writer's own connection between batches and never
/// from elsewhere: two connections that checkpoint and write at once can corrupt a database in SQLite below 3.51.3.
public final class SQLiteDriver: DatabaseDriver {
    /// Connections that read at once. A read is CPU work; more than about twice the cores only adds switches.
    static let maximumReaders = 6
    /// A log of so many frames is checkpointed once the writer has had nothing to do for ``quietMilliseconds``: 4 MiB.
    static let idleCheckpointFrames = 1_000
    /// At so many it is checkpointed also under load: it bounds the disk used (80 MiB) and the time to open after a crash. Pages
    /// that change all the time are then written once for thousands of messages.
    static let forcedCheckpointFrames = 20_000
    /// Longer than the pauses between the messages of a busy desk, so that a checkpoint is in nobody's way.
    static let quietMilliseconds = 200
    /// Page cache of the writer in KiB.
    static let writerCacheKiB = 8192
    /// Page cache of each reader in KiB, taken as it is needed: a list of one agent's conversations among a million touches
    /// some thousand pages.
    static let readerCacheKiB = 8192

    public let kind = "sqlite"
    public let isShared = false
    private let path: String
    private let logger: Logger
    private let state: Mutex<State>
    private let readersInPlace: ReadersInPlace
    /// Opening again after an I/O error must not happen on the failed connection's own queue.
    private let recovery = DispatchQueue(label: "chat-api.sqlite.recovery")

    private struct State {
        var writer: DatabaseQueue?
        var readers: DatabasePool?
        /// Batches so far: whether one has come since.
        var batches = 0
        var isCheckpointAwaited = false
    }

    /// Frames in the log, as SQLite tells after each commit. Only touched by the writer's thread.
    private final class LogLength: @unchecked Sendable {
        var frames = 0
    }
    private let logLength = LogLength()

    /// Opens or makes the database at `path` and its folder.
    /// - Throws: ``StorageFailure`` when the file cannot be opened, is no database, or SQLite is too old.
    public init(path: String, logger: Logger) throws {
        self.path = path
        readersInPlace = ReadersInPlace(path: path)
        self.logger = logger
        do {
            let folder = (path as NSString).deletingLastPathComponent
            if !folder.isEmpty {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            let writer = try Self.openWriter(path, logLength)
            state = Mutex(State(writer: writer, readers: try Self.openReaders(path)))
        } catch let error as DatabaseError {
            throw StorageFailure(error)
        } catch let error as StorageFailure {
            throw error
        } catch {
            throw StorageFailure.unavailable("\(error)")
        }
    }

    private static func openWriter(_ path: String, _ logLength: LogLength) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "chat-api.sqlite.writer"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { [logLength] database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            // No limit of its size: a log that is begun anew is written over, and a sync of bytes that are there already takes
            // half as long as one that makes the file longer.
            sqlite3_wal_hook(
                database.sqliteConnection,
                { logLength, _, _, frames in
                    guard let logLength else { return SQLITE_OK }
                    Unmanaged<LogLength>.fromOpaque(logLength).takeUnretainedValue().frames = Int(frames)
                    return SQLITE_OK
                }, Unmanaged.passUnretained(logLength).toOpaque())
            // What a savepoint keeps would go to a file.
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
            try database.execute(sql: "PRAGMA cache_size = -\(writerCacheKiB)")
        }
        let writer = try DatabaseQueue(path: path, configuration: configuration)
        let version = try writer.read { try String.fetchOne($0, sql: "SELECT sqlite_version()") } ?? "0"
        guard version.compare("3.40", options: .numeric) != .orderedAscending else {
            throw StorageFailure.broken("SQLite \(version) is too old, 3.40 is needed")
        }
        return writer
    }

    private static func openReaders(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "chat-api.sqlite.reader"
        configuration.readonly = true
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -\(readerCacheKiB)") }
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = maximumReaders
        return try DatabasePool(path: path, configuration: configuration)
    }

    @discardableResult
    public func migrate() async throws -> SchemaMigration {
        let writer = try currentWriter()
        return try await withCheckedThrowingContinuation { continuation in
            writer.asyncWriteWithoutTransaction { database in
                continuation.resume(with: Result { try SQLiteSchema.migrate(database) })
            }
        }
    }

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        guard let readers = state.withLock({ $0.readers }) else { throw StorageFailure.unavailable("closed") }
        do {
            return try await readers.read { try body(SQLiteConnection($0)) }
        } catch let error as DatabaseError {
            throw StorageFailure(error)
        }
    }

    public func readInPlace<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value? {
        try readersInPlace.read(body)
    }

    public func write(
        _ batch: @escaping @Sendable (any SQLConnection) throws -> Void,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        let writer: DatabaseQueue
        do {
            writer = try currentWriter()
        } catch {
            return recovery.async { completion(.failure(error)) }
        }
        state.withLock { $0.batches += 1 }
        writer.asyncWriteWithoutTransaction { [self] database in
            let result = Result { try Self.commit(batch, on: database) }
            if case .failure(let failure) = result, let failure = failure as? StorageFailure, !failure.isOfOneCommand {
                // After a failed sync the kernel may have dropped the pages that were not written, so nothing that this
                // connection believes about the file can be relied on: start again from what is on the disk.
                recovery.async { [self] in
                    reopen()
                    completion(result)
                }
                return
            }
            completion(result)
            checkpointIfDue(database)
        }
    }

    /// One transaction around `batch`.
    private static func commit(
        _ batch: @Sendable (any SQLConnection) throws -> Void, on database: Database
    ) throws {
        do {
            try database.beginTransaction(.immediate)
            do {
                try batch(SQLiteConnection(database, usesSavepoints: false))
            } catch is SavepointsNeeded {
                try database.rollback()
                try database.beginTransaction(.immediate)
                try batch(SQLiteConnection(database))
            }
            try database.commit()
        } catch {
            if database.isInsideTransaction { try? database.rollback() }
            throw (error as? DatabaseError).map { StorageFailure($0) } ?? error
        }
    }

    private func currentWriter() throws -> DatabaseQueue {
        if let writer = state.withLock({ $0.writer }) { return writer }
        do {
            let writer = try Self.openWriter(path, logLength)
            state.withLock { $0.writer = writer }
            return writer
        } catch let error as DatabaseError {
            throw StorageFailure(error)
        }
    }

    private func reopen() {
        let old = state.withLock { state in
            defer { state.writer = nil }
            return state.writer
        }
        do {
            try old?.close()
            _ = try currentWriter()
            logger.warning("opened the database again after a failed write")
        } catch {
            logger.error("could not open the database again", metadata: ["error": "\(error)"])
        }
    }

    private func checkpointIfDue(_ database: Database) {
        guard logLength.frames >= Self.idleCheckpointFrames else { return }
        if logLength.frames >= Self.forcedCheckpointFrames { return checkpoint(database) }
        let batches: Int? = state.withLock { state in
            guard !state.isCheckpointAwaited else { return nil }
            state.isCheckpointAwaited = true
            return state.batches
        }
        if let batches { awaitQuiet(since: batches) }
    }

    /// Checkpoints when nothing has been written for a while.
    private func awaitQuiet(since batches: Int) {
        recovery.asyncAfter(deadline: .now() + .milliseconds(Self.quietMilliseconds)) { [weak self] in
            guard let self else { return }
            let (now, writer) = state.withLock { state in
                // Without a connection there is none to wait for: the next commit sees to it.
                if state.writer == nil { state.isCheckpointAwaited = false }
                return (state.batches, state.writer)
            }
            guard let writer else { return }
            guard now == batches else { return awaitQuiet(since: now) }
            writer.asyncWriteWithoutTransaction { [self] database in
                state.withLock { $0.isCheckpointAwaited = false }
                if logLength.frames >= Self.idleCheckpointFrames { checkpoint(database) }
            }
        }
    }

    private func checkpoint(_ database: Database) {
        do {
            try database.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
            // The next commit tells the length anew; until then there is nothing to do.
            logLength.frames = 0
        } catch {
            logger.warning("a checkpoint failed", metadata: ["error": "\(error)"])
        }
    }

    public func close() async {
        let (writer, readers) = state.withLock { state in
            defer { (state.writer, state.readers) = (nil, nil) }
            return (state.writer, state.readers)
        }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            recovery.async { [logger, readersInPlace] in
                do {
                    try readersInPlace.close()
                    try readers?.close()
                    try writer?.close()
                } catch {
                    logger.warning("closing the database failed", metadata: ["error": "\(error)"])
                }
                continuation.resume()
            }
        }
    }
}
