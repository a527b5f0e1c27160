public import NIOCore

/// Runs tasks on an event loop, as `Task(executorPreference:)` wants it.
///
/// A task that starts on a loop, asks the database and comes back to the loop would otherwise go over two threads of the
/// global pool, each of which has to be woken. For work that never holds a thread for long.
public final class LoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    public init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
