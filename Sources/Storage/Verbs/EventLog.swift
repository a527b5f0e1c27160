public import Domain

extension Transaction {
    /// Numbers an event and writes it to the log. The caller holds the conversation's lock through `state`.
    @discardableResult
    func append(_ body: Event.Body, actor: Actor, to state: inout ConversationState) throws -> Event {
        state.headSeq += 1
        var event = Event(
            id: Identifier(0), workspaceId: state.workspaceId, conversationId: state.id, seq: state.headSeq, at: now,
            actor: actor, body: body)
        try connection.run(
            """
            INSERT INTO events (workspace_id, conversation_id, seq, kind, actor_kind, actor_id, message_id, payload, \
            created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(state.workspaceId), .identifier(state.id), .integer(event.seq),
                .text(event.kind.rawValue), .text(actor.kind.rawValue), .optional(actor.id),
                .identifier(event.message?.id), .optional(try EventPayload(body)?.stored()), .time(now),
            ])
        event.id = Identifier(connection.lastInsertedKey)
        committed.events.append(event)
        return event
    }

    /// Writes the head that the command's events have moved, once per command.
    func saveHead(of state: ConversationState) throws {
        try connection.run(
            """
            UPDATE conversation_heads SET head_seq = ?, updated_at = ?, \
            last_message_id = COALESCE(?, last_message_id), \
            last_visible_message_id = COALESCE(?, last_visible_message_id) WHERE conversation_id = ?
            """,
            [
                .integer(state.headSeq), .time(now), .identifier(state.lastMessageId),
                .identifier(state.lastVisibleMessageId), .identifier(state.id),
            ])
    }
}

extension RowReader {
    /// Bytes of message text after which a page of events ends early. Contract: replay is pulled in pages of at most
    /// 128 KiB; names, numbers and quotes take the rest.
    static var eventPageBytes: Int { 96 * 1024 }

    /// Durable events of a conversation by `seq`, as the socket would replay them. Who may see which is not decided here.
    /// - Throws: ``Refusal/notFound`` when `access` may not read the conversation.
    public func events(
        of conversationId: Identifier<Conversation>, _ page: SeqPage, by access: Access
    ) throws -> SeqSlice<Event> {
        let state = try readable(conversationId, by: access)
        let (comparison, bound, order) = page.sqlBounds
        var events: [Event] = []
        var bytes = 0
        var hasMore = false
        var createdConversation: Conversation?
        try connection.each(
            """
            SELECT e.id, e.seq, e.kind, e.actor_kind, e.actor_id, COALESCE(actor_user.name, actor_contact.name), \
            e.payload, e.created_at, \(MessageRow.columns) FROM events e \
            LEFT JOIN users actor_user ON e.actor_kind = 'agent' AND actor_user.id = e.actor_id \
            LEFT JOIN contacts actor_contact ON e.actor_kind = 'contact' AND actor_contact.id = e.actor_id \
            LEFT JOIN messages m ON m.id = e.message_id \(MessageRow.joins) \
            WHERE e.conversation_id = ? AND e.seq \(comparison) ? ORDER BY e.seq \(order) LIMIT ?
            """,
            [.identifier(conversationId), .integer(bound), .integer(Int64(page.limit) + 1)]
        ) { row in
            guard events.count < page.limit, events.isEmpty || bytes < Self.eventPageBytes else {
                hasMore = true
                return false
            }
            guard let kind = Event.Kind(rawValue: row.text(2)) else {
                throw StorageFailure.broken("unknown event kind \(row.text(2))")
            }
            if kind == .conversationCreated, createdConversation == nil {
                createdConversation = try conversation(conversationId, by: access)
                createdConversation?.unread = 0
            }
            let message = MessageRow.decode(row, from: 8)
            bytes += message?.content.utf8.count ?? 0
            events.append(
                Event(
                    id: row.identifier(0), workspaceId: state.workspaceId, conversationId: conversationId,
                    seq: row.integer(1), at: row.timestamp(7),
                    actor: Actor(
                        kind: Actor.Kind(rawValue: row.text(3)) ?? .system, id: row.optionalInteger(4),
                        name: row.optionalText(5)),
                    body: try EventPayload.body(
                        kind, payload: row.optionalText(6), message: message, conversation: createdConversation)))
            return true
        }
        return SeqSlice(items: events, headSeq: state.headSeq, hasMore: hasMore)
    }

    /// Newest `seq` of each of `conversations` that exists.
    public func heads(of conversations: [Identifier<Conversation>]) throws -> [Identifier<Conversation>: Int64] {
        var heads: [Identifier<Conversation>: Int64] = [:]
        for id in conversations {
            heads[id] = try connection.integer(
                "SELECT head_seq FROM conversation_heads WHERE conversation_id = ?", [.identifier(id)])
        }
        return heads
    }
}

extension SeqPage {
    /// Comparison, bound and order of the page in SQL.
    var sqlBounds: (comparison: String, bound: Int64, order: String) {
        switch direction {
        case .after(let seq): (">", seq, "ASC")
        case .before(let seq): ("<", seq ?? Int64.max, "DESC")
        }
    }
}

/// What an event keeps beside its message's key.
private struct EventPayload: Codable {
    var changes: ConversationChanges?
    var reason: String?
    var finishReason: Event.FinishReason?

    /// Nil when the message's key says it all.
    init?(_ body: Event.Body) {
        switch body {
        case .messageCreated, .messageUpdated, .messageDeleted, .conversationCreated: return nil
        case .messageCompleted(_, let reason): finishReason = reason
        case .conversationUpdated(let changes, let reason):
            self.changes = changes
            self.reason = reason
        }
    }

    func stored() throws -> String { try StoredJSON.encode(self) }

    static func body(
        _ kind: Event.Kind, payload: String?, message: Message?, conversation: Conversation?
    ) throws -> Event.Body {
        let stored = try payload.map { try StoredJSON.decode(EventPayload.self, $0) }
        switch (kind, message, conversation) {
        case (.messageCreated, let message?, _): return .messageCreated(message)
        case (.messageUpdated, let message?, _): return .messageUpdated(message)
        case (.messageCompleted, let message?, _): return .messageCompleted(message, stored?.finishReason ?? .stop)
        case (.messageDeleted, let message?, _): return .messageDeleted(message)
        case (.conversationCreated, _, let conversation?): return .conversationCreated(conversation)
        case (.conversationUpdated, _, _):
            return .conversationUpdated(stored?.changes ?? ConversationChanges(), reason: stored?.reason)
        default: throw StorageFailure.broken("event \(kind.rawValue) without its row")
        }
    }
}
