import Dispatch

/// Runs the work of one connection in order, on a queue of its own: the library's calls block, and must neither block a
/// thread of the cooperative pool nor ever run beside each other on the same connection.
final class ConnectionExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label, qos: .userInitiated)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }

    /// Runs `work` behind all that was submitted before.
    func submit(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}
