import DequeModule
public import NIOCore
import Synchronization

/// The bus of a node that is alone: what it publishes comes to its own subscriptions, on an event loop.
///
/// Tests join several by an ``Exchange`` to nodes in one process, and cut some of them off.
public final class InProcessBus: MessageBus {
    /// Payloads that wait for the event loop at once. What comes beyond is lost, as on any bus.
    static let maximumWaiting = 65_536
    /// Bytes of payloads that wait for the event loop at once.
    static let maximumWaitingBytes = 64 * 1024 * 1024

    private struct State {
        var handlers: [Topic: @Sendable (ByteBuffer) -> Void] = [:]
        var waiting: Deque<(topic: Topic, payload: ByteBuffer)> = []
        var waitingBytes = 0
        var isScheduled = false
        var isCut = false
        var isClosed = false
        var lost: UInt64 = 0
    }

    private let eventLoop: any EventLoop
    private let exchange: Exchange?
    private let board: HealthBoard
    private let state = Mutex(State())

    /// - Parameter exchange: joins this bus to others of the process; without it the bus is alone, and `disabled`.
    public init(eventLoop: any EventLoop, exchange: Exchange? = nil) {
        self.eventLoop = eventLoop
        self.exchange = exchange
        board = HealthBoard(exchange == nil ? .disabled : .healthy, eventLoop: eventLoop)
        exchange?.join(self)
    }

    public func publish(_ payload: ByteBuffer, to topic: Topic) {
        guard !state.withLock({ $0.isCut || $0.isClosed }) else { return }
        guard let exchange else { return take(payload, of: topic) }
        for bus in exchange.buses { bus.take(payload, of: topic) }
    }

    public func subscribe(to topic: Topic, _ handler: @escaping @Sendable (ByteBuffer) -> Void) {
        state.withLock { state in
            if !state.isClosed { state.handlers[topic] = handler }
        }
    }

    public func unsubscribe(from topic: Topic) {
        state.withLock { $0.handlers[topic] = nil }
    }

    public var health: BusHealth { board.health }

    public func observeHealth(_ observer: @escaping @Sendable (BusHealth) -> Void) { board.observe(observer) }

    public func close() async {
        exchange?.leave(self)
        state.withLock { state in
            state.isClosed = true
            state.handlers = [:]
            state.waiting = []
            state.waitingBytes = 0
        }
    }

    /// Payloads that were lost because the event loop did not keep up.
    public var lost: UInt64 { state.withLock { $0.lost } }

    /// Cuts the node off from all others and from itself, as when its Redis cannot be reached.
    public func cutOff(_ reason: String = "cut off") {
        state.withLock { $0.isCut = true }
        board.set(.unhealthy(reason))
    }

    /// Ends ``cutOff(_:)``.
    public func rejoin() {
        state.withLock { $0.isCut = false }
        board.set(exchange == nil ? .disabled : .healthy)
    }

    private func take(_ payload: ByteBuffer, of topic: Topic) {
        let mustSchedule = state.withLock { state in
            guard !state.isCut, !state.isClosed, state.handlers[topic] != nil else { return false }
            guard
                state.waiting.count < Self.maximumWaiting,
                payload.readableBytes <= Self.maximumWaitingBytes - state.waitingBytes
            else {
                state.lost &+= 1
                return false
            }
            state.waiting.append((topic, payload))
            state.waitingBytes += payload.readableBytes
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { eventLoop.execute { self.deliver() } }
    }

    /// Hands on what waits. What is published meanwhile gets a turn of its own, so that the loop can do other things.
    private func deliver() {
        let waiting = state.withLock { state in
            state.isScheduled = false
            state.waitingBytes = 0
            var waiting: Deque<(topic: Topic, payload: ByteBuffer)> = []
            swap(&waiting, &state.waiting)
            return state.isCut ? [] : waiting
        }
        for (topic, payload) in waiting {
            // Looked up now: who has unsubscribed is not called any more.
            state.withLock { $0.handlers[topic] }?(payload)
        }
    }

    /// Joins buses of one process, so that several nodes can live in it.
    public final class Exchange: Sendable {
        private let members = Mutex<[InProcessBus]>([])

        public init() {}

        fileprivate var buses: [InProcessBus] { members.withLock { $0 } }

        fileprivate func join(_ bus: InProcessBus) { members.withLock { $0.append(bus) } }

        fileprivate func leave(_ bus: InProcessBus) { members.withLock { $0.removeAll { $0 === bus } } }
    }
}
