import Dispatch
import Logging
import Storage
import Synchronization

/// Lends the reading connections out, first come, first served.
final class ReaderPool: Sendable {
    /// Connections that read at once. They wait for the server more than they work; beyond this they wait for its cores.
    static let size = 8
    /// How long a read may wait for a connection.
    static let maximumWait = Duration.seconds(5)
    /// Reads that may wait. Beyond it callers are told to come back.
    static let maximumWaiters = 4096

    /// How often those who have waited too long are looked for, in milliseconds.
    private static let sweepInterval = 250

    private struct Waiter {
        var continuation: CheckedContinuation<MySQLReader, any Error>
        var deadline: ContinuousClock.Instant
    }

    private struct State {
        /// The last that was given back is lent first, so that a quiet pool keeps few connections warm.
        var idle: [MySQLReader]
        var lent = 0
        /// By the number of their ticket, which grows.
        var waiters: [UInt64: Waiter] = [:]
        var nextTicket: UInt64 = 0
        /// Whether somebody looks for those who have waited too long.
        var isSweeping = false
        var isClosed = false
        var waitingForQuiet: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>
    private let readers: [MySQLReader]
    private let timer = DispatchQueue(label: "chat-api.mysql.deadlines")

    init(_ opening: MySQLOpening, logger: Logger) {
        readers = (1...Self.size).map { MySQLReader(number: $0, opening, logger: logger) }
        state = Mutex(State(idle: readers.reversed()))
    }

    var waiting: Int { state.withLock { $0.waiters.count } }

    /// - Throws: ``StorageFailure/unavailable(_:)`` when none gets free in time, `CancellationError`.
    func borrow() async throws -> MySQLReader {
        let reader: MySQLReader? = try state.withLock { state in
            guard !state.isClosed else { throw StorageFailure.unavailable("the database is closed") }
            guard let reader = state.idle.popLast() else { return nil }
            state.lent += 1
            return reader
        }
        if let reader { return reader }
        let ticket = state.withLock { state in
            defer { state.nextTicket += 1 }
            return state.nextTicket
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait($0, ticket: ticket) }
        } onCancel: {
            end(ticket, with: CancellationError())
        }
    }

    private func wait(_ continuation: CheckedContinuation<MySQLReader, any Error>, ticket: UInt64) {
        let outcome: Result<MySQLReader, any Error>? = state.withLock { state in
            if state.isClosed { return .failure(StorageFailure.unavailable("the database is closed")) }
            if Task.isCancelled { return .failure(CancellationError()) }
            if let reader = state.idle.popLast() {
                state.lent += 1
                return .success(reader)
            }
            guard state.waiters.count < Self.maximumWaiters else {
                return .failure(StorageFailure.unavailable("too many reads wait for the database"))
            }
            state.waiters[ticket] = Waiter(continuation: continuation, deadline: .now + Self.maximumWait)
            guard !state.isSweeping else { return nil }
            state.isSweeping = true
            sweepLater()
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    /// Ends a wait before its turn.
    private func end(_ ticket: UInt64, with error: any Error) {
        state.withLock { $0.waiters.removeValue(forKey: ticket) }?.continuation.resume(throwing: error)
    }

    private func sweepLater() {
        timer.asyncAfter(deadline: .now() + .milliseconds(Self.sweepInterval)) { [weak self] in self?.sweep() }
    }

    private func sweep() {
        let late = state.withLock { state in
            let late = state.waiters.filter { $0.value.deadline <= .now }
            for ticket in late.keys { state.waiters[ticket] = nil }
            state.isSweeping = !state.waiters.isEmpty
            if state.isSweeping { sweepLater() }
            return late.values.map(\.continuation)
        }
        for continuation in late {
            continuation.resume(throwing: StorageFailure.unavailable("no connection to the database got free in time"))
        }
    }

    /// Takes a connection back, or hands it straight on to who has waited longest.
    func giveBack(_ reader: MySQLReader) {
        enum Next {
            case lend(CheckedContinuation<MySQLReader, any Error>)
            case quiet(CheckedContinuation<Void, Never>)
        }
        let next: Next? = state.withLock { state in
            if let first = state.waiters.keys.min(), let waiter = state.waiters.removeValue(forKey: first) {
                return .lend(waiter.continuation)
            }
            state.idle.append(reader)
            state.lent -= 1
            guard state.lent == 0, let waiting = state.waitingForQuiet else { return nil }
            state.waitingForQuiet = nil
            return .quiet(waiting)
        }
        switch next {
        case .lend(let waiter): waiter.resume(returning: reader)
        case .quiet(let waiting): waiting.resume()
        case nil: break
        }
    }

    /// Refuses further reads and closes every connection when those that run have ended.
    func close() async {
        let refused = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in refused {
            waiter.continuation.resume(throwing: StorageFailure.unavailable("the database is closed"))
        }
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                guard state.lent > 0, state.waitingForQuiet == nil else { return true }
                state.waitingForQuiet = continuation
                return false
            }
            if isQuiet { continuation.resume() }
        }
        for reader in readers { await reader.close() }
    }
}
