import DequeModule
import EventLoops
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

    /// For tasks of the loop's connections that only wait.
    let executor: LoopExecutor

    /// Sockets that are flushed before the loop looks at what has arrived: about a millisecond. An event for thousands must
    /// not hold up the answers to others; and what is committed meanwhile joins the writes of the sockets that are still to
    /// come.
    static let flushedAtOnce = 256
    /// Of these, those of bulk that are flushed however many others there are.
    private static let bulkShare = 64
    /// Pause between two slices, in which the loop turns to its input and the threads beside it. NIO runs whatever is due
    /// before it looks for input, so the next slice must not be due yet.
    private static let flushPause = TimeAmount.microseconds(20)

    private var unflushed = Deque<SocketHandler>()
    private var unflushedBulk = Deque<SocketHandler>()
    private var isFlushing = false

    public init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        executor = LoopExecutor(eventLoop)
        deadlines = TimerWheel(eventLoop: eventLoop, granularity: .milliseconds(100), slots: 512)
        fineDeadlines = TimerWheel(eventLoop: eventLoop, granularity: .milliseconds(10), slots: 128)
    }

    /// Flushes the socket once the work that the loop is doing now is done, together with all others of this tick.
    /// The caller makes sure that each socket is in either list at most once.
    func flushSoon(_ handler: SocketHandler, inBulk: Bool) {
        if inBulk { unflushedBulk.append(handler) } else { unflushed.append(handler) }
        guard !isFlushing else { return }
        isFlushing = true
        eventLoop.assumeIsolated().execute { self.flushSlice() }
    }

    private func flushSlice() {
        // What is added while this slice is flushed comes behind it.
        let reserved = min(Self.bulkShare, unflushedBulk.count)
        let prompt = min(Self.flushedAtOnce - reserved, unflushed.count)
        let bulk = min(Self.flushedAtOnce - prompt, unflushedBulk.count)
        for _ in 0..<prompt { unflushed.popFirst()?.flushAsPlanned(inBulk: false) }
        for _ in 0..<bulk { unflushedBulk.popFirst()?.flushAsPlanned(inBulk: true) }
        guard !unflushed.isEmpty || !unflushedBulk.isEmpty else {
            isFlushing = false
            return
        }
        eventLoop.assumeIsolated().scheduleTask(in: Self.flushPause) { self.flushSlice() }
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
