public import Domain
public import NIOCore

/// A frame as it would go out on a socket.
public struct StreamFrame: Sendable {
    /// Such as `message.created` or `reply.delta`.
    public var type: String
    /// Of durable events.
    public var seq: Int64?
    /// The whole envelope in the viewer's form.
    public var json: ByteBuffer

    public init(type: String, seq: Int64?, json: ByteBuffer) {
        self.type = type
        self.seq = seq
        self.json = json
    }
}

/// What HTTP needs of the live side: to follow a conversation, and to tell the others of what is not durable.
public protocol LiveConversations: Sendable {
    /// Every durable event after `after` and whatever passes from now on, in the form that `access` may see; first a
    /// `reply.snapshot` of a reply that is being shown. Ends when the reader is too slow or the server drains.
    func frames(
        of conversationId: Identifier<Conversation>, after: Int64, by access: Access
    ) async throws -> any AsyncSequence<StreamFrame, any Error> & Sendable

    /// Somebody has read up to `seq`: a `receipt` for the others.
    func noteRead(_ conversationId: Identifier<Conversation>, upTo seq: Int64, by access: Access)
}
