import Cluster
import NIOCore
import Synchronization

/// Keeps what a subscription was given.
final class Inbox: Sendable {
    /// Asks whether a subscription is in effect; not kept.
    static let question = ByteBuffer(string: "are you there?")

    private let kept = Mutex<[(topic: String, payload: ByteBuffer)]>([])
    private let asked = Mutex<Set<String>>([])

    /// Whether a question came through a topic.
    func wasAsked(in topic: Topic) -> Bool { asked.withLock { $0.contains(topic.name) } }

    var payloads: [ByteBuffer] { kept.withLock { $0.map(\.payload) } }

    var texts: [String] { payloads.map { String(buffer: $0) } }

    var topics: [String] { kept.withLock { $0.map(\.topic) } }

    var count: Int { kept.withLock { $0.count } }

    func clear() { kept.withLock { $0 = [] } }

    func listen(to topic: Topic, on bus: any MessageBus) {
        bus.subscribe(to: topic) { [self] payload in
            guard payload != Self.question else { return asked.withLock { _ = $0.insert(topic.name) } }
            // Copied: a payload may share memory with everything that was read with it.
            let copy = ByteBuffer(bytes: payload.readableBytesView)
            kept.withLock { $0.append((topic.name, copy)) }
        }
    }
}

/// Keeps every health that a bus told.
final class HealthLog: Sendable {
    private let kept = Mutex<[BusHealth]>([])

    var all: [BusHealth] { kept.withLock { $0 } }

    init(_ bus: any MessageBus) {
        bus.observeHealth { [kept = self] health in kept.add(health) }
    }

    private func add(_ health: BusHealth) { kept.withLock { $0.append(health) } }
}

extension BusHealth {
    var reason: String? {
        if case .unhealthy(let reason) = self { reason } else { nil }
    }
}
