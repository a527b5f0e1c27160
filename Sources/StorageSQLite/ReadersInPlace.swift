import Foundation
import GRDB
import Storage
import Synchronization

/// Connections for reads on the caller's own thread.
///
/// SQLite is a library in the process: a row by its key is there after a few microseconds, while a hand-over to another
/// thread and back takes ten times that. So short reads need no thread but the one that asks for them. Nobody ever waits for
/// another here: who finds no free connection reads elsewhere.
final class ReadersInPlace: Sendable {
    /// Connections at most. Each serves a thread at a time, and there are hardly more event loops than that.
    static let maximumConnections = 4

    private struct State {
        var idle: [DatabaseQueue] = []
        var opened = 0
        var isClosed = false
    }

    private let path: String
    private let state = Mutex(State())

    init(path: String) {
        self.path = path
    }

    /// Reads in one snapshot.
    /// - Returns: nil when every connection is in use, or the file is locked just now.
    /// - Throws: ``StorageFailure``, or what `body` throws.
    func read<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value? {
        guard let reader = try take() else { return nil }
        do {
            let value = try reader.unsafeRead { try Self.snapshot(SQLiteConnection($0), body) }
            give(reader)
            return value
        } catch let failure as StorageFailure {
            // What this connection believes about the file may be wrong by now.
            drop(reader)
            if case .unavailable = failure { return nil }
            throw failure
        } catch {
            give(reader)
            throw error
        }
    }

    func close() throws {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for reader in idle { try reader.close() }
    }

    private static func snapshot<Value>(
        _ connection: SQLiteConnection, _ body: (any SQLConnection) throws -> Value
    ) throws -> Value {
        try connection.run("BEGIN DEFERRED TRANSACTION", [])
        do {
            let value = try body(connection)
            try connection.run("COMMIT TRANSACTION", [])
            return value
        } catch {
            try connection.run("ROLLBACK TRANSACTION", [])
            throw error
        }
    }

    private func take() throws -> DatabaseQueue? {
        let (idle, mayOpen) = state.withLock { state -> (DatabaseQueue?, Bool) in
            if let idle = state.idle.popLast() { return (idle, false) }
            guard !state.isClosed, state.opened < Self.maximumConnections else { return (nil, false) }
            state.opened += 1
            return (nil, true)
        }
        guard mayOpen else { return idle }
        do {
            return try open()
        } catch {
            state.withLock { $0.opened -= 1 }
            return nil
        }
    }

    private func give(_ reader: DatabaseQueue) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.idle.append(reader) }
            return state.isClosed
        }
        if isClosed { try? reader.close() }
    }

    private func drop(_ reader: DatabaseQueue) {
        state.withLock { $0.opened -= 1 }
        try? reader.close()
    }

    private func open() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "chat-api.sqlite.in-place"
        configuration.readonly = true
        // One that a failed statement leaves open goes with its connection.
        configuration.allowsUnsafeTransactions = true
        // Whoever reads here must not wait.
        configuration.busyMode = .immediateError
        configuration.prepareDatabase {
            try $0.execute(sql: "PRAGMA cache_size = -\(SQLiteDriver.readerCacheKiB)")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }
}
