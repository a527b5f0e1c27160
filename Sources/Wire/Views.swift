public import Domain

// What clients see of the domain's values, named as in the contract once keys are snake-cased.

/// `message`
public struct MessageView: Codable, Sendable, Equatable {
    public struct Sender: Codable, Sendable, Equatable {
        public var kind: Actor.Kind
        @Nullable public var id: String?
        @Nullable public var name: String?
    }

    public struct Source: Codable, Sendable, Equatable {
        public var number: Int
        public var articleId: String
        public var title: String
        public var excerpt: String
        public var score: Double
    }

    public var id: String
    public var conversationId: String
    public var seq: Int64
    @Nullable public var clientMessageId: String?
    public var sender: Sender
    public var type: Message.Kind
    public var content: String
    public var attachments: [AttachmentView]
    public var sources: [Source]
    public var status: Message.Status
    @Nullable public var replyTo: String?
    public var createdAt: Timestamp
    @Nullable public var editedAt: Timestamp?
}

/// `attachment`: a file, beside a message or waiting to be sent with one.
public struct AttachmentView: Codable, Sendable, Equatable {
    public var id: String
    public var name: String
    /// By the file's own first bytes.
    public var mediaType: String
    /// Bytes.
    public var size: Int64
    /// Where its bytes are, without a token, for an hour at least: absolute when the server knows its public address, else
    /// from the server's root.
    public var url: String
}

/// `owner` as staff see it.
public struct OwnerView: Codable, Sendable, Equatable {
    public var kind: Owner.Kind
    @Nullable public var id: String?
    @Nullable public var name: String?
    public var epoch: Int64
}

/// `owner` as a contact sees it: no key of an agent.
public struct ContactOwnerView: Codable, Sendable, Equatable {
    public var kind: Owner.Kind
    @Nullable public var name: String?
    public var epoch: Int64
}

/// `conversation` as staff see it.
public struct ConversationView: Codable, Sendable, Equatable {
    public struct ContactSummary: Codable, Sendable, Equatable {
        public var id: String
        @Nullable public var name: String?
        @Nullable public var email: String?
    }

    public var id: String
    public var number: Int64
    @Nullable public var subject: String?
    public var status: Conversation.Status
    public var priority: Conversation.Priority
    public var inboxId: String
    public var contact: ContactSummary
    public var labels: [String]
    public var owner: OwnerView
    public var headSeq: Int64
    public var unread: Int
    @Nullable public var lastMessage: MessageView?
    @Nullable public var snoozedUntil: Timestamp?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
}

/// `conversation` as a contact sees it.
public struct ContactConversationView: Codable, Sendable, Equatable {
    public var id: String
    public var number: Int64
    @Nullable public var subject: String?
    public var status: Conversation.Status
    public var owner: ContactOwnerView
    public var headSeq: Int64
    public var unread: Int
    @Nullable public var lastMessage: MessageView?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
}

/// `session`
public struct SessionView: Codable, Sendable, Equatable {
    public var id: String
    public var status: ChatSession.Status
    public var contactId: String
    public var conversationId: String
    @Nullable public var locale: String?
    public var metadata: JSONValue
    public var createdAt: Timestamp
    public var lastActiveAt: Timestamp
    public var expiresAt: Timestamp
}

/// A contact as staff see it.
public struct ContactView: Codable, Sendable, Equatable {
    public var id: String
    @Nullable public var name: String?
    @Nullable public var email: String?
    @Nullable public var phone: String?
    @Nullable public var externalId: String?
    /// What the visitor said of itself without proof.
    @Nullable public var claimedEmail: String?
    @Nullable public var claimedExternalId: String?
    public var attributes: JSONValue
    @Nullable public var locale: String?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
}

/// `user`
public struct UserView: Codable, Sendable, Equatable {
    public var id: String
    public var email: String
    public var name: String
    /// Name of a built-in role or of one of the workspace's own.
    public var role: String
    public var permissions: [String]
    public var status: User.Status
    @Nullable public var locale: String?
    public var createdAt: Timestamp
    @Nullable public var lastLoginAt: Timestamp?
}

/// `article`
public struct ArticleView: Codable, Sendable, Equatable {
    public var id: String
    public var title: String
    public var content: String
    public var locale: String
    public var questions: [String]
    public var status: Article.Status
    public var version: Int64
    public var updatedAt: Timestamp
}
