/// A durable fact about a conversation, numbered without holes in the order of commits.
public struct Event: Sendable, Equatable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case messageCreated = "message.created"
        case messageUpdated = "message.updated"
        case messageCompleted = "message.completed"
        case messageDeleted = "message.deleted"
        case conversationCreated = "conversation.created"
        case conversationUpdated = "conversation.updated"
    }

    public enum FinishReason: String, Sendable, Codable, CaseIterable {
        case stop, length, partial
    }

    /// What happened. Messages stand here as they are now: a replayed event shows later edits.
    public enum Body: Sendable, Equatable {
        case messageCreated(Message)
        case messageUpdated(Message)
        case messageCompleted(Message, FinishReason)
        /// The tombstone.
        case messageDeleted(Message)
        case conversationCreated(Conversation)
        case conversationUpdated(ConversationChanges, reason: String?)
    }

    public var id: Identifier<Event>
    public var workspaceId: Identifier<Workspace>
    public var conversationId: Identifier<Conversation>
    public var seq: Int64
    public var at: Timestamp
    public var actor: Actor
    public var body: Body

    public init(
        id: Identifier<Event>, workspaceId: Identifier<Workspace>, conversationId: Identifier<Conversation>,
        seq: Int64, at: Timestamp, actor: Actor, body: Body
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.conversationId = conversationId
        self.seq = seq
        self.at = at
        self.actor = actor
        self.body = body
    }

    public var kind: Kind {
        switch body {
        case .messageCreated: .messageCreated
        case .messageUpdated: .messageUpdated
        case .messageCompleted: .messageCompleted
        case .messageDeleted: .messageDeleted
        case .conversationCreated: .conversationCreated
        case .conversationUpdated: .conversationUpdated
        }
    }

    /// The message that the event is about, or nil.
    public var message: Message? {
        switch body {
        case .messageCreated(let message), .messageUpdated(let message), .messageCompleted(let message, _),
            .messageDeleted(let message):
            message
        case .conversationCreated, .conversationUpdated: nil
        }
    }
}
