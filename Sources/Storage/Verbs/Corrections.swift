public import Domain

/// An answer of the assistant with what was said around it.
public struct ReplyToCorrect: Sendable, Equatable {
    public var reply: Message
    /// What it answered; nil where nothing of the customer is left.
    public var question: Message?
    /// What staff told the customer afterwards, up to the assistant's next words.
    public var answers: [Message]
}

extension RowReader {
    /// Messages of staff that are read as the right answer.
    private static var maximumAnswers: Int64 { 20 }

    /// An answer of the assistant that somebody finds wrong.
    /// - Throws: ``Refusal/notFound``; ``Refusal/conflict(_:)`` for what is no answer, or is still being written.
    public func replyToCorrect(
        _ id: Identifier<Message>, in conversationId: Identifier<Conversation>, by access: Access
    ) throws -> ReplyToCorrect {
        try access.require(.knowledgeWrite)
        let reply = try message(id, in: conversationId, by: access)
        guard reply.sender.kind == .ai, reply.kind == .text, reply.status != .deleted else {
            throw Refusal.conflict("only an answer of the assistant can be corrected")
        }
        guard reply.status != .streaming else { throw Refusal.conflict("the answer is still being written") }
        let asked = try connection.integer("SELECT question_seq FROM reply_jobs WHERE id = ?", [.identifier(id)])
        let question = try spoken(
            "m.sender_kind = 'contact' AND m.seq <= ?", [.integer(min(asked ?? reply.seq, reply.seq))],
            in: conversationId, order: "DESC", limit: 1)
        let answers = try spoken(
            "m.sender_kind = 'agent' AND m.seq > ?", [.integer(reply.seq)], in: conversationId, order: "ASC",
            limit: Self.maximumAnswers)
        guard let first = answers.first else {
            return ReplyToCorrect(reply: reply, question: question.first, answers: [])
        }
        let next = try connection.integer(
            "SELECT min(seq) FROM messages WHERE conversation_id = ? AND sender_kind = 'ai' AND seq > ?",
            [.identifier(conversationId), .integer(first.seq)])
        return ReplyToCorrect(
            reply: reply, question: question.first, answers: answers.filter { $0.seq < next ?? Int64.max })
    }

    /// Messages in words that the customer can see.
    private func spoken(
        _ condition: String, _ arguments: [SQLValue], in conversationId: Identifier<Conversation>, order: String,
        limit: Int64
    ) throws -> [Message] {
        try connection.rows(
            """
            SELECT \(MessageRow.columns) FROM messages m \(MessageRow.joins) WHERE m.conversation_id = ? \
            AND m.kind IN ('text', 'file') AND m.status <> 'deleted' AND m.content <> '' AND \(condition) \
            ORDER BY m.seq \(order) LIMIT ?
            """, [.identifier(conversationId)] + arguments + [.integer(limit)]
        ) { MessageRow.decode($0) }.compactMap { $0 }
    }
}

extension Transaction {
    /// Adds the article that corrects an answer, once.
    /// - Returns: the article, and whether it was there before.
    public func addCorrection(
        _ correction: ImportedArticle, by access: Access
    ) throws -> (article: Article, isKnown: Bool) {
        try access.require(.knowledgeRead)
        if let known = try article(from: correction.source, by: access) { return (known, true) }
        do {
            let article = try createArticle(
                title: correction.title, content: correction.content, locale: correction.locale,
                questions: correction.questions, status: .draft, source: correction.source, by: access)
            return (article, false)
        } catch StorageFailure.constraint {
            // Somebody else clicked at the same moment, on another node.
            guard let known = try article(from: correction.source, by: access) else { throw Refusal.notFound }
            return (known, true)
        }
    }
}
