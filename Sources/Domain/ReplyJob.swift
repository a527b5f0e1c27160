/// An AI reply that is owed. It is written with the message that asks for it, so that no crash forgets a question.
public struct ReplyJob: Sendable, Equatable {
    public enum State: String, Sendable, Codable, CaseIterable {
        /// Waits for the reply before it to end.
        case queued
        /// Being made; nothing was shown yet, so a further question still joins it.
        case running
        /// Its message exists and its text is being shown.
        case shown
        /// Ended: `message.completed`, `cancelled`, or nothing to show.
        case ended
    }

    /// Key of the reply's message, known before the message exists.
    public var id: Identifier<Message>
    public var workspaceId: Identifier<Workspace>
    public var conversationId: Identifier<Conversation>
    public var state: State
    /// The owner epoch that the reply was begun under. The database refuses its writes once that has moved.
    public var ownerEpoch: Int64
    /// `seq` of the newest message that the reply answers.
    public var questionSeq: Int64
    /// Since when the contact waits for it: the newest question, or the end of the reply before it.
    public var questionAt: Timestamp
    /// Grows each time that somebody else takes the reply over or it starts anew in sight of the customer.
    public var generation: Int64
    public var leaseOwner: String
    public var leaseUntil: Timestamp
    /// The text as it was last saved.
    public var checkpoint: String

    public init(
        id: Identifier<Message>, workspaceId: Identifier<Workspace>, conversationId: Identifier<Conversation>,
        state: State, ownerEpoch: Int64, questionSeq: Int64, questionAt: Timestamp, generation: Int64,
        leaseOwner: String, leaseUntil: Timestamp, checkpoint: String
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.conversationId = conversationId
        self.state = state
        self.ownerEpoch = ownerEpoch
        self.questionSeq = questionSeq
        self.questionAt = questionAt
        self.generation = generation
        self.leaseOwner = leaseOwner
        self.leaseUntil = leaseUntil
        self.checkpoint = checkpoint
    }
}
