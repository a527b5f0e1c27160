import Dispatch
import Foundation
import Synchronization

/// Threads of their own for work on disks. On the cooperative pool or an event loop a slow disk would hold up every other
/// request, on Dispatch's queues the database.
final class FileThreads: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
    }

    /// What the threads hold, and not ``FileThreads`` itself, which ends them when it goes.
    private final class Queue: Sendable {
        let state = Mutex(State())
        let wakeUps = DispatchSemaphore(value: 0)

        /// The life of a thread: takes work, oldest first, until there is none and never will be.
        func serve() {
            while true {
                wakeUps.wait()
                let next = state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
                // There are as many signals as pieces of work, so none means the end.
                guard let next else { return }
                next()
            }
        }
    }

    private let queue = Queue()
    private let count: Int

    /// - Parameter count: pieces of work at a time.
    init(count: Int) {
        self.count = max(1, count)
        for number in 1...self.count {
            let thread = Thread { [queue] in queue.serve() }
            thread.name = "files-\(number)"
            thread.start()
        }
    }

    deinit {
        for _ in 0..<count { queue.wakeUps.signal() }
    }

    /// Runs `work` on one of the threads. What waits is bounded by the callers, of whom each waits for one piece of work.
    /// - Throws: what `work` throws.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            add { continuation.resume(with: Result(catching: work)) }
        }
    }

    /// The same for work that nobody waits for.
    func add(_ work: @escaping @Sendable () -> Void) {
        queue.state.withLock { $0.waiting.append(work) }
        queue.wakeUps.signal()
    }
}
