import Dispatch
import Foundation
import Synchronization

/// Threads of their own for computations of tens of milliseconds. On the cooperative pool or an event loop those would
/// hold up every other request, on Dispatch's queues the database.
final class HashingThreads: Sendable {
    private let queue: WorkQueue

    /// - Parameters:
    ///   - count: computations at a time.
    ///   - maximumWaiting: computations that wait for a thread; more are refused.
    init(count: Int, maximumWaiting: Int) {
        let queue = WorkQueue(maximumWaiting: maximumWaiting, threads: count)
        self.queue = queue
        for number in 1...max(1, count) {
            // The threads hold the queue and not this object, which ends them when it goes.
            let thread = Thread { queue.serve() }
            thread.name = "password-\(number)"
            thread.start()
        }
    }

    deinit {
        queue.stop()
    }

    /// Runs `work` on one of the threads. A cancelled caller still gets the result: work in progress cannot be
    /// interrupted, and what waits is bounded.
    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let accepted = queue.add { continuation.resume(returning: work()) }
            if !accepted { continuation.resume(throwing: PasswordHasher.Busy()) }
        }
    }
}

private final class WorkQueue: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        /// Threads that are at work.
        var running = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wakeUps = DispatchSemaphore(value: 0)
    private let maximumWaiting: Int
    private let threads: Int

    init(maximumWaiting: Int, threads: Int) {
        self.maximumWaiting = maximumWaiting
        self.threads = max(1, threads)
    }

    /// False when the queue is full.
    func add(_ work: @escaping @Sendable () -> Void) -> Bool {
        let accepted = state.withLock { state in
            // A job that an idle thread is about to take does not wait.
            let idle = threads - state.running
            guard state.waiting.count < maximumWaiting + idle else { return false }
            state.waiting.append(work)
            return true
        }
        if accepted { wakeUps.signal() }
        return accepted
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        for _ in 0..<threads { wakeUps.signal() }
    }

    /// The life of a thread: takes jobs, oldest first, until the queue is stopped and empty.
    func serve() {
        while true {
            wakeUps.wait()
            let job = state.withLock { state -> (@Sendable () -> Void)? in
                guard !state.waiting.isEmpty else { return nil }
                state.running += 1
                return state.waiting.removeFirst()
            }
            // There are as many signals as jobs, so nothing to do means the end.
            guard let job else { return }
            job()
            state.withLock { $0.running -= 1 }
        }
    }
}
