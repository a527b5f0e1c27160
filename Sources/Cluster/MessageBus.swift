public import NIOCore

/// Carries payloads between the nodes of a cluster: at most once, best effort, in order per sender.
///
/// The bus is a doorbell and never the truth: whatever is lost on it is found in the database by polling. Two
/// implementations: ``InProcessBus`` for a node that is alone, ``RedisBus`` for several.
public protocol MessageBus: Sendable {
    /// Sends without waiting. Lost when nobody listens, or while the bus is not ``BusHealth/healthy``.
    /// Payloads that one thread publishes one after the other arrive in that order, over all topics.
    func publish(_ payload: ByteBuffer, to topic: Topic)

    /// Hands every payload of `topic` to `handler`, in order, on the bus's own event loop: it must only hand on. Comes into
    /// effect some time after the call; again for the same topic replaces the handler. What this node publishes is handed
    /// to its own subscription too.
    func subscribe(to topic: Topic, _ handler: @escaping @Sendable (ByteBuffer) -> Void)

    func unsubscribe(from topic: Topic)

    /// Whether what is published arrives, as of now.
    var health: BusHealth { get }

    /// Called on each change of ``health``, on the bus's event loop, and at once with the health as of now.
    func observeHealth(_ observer: @escaping @Sendable (BusHealth) -> Void)

    /// Ends every connection.
    func close() async
}

/// What payloads are sorted by. Names are short ASCII, such as `events` or `c.4711`.
public struct Topic: Hashable, Sendable {
    public let name: String

    public init(_ name: String) { self.name = name }
}

/// How a bus is.
public enum BusHealth: Sendable, Equatable {
    /// What this node publishes comes back to it within two beats.
    case healthy
    /// It does not: readers must poll.
    case unhealthy(String)
    /// There is nobody else to talk to.
    case disabled
}
