public import Domain
public import Logging
import NIOCore
import Synchronization

/// This node's end of the talk between nodes: messages out, messages of others in.
///
/// What a node publishes comes back to it; it is not handed on here, because the node has told itself already.
public final class ClusterLink: Sendable {
    /// Bytes of an event's two forms up to which they travel with the doorbell; a longer one is read from the log.
    public static let maximumInlineBytes = 8 * 1024

    private static let everybody = Topic("nodes")

    public let nodeId: String
    private let bus: any MessageBus
    private let logger: Logger
    private let handler = Mutex<(@Sendable (NodeMessage) -> Void)?>(nil)

    public init(bus: any MessageBus, nodeId: String, logger: Logger) {
        self.bus = bus
        self.nodeId = nodeId
        self.logger = logger
    }

    /// Whether there is anybody to talk to.
    public var isShared: Bool { bus.health != .disabled }

    public var health: BusHealth { bus.health }

    /// Calls `observer` on each change of the health, and at once.
    public func observeHealth(_ observer: @escaping @Sendable (BusHealth) -> Void) { bus.observeHealth(observer) }

    /// Begins to hand the messages of other nodes to `handler`, in the order in which each node sent them, on the bus's
    /// event loop.
    public func listen(_ handler: @escaping @Sendable (NodeMessage) -> Void) {
        self.handler.withLock { $0 = handler }
        bus.subscribe(to: Self.everybody) { [weak self] in self?.received($0) }
    }

    /// Tells all nodes.
    public func tell(_ message: NodeMessage) {
        bus.publish(NodeMessageCodec.encode(message, from: nodeId), to: Self.everybody)
    }

    /// Tells the nodes that have readers of the frame's conversation.
    public func pass(_ frame: PassedFrame) {
        bus.publish(
            NodeMessageCodec.encode(.passing(frame), from: nodeId), to: Self.topic(of: frame.conversationId))
    }

    /// This node has readers of a conversation now.
    public func join(_ conversation: Identifier<Conversation>) {
        bus.subscribe(to: Self.topic(of: conversation)) { [weak self] in self?.received($0) }
    }

    /// The last reader of a conversation is gone.
    public func leave(_ conversation: Identifier<Conversation>) {
        bus.unsubscribe(from: Self.topic(of: conversation))
    }

    public func close() async { await bus.close() }

    private static func topic(of conversation: Identifier<Conversation>) -> Topic {
        Topic("c.\(conversation.rawValue)")
    }

    private func received(_ payload: ByteBuffer) {
        guard let (message, node) = NodeMessageCodec.decode(payload) else {
            // Of a newer build, or of something else on this Redis; polling finds what it was about.
            logger.debug("a message between nodes could not be read", metadata: ["bytes": "\(payload.readableBytes)"])
            return
        }
        guard node != nodeId else { return }
        handler.withLock { $0 }?(message)
    }
}
