import EventLoops
public import NIOCore
import Synchronization

/// The event loops that replies are made on, each reply on one of them.
///
/// A reply is a chain of small steps: bytes of a model, a piece through the filter, a frame to its readers. On the loop that
/// reads the model's connection and writes to the readers' sockets they follow each other as calls; in the pool of tasks
/// each would wake another thread. What takes long, the search and the making of a prompt, is done in the pool
/// (``ReplyLoops/aside(_:)``).
public final class ReplyLoops: Sendable {
    private let executors: [LoopExecutor]
    private let turn = Atomic<Int>(0)

    public init(_ group: any EventLoopGroup) {
        executors = group.makeIterator().map(LoopExecutor.init)
    }

    /// Where the next reply is made.
    func next() -> (any TaskExecutor)? {
        guard !executors.isEmpty else { return nil }
        let (turn, _) = turn.add(1, ordering: .relaxed)
        return executors[Int(UInt(bitPattern: turn) % UInt(executors.count))]
    }

    /// Runs what holds a thread for longer in the pool of tasks, wherever its task runs.
    static func aside<Value: Sendable>(_ work: @Sendable () async throws -> Value) async rethrows -> Value {
        try await withTaskExecutorPreference(globalConcurrentExecutor, operation: work)
    }
}
