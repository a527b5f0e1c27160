import EventLoops
public import HummingbirdCore
public import Logging
public import NIOCore
import Synchronization

/// Runs the tasks of a server's connections on the threads of their event loops.
///
/// A request is read, answered and written there without a hand-over to another thread and back, each of which costs more
/// than answering does: a wake-up takes some 5 µs of the waker and as much of the woken, and about 25 µs of time.
///
/// What takes longer leaves: see `Endpoint.isBrief`.
public struct LoopBound<Channels: ServerChildChannel>: ServerChildChannel {
    private let channels: Channels
    private let executors = LoopExecutors()

    public init(_ channels: Channels) {
        self.channels = channels
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Channels.Value> {
        channels.setup(channel: channel, logger: logger)
    }

    public func handle(value: Channels.Value, logger: Logger) async {
        let executor = executors.executor(of: value.channel.eventLoop)
        await withTaskExecutorPreference(executor) {
            await channels.handle(value: value, logger: logger)
        }
    }
}

/// One for each event loop.
private final class LoopExecutors: Sendable {
    private let executors = Mutex<[ObjectIdentifier: LoopExecutor]>([:])

    func executor(of eventLoop: any EventLoop) -> LoopExecutor {
        executors.withLock { executors in
            if let known = executors[ObjectIdentifier(eventLoop)] { return known }
            let new = LoopExecutor(eventLoop)
            executors[ObjectIdentifier(eventLoop)] = new
            return new
        }
    }
}
