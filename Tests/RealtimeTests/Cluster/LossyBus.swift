import Cluster
import NIOCore
import Synchronization

/// A bus that loses some of what it is given, as a seed decides.
final class LossyBus: MessageBus {
    private let bus: InProcessBus
    private let random: Mutex<SeededGenerator>
    /// Of a hundred payloads, how many are lost on their way out.
    private let lossPercent: Int
    private let dropped = Mutex(0)

    init(_ bus: InProcessBus, seed: UInt64, lossPercent: Int) {
        self.bus = bus
        self.lossPercent = lossPercent
        random = Mutex(SeededGenerator(seed: seed))
    }

    var lost: Int { dropped.withLock { $0 } }

    func publish(_ payload: ByteBuffer, to topic: Topic) {
        let isLost = random.withLock { Int.random(in: 0..<100, using: &$0) < lossPercent }
        guard !isLost else { return dropped.withLock { $0 += 1 } }
        bus.publish(payload, to: topic)
    }

    func subscribe(to topic: Topic, _ handler: @escaping @Sendable (ByteBuffer) -> Void) {
        bus.subscribe(to: topic, handler)
    }

    func unsubscribe(from topic: Topic) { bus.unsubscribe(from: topic) }

    var health: BusHealth { bus.health }

    func observeHealth(_ observer: @escaping @Sendable (BusHealth) -> Void) { bus.observeHealth(observer) }

    func close() async { await bus.close() }
}

/// A bus whose subscriptions take effect only once the test says so, as with a server that is slow to confirm.
final class SlowSubscriptions: MessageBus {
    private let bus: InProcessBus
    private let waiting = Mutex<(isOpen: Bool, subscriptions: [@Sendable () -> Void])>((true, []))

    init(_ bus: InProcessBus) { self.bus = bus }

    func hold() { waiting.withLock { $0.isOpen = false } }

    func takeEffect() {
        let subscriptions = waiting.withLock { waiting in
            defer { waiting = (true, []) }
            return waiting.subscriptions
        }
        for subscribe in subscriptions { subscribe() }
    }

    func publish(_ payload: ByteBuffer, to topic: Topic) { bus.publish(payload, to: topic) }

    func subscribe(to topic: Topic, _ handler: @escaping @Sendable (ByteBuffer) -> Void) {
        let isOpen = waiting.withLock { waiting in
            if !waiting.isOpen { waiting.subscriptions.append { self.bus.subscribe(to: topic, handler) } }
            return waiting.isOpen
        }
        if isOpen { bus.subscribe(to: topic, handler) }
    }

    func unsubscribe(from topic: Topic) { bus.unsubscribe(from: topic) }
    var health: BusHealth { bus.health }
    func observeHealth(_ observer: @escaping @Sendable (BusHealth) -> Void) { bus.observeHealth(observer) }
    func close() async { await bus.close() }
}
