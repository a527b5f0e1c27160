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
