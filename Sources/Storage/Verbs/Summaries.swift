public import Domain

/// What the next summary of a conversation is made from, as it stood at one moment.
public struct SummarySource: Sendable, Equatable {
    public var conversationId: Identifier<Conversation>
    public var workspaceId: Identifier<Workspace>
    /// The one that there is.
    public var summary: ConversationSummary?
    /// What was said since, oldest first. No notes, nothing deleted.
    public var messages: [Message]
    let contactId: Identifier<Contact>
    /// What happened later may have changed what was read.
    let headSeq: Int64
}

extension RowReader {
    /// What was said between two places of a conversation, oldest first: the newest `limit` messages of it. No notes, nothing
    /// deleted.
    /// - Parameters:
    ///   - after: the `seq` before the first one.
    ///   - last: the `seq` of the last one.
    /// - Throws: ``Refusal/notFound``.
    public func spoken(
        in conversationId: Identifier<Conversation>, after: Int64, upTo last: Int64, limit: Int, by access: Access
    ) throws -> SeqSlice<Message> {
        let state = try readable(conversationId, by: access)
        var items = try connection.rows(
            """
            SELECT \(MessageRow.columns) FROM messages m \(MessageRow.joins) WHERE m.conversation_id = ? \
            AND m.seq > ? AND m.seq <= ? AND m.kind <> 'note' AND m.status <> 'deleted' ORDER BY m.seq DESC LIMIT ?
            """, [.identifier(conversationId), .integer(after), .integer(last), .integer(Int64(limit) + 1)]
        ) { MessageRow.decode($0) }.compactMap { $0 }
        let hasMore = items.count > limit
        if hasMore { items.removeLast() }
        return SeqSlice(items: items.reversed(), headSeq: state.headSeq, hasMore: hasMore)
    }

    /// How much was said in a conversation since it was last summed up: messages, and at least as many as the characters in
    /// them. Cheap, to tell whether looking closer is worth it.
    public func unsummedLength(
        of conversationId: Identifier<Conversation>
    ) throws -> (messages: Int, characters: Int) {
        // SQLite counts characters, MySQL counts bytes.
        try connection.row(
            """
            SELECT COUNT(*), CAST(SUM(LENGTH(content)) AS SIGNED) FROM messages WHERE conversation_id = ? AND seq > \
            COALESCE((SELECT up_to_seq FROM conversation_summaries WHERE conversation_id = ?), 0)
            """, [.identifier(conversationId), .identifier(conversationId)]
        ) { (Int($0.integer(0)), Int($0.integer(1))) } ?? (0, 0)
    }

    /// What the next summary of a conversation is to be made from; nil when its contact is forgotten.
    /// - Parameter limit: messages; the oldest of those that no summary covers.
    /// - Throws: ``Refusal/notFound``.
    public func summarySource(
        of conversationId: Identifier<Conversation>, in workspaceId: Identifier<Workspace>, limit: Int
    ) throws -> SummarySource? {
        let state = try readable(conversationId, by: .server(of: workspaceId))
        guard try isKnown(state.contactId) else { return nil }
        let summary = try connection.row(
            "SELECT up_to_seq, version, content FROM conversation_summaries WHERE conversation_id = ?",
            [.identifier(conversationId)]
        ) { ConversationSummary(upToSeq: $0.integer(0), version: $0.integer(1), text: $0.text(2)) }
        let messages = try connection.rows(
            """
            SELECT \(MessageRow.columns) FROM messages m \(MessageRow.joins) WHERE m.conversation_id = ? \
            AND m.seq > ? AND m.kind <> 'note' AND m.status <> 'deleted' ORDER BY m.seq LIMIT ?
            """, [.identifier(conversationId), .integer(summary?.upToSeq ?? 0), .integer(Int64(limit))]
        ) { MessageRow.decode($0) }.compactMap { $0 }
        return SummarySource(
            conversationId: conversationId, workspaceId: workspaceId, summary: summary, messages: messages,
            contactId: state.contactId, headSeq: state.headSeq)
    }

    fileprivate func isKnown(_ contact: Identifier<Contact>) throws -> Bool {
        try connection.integer(
            "SELECT 1 FROM contacts WHERE id = ? AND deleted_at IS NULL", [.identifier(contact)]) != nil
    }
}

extension Transaction {
    /// Keeps a summary, unless something it was made from has changed: another node was faster, a message was edited or
    /// deleted, the contact was forgotten or is another one now.
    /// - Parameter seq: of the newest message that it covers.
    /// - Returns: whether it was kept.
    public func keepSummary(_ text: String, upTo seq: Int64, from source: SummarySource) throws -> Bool {
        let id = source.conversationId
        try lock(id)
        // Whoever forgets the contact at this moment comes before, and is seen, or behind, and finds what is kept here.
        try lock(source.contactId)
        let state = try readable(id, by: .server(of: source.workspaceId))
        guard state.contactId == source.contactId, try isKnown(source.contactId) else { return false }
        // Also what is not covered: better one summary too few than a text in it that somebody took back.
        let changed = try connection.integer(
            """
            SELECT 1 FROM events WHERE conversation_id = ? AND seq > ? \
            AND kind IN ('message.updated', 'message.deleted') LIMIT 1
            """, [.identifier(id), .integer(source.headSeq)])
        guard changed == nil else { return false }
        if let old = source.summary {
            guard seq > old.upToSeq else { return false }
            return try connection.run(
                """
                UPDATE conversation_summaries SET up_to_seq = ?, version = version + 1, content = ?, updated_at = ? \
                WHERE conversation_id = ? AND version = ? AND up_to_seq = ?
                """,
                [
                    .integer(seq), .text(text), .time(now), .identifier(id), .integer(old.version),
                    .integer(old.upToSeq),
                ]) == 1
        }
        do {
            try connection.run(
                """
                INSERT INTO conversation_summaries (conversation_id, workspace_id, up_to_seq, version, content, updated_at) \
                VALUES (?, ?, ?, 1, ?, ?)
                """,
                [.identifier(id), .identifier(source.workspaceId), .integer(seq), .text(text), .time(now)])
            return true
        } catch StorageFailure.constraint {
            return false
        }
    }

    /// Forgets what was summed up of a conversation, because a message that it covers is not what it was.
    func forgetSummary(of conversationId: Identifier<Conversation>, covering seq: Int64) throws {
        try connection.run(
            "DELETE FROM conversation_summaries WHERE conversation_id = ? AND up_to_seq >= ?",
            [.identifier(conversationId), .integer(seq)])
    }

    /// Forgets what was summed up of all conversations of a contact.
    func forgetSummaries(of contactId: Identifier<Contact>, in workspaceId: Identifier<Workspace>) throws {
        try connection.run(
            """
            DELETE FROM conversation_summaries \
            WHERE conversation_id IN (SELECT id FROM conversations WHERE workspace_id = ? AND contact_id = ?)
            """, [.identifier(workspaceId), .identifier(contactId)])
    }
}
