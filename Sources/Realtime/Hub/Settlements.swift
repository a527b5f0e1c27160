import Synchronization

/// What the senders of a batch are told, on its way to their event loops together with the batch's events: one wake-up of a
/// loop, and for the sender one write, in which its acknowledgement comes before its own message.
///
/// A commit is announced first, then its senders are told, then its events are handed out. Between the first and the last,
/// what is to be done on a loop is gathered here.
final class Settlements: Sendable {
    typealias Telling = @Sendable () -> Void

    private struct State {
        var isGathering = false
        /// By number of the loop.
        var waiting: [[Telling]]
    }

    private let state: Mutex<State>
    private let loops: Int

    /// - Parameter loops: how many there are.
    init(loops: Int) {
        self.loops = loops
        state = Mutex(State(waiting: Array(repeating: [], count: loops)))
    }

    /// From now on until ``end()`` it is gathered.
    func begin() { state.withLock { $0.isGathering = true } }

    /// - Returns: false when nothing is being gathered: then it is the caller's to run.
    func add(_ tell: @escaping Telling, on loop: Int) -> Bool {
        state.withLock { state in
            guard state.isGathering, state.waiting.indices.contains(loop) else { return false }
            state.waiting[loop].append(tell)
            return true
        }
    }

    /// - Returns: what was gathered, by number of the loop. It must be run there before anything that is handed out after.
    func end() -> [[Telling]] {
        state.withLock { state in
            guard state.isGathering else { return [] }
            state.isGathering = false
            defer { state.waiting = Array(repeating: [], count: loops) }
            return state.waiting
        }
    }
}
