public import Domain

/// A receipt with what it is of.
public struct KeptReceipt: Sendable, Equatable {
    public var messageId: Identifier<Message>
    public var conversationId: Identifier<Conversation>
    public var receipt: ReplyReceipt
    /// In millionths of the receipt's currency; nil where a price is not known.
    public var costMicros: Int64?
    public var createdAt: Timestamp
}

extension Transaction {
    /// Keeps how a reply came about, with what it cost, and books that in place of what was reserved for it: to be called in
    /// the transaction that ends the reply, before its end.
    public func keep(_ receipt: ReplyReceipt, of job: ReplyJob) throws {
        let receipt = try priced(receipt, in: job.workspaceId)
        try insert(receipt, of: job)
        try settle(receipt.attempts, for: job.id, in: job.conversationId, of: job.workspaceId)
    }

    /// The same for a run that may not end its reply any more: another run has the reply, which keeps its own receipt, or its
    /// conversation was given to somebody else before anything was shown. What was used was used all the same.
    public func keepLate(_ receipt: ReplyReceipt, of job: ReplyJob) throws {
        let receipt = try priced(receipt, in: job.workspaceId)
        // Of the run's own end, which may have come to pass without its hearing of it, or of nobody's.
        let isKept = try connection.integer(
            """
            SELECT EXISTS (SELECT 1 FROM reply_receipts WHERE message_id = reply_jobs.id) FROM reply_jobs \
            WHERE id = ? AND generation = ? AND finished_at IS NOT NULL
            """, [.identifier(job.id), .integer(job.generation)])
        if isKept == 1 { return }
        if isKept == 0 { try insert(receipt, of: job) }
        try settle(
            receipt.attempts, for: isKept == 0 ? job.id : nil, in: job.conversationId, of: job.workspaceId)
    }

    private func priced(_ receipt: ReplyReceipt, in workspaceId: Identifier<Workspace>) throws -> ReplyReceipt {
        var receipt = receipt
        receipt.attempts = try priced(receipt.attempts, in: workspaceId)
        // Nothing is nothing in every currency.
        if let cost = receipt.costMicros, cost > 0 {
            receipt.currency = try settings(of: workspaceId).assistant.currency
        }
        return receipt
    }

    private func insert(_ receipt: ReplyReceipt, of job: ReplyJob) throws {
        let last = receipt.attempts.last
        try connection.run(
            """
            INSERT INTO reply_receipts (message_id, workspace_id, conversation_id, provider, model, input_tokens, \
            output_tokens, cost_micros, content, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(job.id), .identifier(job.workspaceId), .identifier(job.conversationId),
                .optional(last?.provider), .optional(last?.model), .integer(Int64(clamping: receipt.inputTokens)),
                .integer(Int64(clamping: receipt.outputTokens)), .optional(receipt.costMicros),
                .text(try StoredJSON.encode(receipt)), .time(now),
            ])
    }
}

extension RowReader {
    /// How the AI message `id` came about, or why there is no such message.
    /// - Throws: ``Refusal/notFound`` when the conversation has no reply of this key, or it has no receipt.
    public func receipt(
        of id: Identifier<Message>, in conversationId: Identifier<Conversation>, by access: Access
    ) throws -> KeptReceipt {
        try access.require(.assistantRead)
        // Of a reply that failed there is no message.
        _ = try conversation(conversationId, by: access)
        let found = try connection.row(
            "SELECT content, cost_micros, created_at FROM reply_receipts WHERE message_id = ? AND conversation_id = ?",
            [.identifier(id), .identifier(conversationId)]
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
