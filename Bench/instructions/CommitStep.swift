import Domain
import Storage
import Synchronization

/// Messages sent through the verbs and the group commit on SQLite, one operation for each.
///
/// The writer calls its observer between two batches: what is submitted there is the next batch, whole, and the calling thread
/// has no part in it.
final class CommitStep: CommitObserver {
    /// Statements are prepared and caches filled. Few enough, with those that are counted, to stay below a checkpoint.
    static let warmUpRounds = 8

    private struct State {
        var round = -1
        var messages = 0
        var fault: ScriptFault?
        var finished: CheckedContinuation<Void, Never>?
    }

    private let batch: Int
    private let rounds: Int
    private let state = Mutex(State())
    private let installation = Mutex<Installation?>(nil)

    init(batch: Int, rounds: Int) {
        self.batch = batch
        self.rounds = rounds
    }

    func run() async throws -> Int {
        let installation = try await Installation(visitors: 8)
        self.installation.withLock { $0 = installation }
        installation.commits.subscribe(self)
        await withCheckedContinuation { continuation in
            state.withLock { $0.finished = continuation }
            // Its commit begins the first round.
            installation.store.write { _ in
            } completion: { _ in
            }
        }
        self.installation.withLock { $0 = nil }
        await installation.end()
        if let fault = state.withLock({ $0.fault }) { throw fault }
        return batch * rounds
    }

    func committed(_ committed: CommittedBatch) {
        let (round, fault) = state.withLock { state -> (Int, ScriptFault?) in
            if state.round >= 0, committed.events.count != batch, state.fault == nil {
                state.fault = ScriptFault("a batch of \(committed.events.count) messages instead of \(batch)")
            }
            state.round += 1
            return (state.round, state.fault)
        }
        if round == Self.warmUpRounds { Window.open() }
        if round == Self.warmUpRounds + rounds { Window.close() }
        guard round < Self.warmUpRounds + rounds, fault == nil else {
            return state.withLock { state in
                let finished = state.finished
                state.finished = nil
                return finished
            }?.resume() ?? ()
        }
        guard let installation = installation.withLock({ $0 }) else { return }
        for _ in 0..<batch {
            let number = state.withLock { state in
                state.messages += 1
                return state.messages
            }
            let next = installation.draft(number)
            installation.store.write(to: [next.conversationId]) {
                try $0.send(next.draft, to: next.conversationId, by: next.access)
            } completion: { [self] result in
                guard case .failure(let error) = result else { return }
                state.withLock { $0.fault = ScriptFault("a message was refused: \(error)") }
            }
        }
    }
}
