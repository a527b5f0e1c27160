import Domain

/// Columns and decoding of events, with the actor's name and the message joined in.
enum EventRow {
    /// Select list for events `e`; needs ``joins``.
    static let columns = """
        e.id, e.workspace_id, e.conversation_id, e.seq, e.kind, e.actor_kind, e.actor_id, \
        COALESCE(actor_user.name, actor_contact.name), e.payload, e.created_at, \(MessageRow.columns)
        """
    static let joins = """
        LEFT JOIN users actor_user ON e.actor_kind = 'agent' AND actor_user.id = e.actor_id \
        LEFT JOIN contacts actor_contact ON e.actor_kind = 'contact' AND actor_contact.id = e.actor_id \
        LEFT JOIN messages m ON m.id = e.message_id \(MessageRow.joins)
        """
    private static let messageStart = 10

    /// Decodes the columns that start at `start`.
    /// - Parameter conversation: reads a conversation as it is now, for the event of its beginning.
    static func decode(
        _ row: any SQLRow, from start: Int = 0,
        conversation: (Identifier<Conversation>) throws -> Conversation
    ) throws -> Event {
        guard let kind = Event.Kind(rawValue: row.text(start + 4)) else {
            throw StorageFailure.broken("unknown event kind \(row.text(start + 4))")
        }
        let conversationId = row.identifier(start + 2, of: Conversation.self)
        var created: Conversation?
        if kind == .conversationCreated {
            created = try conversation(conversationId)
            created?.unread = 0
        }
        return Event(
            id: row.identifier(start), workspaceId: row.identifier(start + 1), conversationId: conversationId,
            seq: row.integer(start + 3), at: row.timestamp(start + 9),
            actor: Actor(
                kind: Actor.Kind(rawValue: row.text(start + 5)) ?? .system, id: row.optionalInteger(start + 6),
                name: row.optionalText(start + 7)),
            body: try EventPayload.body(
                kind, payload: row.optionalText(start + 8),
                message: MessageRow.decode(row, from: start + messageStart), conversation: created))
    }
}
