/// Something that was said in a conversation.
public struct Message: Sendable, Equatable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case text
        /// For staff only. Never shown to the contact, never sent to a model.
        case note
        case event
        /// Files, with or without words of theirs.
        case file

        /// What people write. The other comes into being otherwise.
        public static let written: Set<Kind> = [.text, .note, .file]
    }

    public enum Status: String, Sendable, Codable, CaseIterable {
        case sent
        /// An AI reply whose text is still growing.
        case streaming
        case complete
        /// An AI reply that broke off and could not be finished better.
        case partial
        /// An AI reply that was stopped; what was shown is kept.
        case cancelled
        /// A tombstone: the text is gone.
        case deleted
    }

    /// The longest text over HTTP, in Unicode scalars. Contract: 1…16 000.
    public static let maximumScalars = 16_000
    /// The longest client message id, in UTF-8 bytes.
    public static let maximumClientIdBytes = 64

    public var id: Identifier<Message>
    public var workspaceId: Identifier<Workspace>
    public var conversationId: Identifier<Conversation>
    /// `seq` of its `message.created`.
    public var seq: Int64
    public var clientMessageId: String?
    public var sender: Actor
    public var kind: Kind
    public var content: String
    public var sources: [Source]
    public var status: Status
    public var replyTo: Identifier<Message>?
    public var createdAt: Timestamp
    public var editedAt: Timestamp?
    /// Files beside the text, in the order in which they were sent.
    public var attachments: [Attachment]

    /// A passage that an AI reply rests on, under the number by which the text cites it.
    public struct Source: Sendable, Equatable, Codable {
        public var number: Int
        public var articleId: Identifier<Article>
        public var title: String
        public var excerpt: String
        /// 0…1
        public var score: Double

        public init(number: Int, articleId: Identifier<Article>, title: String, excerpt: String, score: Double) {
            self.number = number
            self.articleId = articleId
            self.title = title
            self.excerpt = excerpt
            self.score = score
        }
    }

    public init(
        id: Identifier<Message>, workspaceId: Identifier<Workspace>, conversationId: Identifier<Conversation>,
        seq: Int64, clientMessageId: String?, sender: Actor, kind: Kind, content: String, sources: [Source],
        status: Status, replyTo: Identifier<Message>?, createdAt: Timestamp, editedAt: Timestamp?,
        attachments: [Attachment] = []
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.conversationId = conversationId
        self.seq = seq
        self.clientMessageId = clientMessageId
        self.sender = sender
        self.kind = kind
        self.content = content
        self.sources = sources
        self.status = status
        self.replyTo = replyTo
        self.createdAt = createdAt
        self.editedAt = editedAt
        self.attachments = attachments
    }

    /// What is left of it once it is deleted: who said something, and when.
    public var tombstone: Message {
        var message = self
        message.content = ""
        message.sources = []
        message.attachments = []
        message.status = .deleted
        return message
    }
}

/// A message that somebody wants to send.
public struct MessageDraft: Sendable, Equatable {
    public var content: String
    public var clientMessageId: String?
    public var kind: Message.Kind
    public var replyTo: Identifier<Message>?
    /// Files that its sender has uploaded before. With them the content may be empty.
    public var attachmentIds: [Identifier<Attachment>]

    public init(
        content: String, clientMessageId: String? = nil, kind: Message.Kind = .text,
        replyTo: Identifier<Message>? = nil, attachmentIds: [Identifier<Attachment>] = []
    ) {
        self.content = content
        self.clientMessageId = clientMessageId
        self.kind = kind
        self.replyTo = replyTo
        self.attachmentIds = attachmentIds
    }
}
