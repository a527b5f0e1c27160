public import Domain

extension Transaction {
    /// Numbers an event and writes it to the log. The caller holds the conversation's lock through `state`.
    /// - Parameter isAnswered: of a completed reply, whether the assistant knew an answer.
    @discardableResult
    func append(
        _ body: Event.Body, actor: Actor, isAnswered: Bool? = nil, to state: inout ConversationState
    ) throws -> Event {
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
                .identifier(event.message?.id), .optional(try EventPayload(body, isAnswered: isAnswered)?.stored()),
                .time(now),
            ])
        event.id = Identifier(connection.lastInsertedKey)
        committed.events.append(event)
        return event
    }

    /// Writes the head that the command's events have moved, once per command.
    func saveHead(of state: ConversationState) throws {
        let isListed = state.listedAt != nil || state.lastMessageId != nil
        guard state.changesLists || (isListed && ListOrder.isBehind(state.listedAt, at: now)) else {
            // Names no column of an index: most of a busy conversation's messages come here.
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
            return
        }
        let listedAt = isListed ? now : nil
        try connection.run(
            """
            UPDATE conversation_heads SET head_seq = ?, updated_at = ?, \
            last_message_id = COALESCE(?, last_message_id), \
            last_visible_message_id = COALESCE(?, last_visible_message_id), \
            listed_at = ?, status = ?, priority = ?, owner_kind = ?, owner_id = ? WHERE conversation_id = ?
            """,
            [
                .integer(state.headSeq), .time(now), .identifier(state.lastMessageId),
                .identifier(state.lastVisibleMessageId), .time(listedAt), .text(state.status.rawValue),
                .text(state.priority.rawValue), .text(state.owner.kind.rawValue), .optional(state.owner.id),
                .identifier(state.id),
            ])
        guard state.isLabelled else { return }
        try connection.run(
            "UPDATE conversation_labels SET status = ?, listed_at = ? WHERE conversation_id = ?",
            [.text(state.status.rawValue), .time(listedAt), .identifier(state.id)])
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
        try events(of: readable(conversationId, by: access), page, isWithinScope: true, by: access)
    }

    /// The same for a reader who was within its scope when it began to read: also what came after that, up to and with the change
    /// that took the conversation beyond it. Where that is, the caller finds.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden`` when `access` may read no conversation at all.
    public func replay(
        of conversationId: Identifier<Conversation>, _ page: SeqPage, by access: Access
    ) throws -> SeqSlice<Event> {
        guard access.staff != nil else { return try events(of: conversationId, page, by: access) }
        try access.require(.conversationsRead)
        let state = try readable(conversationId, by: .server(of: access.workspaceId))
        let isWithinScope = access.allows(.conversationsRead, on: state.owner)
        return try events(of: state, page, isWithinScope: isWithinScope, by: access)
    }

    private func events(
        of state: ConversationState, _ page: SeqPage, isWithinScope: Bool, by access: Access
    ) throws -> SeqSlice<Event> {
        let conversationId = state.id
        let (comparison, bound, order) = page.sqlBounds
        var events: [Event] = []
        var bytes = 0
        var hasMore = false
        try connection.each(
            """
            SELECT \(EventRow.columns) FROM events e \(EventRow.joins) \
            WHERE e.conversation_id = ? AND e.seq \(comparison) ? ORDER BY e.seq \(order) LIMIT ?
            """,
            [.identifier(conversationId), .integer(bound), .integer(Int64(page.limit) + 1)]
        ) { row in
            guard events.count < page.limit, events.isEmpty || bytes < Self.eventPageBytes else {
                hasMore = true
                return false
            }
            let event = try EventRow.decode(row) { id in
                var conversation = try changed(id, for: access)
                // As it is now, which is more than a reader may see who lost it on the way.
                if !isWithinScope { conversation.lastMessage = nil }
                return conversation
            }
            bytes += event.message?.content.utf8.count ?? 0
            events.append(event)
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
struct EventPayload: Codable {
    /// Of a creation, the fields that the conversation began with: its row has those of now.
    var changes: ConversationChanges?
    var reason: String?
    var finishReason: Event.FinishReason?
    /// Of a completed reply, whether the assistant knew an answer, and named sources: the message may be deleted later.
    var isAnswered: Bool?
    var hasSources: Bool?

    init() {}

    /// Nil when the message's key says it all.
    init?(_ body: Event.Body, isAnswered: Bool?) {
        switch body {
        case .messageCreated, .messageUpdated, .messageDeleted: return nil
        case .conversationCreated(let conversation):
            var initial = ConversationChanges()
            initial.status = conversation.status
            initial.priority = conversation.priority
            initial.owner = conversation.owner
            changes = initial
        case .messageCompleted(let message, let reason):
            finishReason = reason
            self.isAnswered = isAnswered
            hasSources = !message.sources.isEmpty
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
