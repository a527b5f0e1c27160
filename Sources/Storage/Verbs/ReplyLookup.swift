public import Domain

/// The AI reply to a message of the contact.
public struct DueReply: Sendable, Equatable {
    /// Key of the reply's message, which may not exist yet or ever.
    public var id: Identifier<Message>
    /// Whether it has ended, in whichever way.
    public var isFinished: Bool
}

extension RowReader {
    /// The reply that answers `question`, or nil when none was ever due: it was said to a human, or not by the contact.
    public func reply(to question: Message) throws -> DueReply? {
        guard question.sender.kind == .contact else { return nil }
        // A job is made with its first question and takes in what follows until it is shown.
        return try connection.row(
            """
            SELECT id, finished_at FROM reply_jobs \
            WHERE conversation_id = ? AND question_seq >= ? AND first_question_seq <= ? ORDER BY question_seq LIMIT 1
            """, [.identifier(question.conversationId), .integer(question.seq), .integer(question.seq)]
        ) { DueReply(id: $0.identifier(0), isFinished: $0.optionalTimestamp(1) != nil) }
    }

    /// The generation of the reply whose message is `id`, under way or ended; nil when a person wrote that message.
    public func generation(ofReply id: Identifier<Message>) throws -> Int64? {
        try connection.integer("SELECT generation FROM reply_jobs WHERE id = ?", [.identifier(id)])
    }

    /// What the contact said last in a conversation, or nil.
    public func newestWords(
        of contactId: Identifier<Contact>, in conversationId: Identifier<Conversation>
    ) throws -> String? {
        try connection.row(
            """
            SELECT content FROM messages WHERE conversation_id = ? AND sender_kind = 'contact' AND sender_id = ? \
            ORDER BY seq DESC LIMIT 1
            """, [.identifier(conversationId), .identifier(contactId)]
        ) { $0.optionalText(0) } ?? nil
    }
}
