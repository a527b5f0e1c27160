public import Domain

extension Transaction {
    /// Changes what a message says: one's own within the workspace's window, or any with `messages:manage`.
    ///
    /// The same text again changes nothing and makes no event. A reply of the assistant that is under way is not begun anew:
    /// it answers what it has read. An edit leaves the send's digest, so that a retry of the send is still a duplicate.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``, ``Refusal/conversationClosed``, ``Refusal/sessionOver``;
    ///   ``Refusal/conflict(_:)`` for a deleted message and for a reply that is still being written.
    public func edit(
        _ id: Identifier<Message>, in conversationId: Identifier<Conversation>, content: String, by access: Access
    ) throws -> Message {
        var (state, message) = try changeable(id, in: conversationId, by: access)
        guard message.status != .deleted else { throw Refusal.conflict("the message is deleted") }
        guard !content.isEmpty || !message.attachments.isEmpty else {
            throw Refusal.invalid([FieldProblem(field: "content", code: "required", message: "must not be empty")])
        }
        guard content != message.content else { return message }
        message.content = content
        message.editedAt = now
        if message.kind == .text, content.isEmpty { message.kind = .file }
        try connection.run(
            "UPDATE messages SET content = ?, kind = ?, edited_at = ? WHERE id = ?",
            [.text(content), .text(message.kind.rawValue), .time(now), .identifier(id)])
        try forgetSummary(of: conversationId, covering: message.seq)
        try append(.messageUpdated(message), actor: try named(access.actor), to: &state)
        try saveHead(of: state)
        return message
    }

    /// Deletes a message, with its files: a tombstone with its sender, seq and time is left, for good. Who may is as in
    /// ``edit(_:in:content:by:)``.
    ///
    /// The tombstone stays the last message of lists if it was. Deleting it again changes nothing.
    /// - Returns: the tombstone.
    /// - Throws: as ``edit(_:in:content:by:)``.
    @discardableResult
    public func delete(
        _ id: Identifier<Message>, in conversationId: Identifier<Conversation>, by access: Access
    ) throws -> Message {
        var (state, message) = try changeable(id, in: conversationId, by: access)
        guard message.status != .deleted else { return message }
        try connection.run(
            "UPDATE messages SET content = '', sources = NULL, attachments = NULL, status = ? WHERE id = ?",
            [.text(Message.Status.deleted.rawValue), .identifier(id)])
        if !message.attachments.isEmpty { try removeAttachments(of: id) }
        try forgetSummary(of: conversationId, covering: message.seq)
        let tombstone = message.tombstone
        try append(.messageDeleted(tombstone), actor: try named(access.actor), to: &state)
        try saveHead(of: state)
        return tombstone
    }

    /// A message that `access` may change now, with its conversation locked.
    private func changeable(
        _ id: Identifier<Message>, in conversationId: Identifier<Conversation>, by access: Access
    ) throws -> (state: ConversationState, message: Message) {
        let state = try locked(conversationId, by: access)
        let message = try message(id, in: conversationId, by: access)
        let isOwn = message.sender.kind == access.actor.kind && message.sender.id == access.actor.id
        if let contact = access.contact {
            guard isOwn else { throw Refusal.forbidden }
            try touchSession(contact.sessionId, atLeastEvery: ChatSession.activityGranularitySeconds)
        }
        // Closing ends the talk. What must not stand there can still be taken out by those who answer for it.
        if !access.allows(.messagesManage, on: state.owner) {
            if access.contact == nil { try access.require(.messagesWrite, on: state.owner) }
            guard isOwn else { throw Refusal.forbidden }
            guard state.status != .closed else { throw Refusal.conversationClosed }
            let end = message.createdAt.adding(seconds: try settings(of: state.workspaceId).messageEditSeconds)
            guard now < end else { throw Refusal.forbidden }
        }
        guard message.status != .streaming else {
            throw Refusal.conflict("the message is still being written")
        }
        return (state, message)
    }
}
