import Domain

/// Columns and decoding of `statistics_conversations`.
enum FactRow {
    static let columns = """
        conversation_id, workspace_id, inbox_id, status, priority, owner_kind, owner_id, started_at, first_contact_at, \
        first_assistant_at, first_human_at, unanswered_since, waiting_since, open_since, traits
        """

    static func decode(_ row: any SQLRow) -> ConversationFact {
        ConversationFact(
            id: row.identifier(0), workspaceId: row.identifier(1), inboxId: row.identifier(2),
            status: Conversation.Status(rawValue: row.text(3)) ?? .open,
            priority: Conversation.Priority(rawValue: row.text(4)) ?? .normal,
            ownerKind: Owner.Kind(rawValue: row.text(5)) ?? .none, ownerId: row.optionalInteger(6),
            startedAt: row.optionalTimestamp(7), firstContactAt: row.optionalTimestamp(8),
            firstAssistantAt: row.optionalTimestamp(9), firstHumanAt: row.optionalTimestamp(10),
            unansweredSince: row.optionalTimestamp(11), waitingSince: row.optionalTimestamp(12),
            openSince: row.optionalTimestamp(13), traits: .init(rawValue: row.integer(14)))
    }

    static func values(_ fact: ConversationFact) -> [SQLValue] {
        [
            .identifier(fact.id), .identifier(fact.workspaceId), .identifier(fact.inboxId),
            .text(fact.status.rawValue), .text(fact.priority.rawValue), .text(fact.ownerKind.rawValue),
            .optional(fact.ownerId), .time(fact.startedAt), .time(fact.firstContactAt), .time(fact.firstAssistantAt),
            .time(fact.firstHumanAt), .time(fact.unansweredSince), .time(fact.waitingSince), .time(fact.openSince),
            .integer(fact.traits.rawValue),
        ]
    }
}

/// An event of the feed as the figures read it.
struct CountedEventRow {
    var position: Int64
    var at: Timestamp
    /// Nil for a kind that this build does not count.
    var event: CountedEvent?
}

extension RowReader {
    /// Events behind a place of the feed, in order.
    func countedEvents(after position: Int64, limit: Int) throws -> [CountedEventRow] {
        let column = connection.feedPosition
        // Most payloads are the same few texts.
        var payloads: [String: EventPayload] = [:]
        return try connection.rows(
            """
            SELECT e.\(column), e.created_at, e.workspace_id, e.conversation_id, e.kind, e.actor_kind, e.actor_id, \
            e.payload, c.inbox_id, m.kind, CASE WHEN m.sources IS NULL THEN 0 ELSE 1 END, \
            r.input_tokens, r.output_tokens, r.cost_micros FROM events e \
            LEFT JOIN conversations c ON c.id = e.conversation_id AND e.kind = 'conversation.created' \
            LEFT JOIN messages m ON m.id = e.message_id \
            LEFT JOIN reply_receipts r ON r.message_id = e.message_id AND e.actor_kind = 'ai' \
            WHERE e.\(column) > ? ORDER BY e.\(column) LIMIT ?
            """, [.integer(position), .integer(Int64(limit))]
        ) { row in
            CountedEventRow(
                position: row.integer(0), at: row.timestamp(1), event: try Self.countedEvent(row, &payloads))
        }
    }

    private static func countedEvent(
        _ row: any SQLRow, _ payloads: inout [String: EventPayload]
    ) throws -> CountedEvent? {
        guard let kind = Event.Kind(rawValue: row.text(4)) else { return nil }
        func payload() throws -> EventPayload? {
            guard let text = row.optionalText(7) else { return nil }
            if let known = payloads[text] { return known }
            let payload = try StoredJSON.decode(EventPayload.self, text)
            payloads[text] = payload
            return payload
        }
        var cost: CountedEvent.ReplyCost?
        if let input = row.optionalInteger(11) {
            cost = .init(inputTokens: input, outputTokens: row.integer(12), micros: row.optionalInteger(13))
        }
        let counted: CountedEvent.Kind
        switch kind {
        case .conversationCreated:
            counted = .conversationCreated(
                inbox: row.identifier(8), try payload()?.changes ?? ConversationChanges())
        case .conversationUpdated:
            let payload = try payload()
            counted = .conversationUpdated(payload?.changes ?? ConversationChanges(), reason: payload?.reason)
        case .messageCreated: counted = .messageCreated(Message.Kind(rawValue: row.text(9)) ?? .text)
        case .messageCompleted:
            let payload = try payload()
            let hasSources = payload?.hasSources ?? (row.integer(10) == 1)
            counted = .messageCompleted(
                payload?.finishReason ?? .stop, isAnswered: payload?.isAnswered ?? hasSources, hasSources: hasSources,
                cost)
        case .messageUpdated: counted = .messageUpdated(cost)
        case .messageDeleted: counted = .messageDeleted
        }
        return CountedEvent(
            workspaceId: row.identifier(2), conversationId: row.identifier(3), at: row.timestamp(1),
            actor: Actor.Kind(rawValue: row.text(5)) ?? .system, actorId: row.optionalInteger(6), kind: counted)
    }
}
