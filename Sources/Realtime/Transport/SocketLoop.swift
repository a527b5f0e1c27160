public import NIOCore
import Synchronization

/// What the sockets of one event loop share: their deadlines and their flushes.
///
/// It may be handed around, but everything in it must be used on its event loop, which is what makes the unchecked
/// conformance sound.
public final class SocketLoop: @unchecked Sendable {
    public let eventLoop: any EventLoop
    /// For seconds: hello, heartbeat, silence, close handshake. Late by at most 100 ms; a turn takes 51 s.
    public let deadlines: TimerWheel
    /// For tens of milliseconds: merging. Late by at most 10 ms; a turn takes 1.28 s.
    public let fineDeadlines: TimerWheel

    private var unflushed: [SocketHandler] = []
    private var spare: [SocketHandler] = []
    /// Room for sockets that is kept between flushes.
    private static let retainedHandlers = 4096

    public init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        deadlines = TimerWheel(eventLoop: eventLoop, granularity: .milliseconds(100), slots: 512)
        fineDeadlines = TimerWheel(eventLoop: eventLoop, granularity: .milliseconds(10), slots: 128)
    }

    /// Flushes the socket once the work that the loop is doing now is done, together with all others of this tick.
    /// The caller makes sure that each socket is in the list at most once.
    func flushSoon(_ handler: SocketHandler) {
        unflushed.append(handler)
        guard unflushed.count == 1 else { return }
        eventLoop.assumeIsolated().execute { self.flushAll() }
    }

    private func flushAll() {
        swap(&unflushed, &spare)
        for handler in spare { handler.flush() }
        spare.removeAll(keepingCapacity: spare.count <= Self.retainedHandlers)
    }
}

/// Finds the `SocketLoop` of an event loop. One per server.
public final class SocketLoops: Sendable {
    /// By event loop; as many as the group has.
    private let loops = Mutex<[ObjectIdentifier: SocketLoop]>([:])

    public init() {}

    public func loop(of eventLoop: any EventLoop) -> SocketLoop {
        loops.withLock { loops in
            if let known = loops[ObjectIdentifier(eventLoop)] { return known }
            let new = SocketLoop(eventLoop: eventLoop)
            loops[ObjectIdentifier(eventLoop)] = new
            return new
        }
    }
}
