import DequeModule
import Domain
import Logging
import Synchronization

/// Commits commands in groups: while one commit is on its way to the disk, whatever arrives queues up and becomes the next
/// batch. There is no linger: an idle writer commits a lone command at once, a busy one pays one sync for many.
///
/// A command that is refused leaves no trace and does not disturb its neighbours (``SQLConnection/nested(_:)``). Callers hear of success only after the commit, in the order in which they came.
final class GroupCommit: Sendable {
    /// A command with the two halves of its life: its work inside the transaction, and what happens after the commit.
    struct Command: Sendable {
        /// Conversations that it will write to, as far as they are known beforehand.
        var conversations: [Identifier<Conversation>]
        /// Runs in the transaction; returns what it brought about and what to do once that is durable.
        var run:
            @Sendable (any SQLConnection, ConversationLocks) throws -> (CommittedBatch, settle: @Sendable () -> Void)
        /// Called instead, when the command was refused or the commit failed.
        var fail: @Sendable (any Error) -> Void
    }

    /// Commands of one batch. Bounds how long the first of a batch waits for the last.
    static let maximumBatch = 256
    /// How long a command may wait for its turn: while the database does not answer, callers hear of it in bounded time.
    static let patience = Duration.seconds(5)
    /// Commands that may wait. About two seconds of a busy writer; beyond it callers are told to come back.
    static let maximumQueued = 16_384

    private struct State {
        var queue = Deque<(command: Command, since: ContinuousClock.Instant)>()
        var isWriting = false
        var isClosed = false
        var waitingForQuiet: [CheckedContinuation<Void, Never>] = []
    }

    private let driver: any DatabaseDriver
    private let observer: any CommitObserver
    private let logger: Logger
    private let figures = CommitFigures()
    private let time: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    /// - Parameter time: tells how long commands have waited.
    init(
        driver: any DatabaseDriver, observer: any CommitObserver, logger: Logger,
        time: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.time = time
        self.driver = driver
        self.observer = observer
        self.logger = logger
    }

    /// Queues a command. Its outcome is told on the writer's thread, or at once when the queue is full.
    func submit(_ command: Command) {
        enum Admission { case start, queued, refused }
        let now = time()
        let admission: Admission = state.withLock { state in
            guard !state.isClosed, state.queue.count < Self.maximumQueued else { return .refused }
            state.queue.append((command, now))
            if state.isWriting { return .queued }
            state.isWriting = true
            return .start
        }
        switch admission {
        case .start: writeNextBatch()
        case .queued: break
        case .refused: command.fail(StorageFailure.unavailable("the write queue is full or closed"))
        }
    }

    /// Refuses further commands and returns when all that was queued is settled.
    func close() async {
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                state.isClosed = true
                if state.isWriting { state.waitingForQuiet.append(continuation) }
                return !state.isWriting
            }
            if isQuiet { continuation.resume() }
        }
    }

    private func writeNextBatch() {
        let earliest = time() - Self.patience
        var late: [Command] = []
        let (batch, waiting): ([Command], [CheckedContinuation<Void, Never>]) = state.withLock { state in
            while let first = state.queue.first, first.since < earliest {
                late.append(first.command)
                state.queue.removeFirst()
            }
            let count = min(Self.maximumBatch, state.queue.count)
            guard count > 0 else {
                state.isWriting = false
                let waiting = state.waitingForQuiet
                state.waitingForQuiet = []
                return ([], waiting)
            }
            let batch = state.queue.prefix(count).map(\.command)
            state.queue.removeFirst(count)
            return (batch, [])
        }
        for command in late { command.fail(StorageFailure.unavailable("the database did not take it in time")) }
        for continuation in waiting { continuation.resume() }
        guard !batch.isEmpty else { return }

        let work = BatchWork()
        let start = ContinuousClock.now
        driver.write { connection in
            try work.run(batch, on: connection)
        } completion: { [self] result in
            switch result {
            case .success:
                var committed = work.committed
                let end = ContinuousClock.now
                committed.committedAt = end
                observer.durable(committed)
                // Acknowledgements first: a sender holds its ack before its own message comes back as an event.
                work.settle()
                observer.committed(committed)
                figures.committed(committed, commands: batch.count, in: start.duration(to: end))
            case .failure(let error):
                figures.failed()
                logger.error(
                    "a batch could not be committed", metadata: ["error": "\(error)", "commands": "\(batch.count)"])
                for command in batch { command.fail(StorageFailure(from: error)) }
            }
            writeNextBatch()
        }
    }
}

/// What a batch has brought about, handed from the transaction to its completion. Only ever touched by the writer's thread
/// (and, when the driver runs the batch again, from the start: after a deadlock, or for want of savepoints).
private final class BatchWork: @unchecked Sendable {
    private(set) var committed = CommittedBatch()
    private var settlements: [@Sendable () -> Void] = []

    func run(_ batch: [GroupCommit.Command], on connection: any SQLConnection) throws {
        committed = CommittedBatch()
        settlements.removeAll(keepingCapacity: true)
        let locks = try ConversationLocks(of: batch.flatMap(\.conversations), on: connection)
        for command in batch {
            do {
                let (outcome, settle) = try connection.nested { try command.run(connection, locks) }
                committed.append(outcome)
                settlements.append(settle)
            } catch let restart as SavepointsNeeded {
                throw restart
            } catch {
                if let failure = error as? StorageFailure, !failure.isOfOneCommand { throw failure }
                settlements.append { command.fail(error) }
            }
        }
    }

    func settle() {
        for settlement in settlements { settlement() }
    }
}

extension StorageFailure {
    /// Takes over a failure of ours and wraps any other.
    init(from error: any Error) {
        self = error as? StorageFailure ?? .unavailable("\(error)")
    }
}
