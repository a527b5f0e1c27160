import Crypto
public import Domain

/// What became of a send.
public struct SentMessage: Sendable, Equatable {
    public var message: Message
    /// The same send was committed before; this is that message.
    public var isDuplicate: Bool
}

extension Transaction {
    /// Sends a message, at most once per sender and client message id, for all time.
    ///
    /// A contact's message opens a snoozed or resolved conversation, renews the session, and, while the AI owns the
    /// conversation, owes a reply: all in the same transaction. A message of staff into a conversation that the AI owns
    /// takes it over first; a note does not.
    /// - Throws: ``Refusal/conversationClosed``, ``Refusal/idempotencyConflict``, ``Refusal/sessionOver``,
    ///   ``Refusal/notFound``, ``Refusal/forbidden``.
    public func send(
        _ draft: MessageDraft, to conversationId: Identifier<Conversation>, by access: Access
    ) throws -> SentMessage {
        if access.contact == nil {
            try access.require(.messagesWrite)
        } else if draft.kind == .note || draft.kind == .event {
            throw Refusal.forbidden
        }
        try lock(conversationId)
        let found = try sendRow(of: draft, to: conversationId, by: access)
        var state = found.state
        let digest = draft.digest
        if let earlier = found.earlier { return try earlierSend(earlier, digest: digest) }

        guard state.status != .closed else { throw Refusal.conversationClosed }
        var sender = access.actor
        if access.contact != nil {
            guard let session = found.session else { throw Refusal.sessionOver }
            try touch(session, atLeastEvery: ChatSession.activityGranularitySeconds)
            sender.name = found.contactName
        }
        if let replyTo = draft.replyTo { try requireMessage(replyTo, in: conversationId, by: access) }
        let files = try unsentAttachments(draft.attachmentIds, of: access)
        if access.staff != nil, draft.kind != .note, state.owner.kind == .ai {
            try change(ownerTo: ownerForStaff(access, after: state.owner), reason: nil, actor: access.actor, of: &state)
        }
        let message = try insert(
            draft, id: identifiers.next(), sender: sender, digest: digest, status: .sent, attachments: files,
            into: &state)
        try attach(files, to: message)
        if access.contact != nil, state.status.afterContactMessage != state.status {
            var changes = ConversationChanges()
            changes.status = state.status.afterContactMessage
            if state.status == .snoozed { changes.snoozedUntil = .init(nil) }
            if state.status == .resolved { changes.owner = try ownerAtReopening(of: state) }
            try apply(changes, reason: nil, actor: access.actor, to: &state)
        }
        if access.contact != nil, state.owner.kind == .ai { try oweReply(to: message, in: state) }
        try saveHead(of: state)
        return SentMessage(message: message, isDuplicate: false)
    }

    private func ownerForStaff(_ access: Access, after owner: Owner) -> Owner {
        owner.succeeded(by: .agent, id: access.staff?.userId.rawValue, name: access.staff?.name)
    }

    /// What a send by `access` looks at.
    /// - Throws: ``Refusal/notFound`` as ``readable(_:by:)`` does.
    private func sendRow(
        of draft: MessageDraft, to conversationId: Identifier<Conversation>, by access: Access
    ) throws -> SendRow {
        if access.contact == nil { try access.require(.conversationsRead) }
        let row = try connection.row(
            SendRow.query,
            [
                .identifier(access.contact?.sessionId), .optional(draft.clientMessageId),
                .text(access.actor.kind.rawValue), .optional(access.actor.id), .identifier(conversationId),
                .identifier(access.workspaceId),
            ], SendRow.decode)
        guard let row else { throw Refusal.notFound }
        if let contact = access.contact {
            guard contact.contactId == row.state.contactId else { throw Refusal.notFound }
        } else {
            // Whoever sends again what it has sent gets its answer, also when the conversation has left its scope since.
            guard row.earlier == nil else { return row }
            guard access.allows(.conversationsRead, on: row.state.owner) else { throw Refusal.notFound }
            try access.require(.messagesWrite, on: row.state.owner)
        }
        return row
    }

    /// Answers a send that was made before.
    private func earlierSend(_ id: Identifier<Message>, digest: [UInt8]) throws -> SentMessage {
        let found = try connection.row(
            "SELECT m.send_digest, \(MessageRow.columns) FROM messages m \(MessageRow.joins) WHERE m.id = ?",
            [.identifier(id)]
        ) { (digest: $0.optionalBlob(0), message: MessageRow.decode($0, from: 1)) }
        guard let found, let message = found.message else { throw Refusal.notFound }
        guard found.digest == digest else { throw Refusal.idempotencyConflict }
        return SentMessage(message: message, isDuplicate: true)
    }

    private func requireMessage(
        _ id: Identifier<Message>, in conversationId: Identifier<Conversation>, by access: Access
    ) throws {
        let kind = try connection.row(
            "SELECT kind FROM messages WHERE id = ? AND conversation_id = ?",
            [.identifier(id), .identifier(conversationId)]
        ) { Message.Kind(rawValue: $0.text(0)) ?? .text }
        guard let kind, Audience.isVisible(kind, to: access.viewer) else {
            throw Refusal.invalid([
                FieldProblem(field: "reply_to", code: "not_found", message: "no such message in this conversation")
            ])
        }
    }

    /// Adds a contact's name, which a token does not carry.
    func named(_ actor: Actor) throws -> Actor {
        guard actor.kind == .contact, actor.name == nil, let id = actor.id else { return actor }
        var actor = actor
        actor.name =
            try connection.row("SELECT name FROM contacts WHERE id = ?", [.integer(id)]) {
                $0.optionalText(0)
            } ?? nil
        return actor
    }

    /// Inserts a message and its `message.created`.
    func insert(
        _ draft: MessageDraft, id: Identifier<Message>, sender: Actor, digest: [UInt8]?, status: Message.Status,
        attachments: [Attachment] = [], into state: inout ConversationState
    ) throws -> Message {
        let message = Message(
            id: id, workspaceId: state.workspaceId, conversationId: state.id, seq: state.headSeq + 1,
            clientMessageId: draft.clientMessageId, sender: sender, kind: draft.kind, content: draft.content,
            sources: [], status: status, replyTo: draft.replyTo, createdAt: now, editedAt: nil,
            attachments: attachments)
        try connection.run(
            """
            INSERT INTO messages (id, workspace_id, conversation_id, seq, sender_kind, sender_id, client_message_id, \
            send_digest, kind, content, status, reply_to, created_at, attachments) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(id), .identifier(state.workspaceId), .identifier(state.id), .integer(message.seq),
                .text(sender.kind.rawValue), .optional(sender.id), .optional(draft.clientMessageId),
                digest.map { .blob($0) } ?? .null, .text(draft.kind.rawValue), .text(draft.content),
                .text(status.rawValue), .identifier(draft.replyTo), .time(now),
                attachments.isEmpty ? .null : .text(try StoredJSON.encode(attachments)),
            ])
        state.lastMessageId = id
        if Audience.isVisible(draft.kind, to: .contact) { state.lastVisibleMessageId = id }
        try append(.messageCreated(message), actor: sender, to: &state)
        return message
    }

    /// Notes how far a participant has read. Positions only move forward.
    /// - Returns: whether it moved.
    public func markRead(
        _ conversationId: Identifier<Conversation>, upTo seq: Int64, by access: Access
    ) throws -> Bool {
        let state = try readable(conversationId, by: access)
        let actor = access.actor
        guard let reader = actor.id else { return false }
        if let contact = access.contact {
            try touchSession(contact.sessionId, atLeastEvery: ChatSession.activityGranularitySeconds)
        }
        let bounded = min(seq, state.headSeq)
        let current = try readPosition(in: conversationId, of: actor)
        guard bounded > current else { return false }
        func move() throws -> Bool {
            try connection.run(
                """
                UPDATE read_positions SET seq = ? \
                WHERE conversation_id = ? AND reader_kind = ? AND reader_id = ? AND seq < ?
                """,
                [
                    .integer(bounded), .identifier(conversationId), .text(actor.kind.rawValue), .integer(reader),
                    .integer(bounded),
                ]) == 1
        }
        guard current == 0 else { return try move() }
        do {
            try connection.run(
                """
                INSERT INTO read_positions (conversation_id, reader_kind, reader_id, workspace_id, seq) \
                VALUES (?, ?, ?, ?, ?)
                """,
                [
                    .identifier(conversationId), .text(actor.kind.rawValue), .integer(reader),
                    .identifier(state.workspaceId), .integer(bounded),
                ])
            return true
        } catch StorageFailure.constraint {
            // The same reader on another node was faster.
            return try move()
        }
    }
}

extension RowReader {
    /// Messages of a conversation by `seq`, without those that `access` may not see.
    public func messages(
        of conversationId: Identifier<Conversation>, _ page: SeqPage, by access: Access
    ) throws -> SeqSlice<Message> {
        let state = try readable(conversationId, by: access)
        let (comparison, bound, order) = page.sqlBounds
        let hidden = access.viewer == .contact ? "AND m.kind <> 'note'" : ""
        var items = try connection.rows(
            """
            SELECT \(MessageRow.columns) FROM messages m \(MessageRow.joins) \
            WHERE m.conversation_id = ? AND m.seq \(comparison) ? \(hidden) ORDER BY m.seq \(order) LIMIT ?
            """, [.identifier(conversationId), .integer(bound), .integer(Int64(page.limit) + 1)]
        ) { MessageRow.decode($0) }.compactMap { $0 }
        let hasMore = items.count > page.limit
        if hasMore { items.removeLast() }
        return SeqSlice(items: items, headSeq: state.headSeq, hasMore: hasMore)
    }

    /// One message that `access` may see.
    public func message(
        _ id: Identifier<Message>, in conversationId: Identifier<Conversation>, by access: Access
    ) throws -> Message {
        _ = try readable(conversationId, by: access)
        let message =
            try connection.row(
                "SELECT \(MessageRow.columns) FROM messages m \(MessageRow.joins) WHERE m.id = ? AND m.conversation_id = ?",
                [.identifier(id), .identifier(conversationId)]
            ) { MessageRow.decode($0) } ?? nil
        guard let message, Audience.isVisible(message.kind, to: access.viewer) else { throw Refusal.notFound }
        return message
    }

    func readPosition(in conversationId: Identifier<Conversation>, of actor: Actor) throws -> Int64 {
        try connection.integer(
            "SELECT seq FROM read_positions WHERE conversation_id = ? AND reader_kind = ? AND reader_id = ?",
            [.identifier(conversationId), .text(actor.kind.rawValue), .optional(actor.id)]) ?? 0
    }

    /// Messages of others that `access` has not read. Counted up to 100: beyond that nobody reads the number.
    func unread(in conversationId: Identifier<Conversation>, by access: Access) throws -> Int {
        let actor = access.actor
        guard let reader = actor.id else { return 0 }
        let position = try readPosition(in: conversationId, of: actor)
        let hidden = access.viewer == .contact ? "AND kind <> 'note'" : ""
        // Staff read what the contact wrote; a contact reads what anybody else wrote.
        let senders = access.viewer == .contact ? "sender_kind <> 'contact'" : "sender_kind = 'contact'"
        return Int(
            try connection.integer(
                """
                SELECT count(*) FROM (SELECT 1 FROM messages WHERE conversation_id = ? AND seq > ? AND \(senders) \
                \(hidden) AND status <> 'deleted' AND NOT (sender_kind = ? AND sender_id = ?) LIMIT 100) unread_messages
                """,
                [
                    .identifier(conversationId), .integer(position), .text(actor.kind.rawValue), .integer(reader),
                ]) ?? 0)
    }
}

extension MessageDraft {
    /// SHA-256 over all that makes two sends the same.
    var digest: [UInt8] {
        var hash = SHA256()
        hash.update(data: Array(kind.rawValue.utf8))
        hash.update(data: [0])
        hash.update(data: Array(String(replyTo?.rawValue ?? 0).utf8))
        hash.update(data: [0])
        hash.update(data: Array(content.utf8))
        // No text holds a zero. Without files it is the digest that sends had before there were any.
        for id in attachmentIds { hash.update(data: [0] + Array(String(id.rawValue).utf8)) }
        return Array(hash.finalize())
    }
}
