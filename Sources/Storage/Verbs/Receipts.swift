public import Domain

/// A receipt with what it is of.
public struct KeptReceipt: Sendable, Equatable {
    public var messageId: Identifier<Message>
    public var conversationId: Identifier<Conversation>
    public var receipt: ReplyReceipt
    /// In millionths of the price's currency; nil where no price is known.
    public var costMicros: Int64?
    public var createdAt: Timestamp
}

extension Transaction {
    /// Keeps how a reply came about, in the transaction that ends it.
    public func keep(_ receipt: ReplyReceipt, of job: ReplyJob) throws {
        let last = receipt.attempts.last
        try connection.run(
            """
            INSERT INTO reply_receipts (message_id, workspace_id, conversation_id, provider, model, input_tokens, \
            output_tokens, content, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(job.id), .identifier(job.workspaceId), .identifier(job.conversationId),
                .optional(last?.provider), .optional(last?.model), .integer(Int64(receipt.inputTokens)),
                .integer(Int64(receipt.outputTokens)), .text(try StoredJSON.encode(receipt)), .time(now),
            ])
    }
}

extension RowReader {
    /// How the AI message `id` came about.
    /// - Throws: ``Refusal/notFound`` when there is no such message in the conversation, or it has no receipt.
    public func receipt(
        of id: Identifier<Message>, in conversationId: Identifier<Conversation>, by access: Access
    ) throws -> KeptReceipt {
        try access.require(.assistantRead)
        _ = try message(id, in: conversationId, by: access)
        let found = try connection.row(
            "SELECT content, cost_micros, created_at FROM reply_receipts WHERE message_id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(access.workspaceId)]
        ) {
            KeptReceipt(
                messageId: id, conversationId: conversationId,
                receipt: try StoredJSON.decode(ReplyReceipt.self, $0.text(0)), costMicros: $0.optionalInteger(1),
                createdAt: $0.timestamp(2))
        }
        guard let found else { throw Refusal.notFound }
        return found
    }
}
