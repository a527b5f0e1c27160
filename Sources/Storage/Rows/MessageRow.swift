import Domain

/// Columns and decoding of messages, with the sender's name joined in.
enum MessageRow {
    /// Select list for messages `m`; needs ``joins``.
    static let columns = """
        m.id, m.workspace_id, m.conversation_id, m.seq, m.client_message_id, m.sender_kind, m.sender_id, m.kind, \
        m.content, m.sources, m.status, m.reply_to, m.created_at, m.edited_at, \
        COALESCE(sender_user.name, sender_contact.name), m.attachments
        """
    static let joins = """
        LEFT JOIN users sender_user ON m.sender_kind = 'agent' AND sender_user.id = m.sender_id \
        LEFT JOIN contacts sender_contact ON m.sender_kind = 'contact' AND sender_contact.id = m.sender_id
        """

    /// Decodes the columns that start at `start`; nil where an outer join found no message.
    static func decode(_ row: any SQLRow, from start: Int = 0) -> Message? {
        guard let id = row.optionalInteger(start) else { return nil }
        return Message(
            id: Identifier(id), workspaceId: row.identifier(start + 1), conversationId: row.identifier(start + 2),
            seq: row.integer(start + 3), clientMessageId: row.optionalText(start + 4),
            sender: Actor(
                kind: Actor.Kind(rawValue: row.text(start + 5)) ?? .system, id: row.optionalInteger(start + 6),
                name: row.optionalText(start + 14)),
            kind: Message.Kind(rawValue: row.text(start + 7)) ?? .text, content: row.text(start + 8),
            sources: row.optionalText(start + 9).flatMap { try? StoredJSON.decode([Message.Source].self, $0) } ?? [],
            status: Message.Status(rawValue: row.text(start + 10)) ?? .sent,
            replyTo: row.optionalInteger(start + 11).map { Identifier($0) },
            createdAt: row.timestamp(start + 12), editedAt: row.optionalTimestamp(start + 13),
            attachments: row.optionalText(start + 15).flatMap { try? StoredJSON.decode([Attachment].self, $0) } ?? [])
    }
}
