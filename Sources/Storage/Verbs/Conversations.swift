public import Domain

extension RowReader {
    /// The state of a conversation that `access` may read.
    /// - Throws: ``Refusal/notFound`` when there is none, or it is another workspace's or contact's, or beyond the scope
    ///   of the caller; ``Refusal/forbidden`` when the role may not read conversations at all.
    func readable(_ id: Identifier<Conversation>, by access: Access) throws -> ConversationState {
        if access.contact == nil { try access.require(.conversationsRead) }
        let state = try connection.row(
            """
            SELECT \(ConversationState.columns) FROM conversations c \
            JOIN conversation_heads h ON h.conversation_id = c.id \
            \(OwnerRow.joins) WHERE c.id = ? AND c.workspace_id = ?
            """, [.identifier(id), .identifier(access.workspaceId)], ConversationState.decode)
        guard let state else { throw Refusal.notFound }
        if let contact = access.contact {
            guard contact.contactId == state.contactId else { throw Refusal.notFound }
        } else {
            guard access.allows(.conversationsRead, on: state.owner) else { throw Refusal.notFound }
        }
        return state
    }

    /// A conversation as `access` sees it.
    public func conversation(_ id: Identifier<Conversation>, by access: Access) throws -> Conversation {
        _ = try readable(id, by: access)
        return try changed(id, for: access)
    }

    /// A conversation that has just gone beyond what `access` may see, as much of it as says which one has gone: nothing of what
    /// is said in it. Nil when it was in no list.
    public func departed(_ id: Identifier<Conversation>, for access: Access) throws -> Conversation? {
        try access.require(.conversationsRead)
        var conversation = try changed(id, for: access)
        guard conversation.workspaceId == access.workspaceId, conversation.lastMessage != nil else { return nil }
        conversation.lastMessage = nil
        conversation.unread = 0
        return conversation
    }

    /// A conversation as `access` sees what it has just done, also when that took it beyond its scope.
    func changed(_ id: Identifier<Conversation>, for access: Access) throws -> Conversation {
        let found = try connection.row(
            """
            SELECT \(ConversationRow.columns) FROM conversations c \
            JOIN conversation_heads h ON h.conversation_id = c.id \(ConversationRow.joins(for: access.viewer)) \
            WHERE c.id = ?
            """, [.identifier(id)], ConversationRow.decode)
        guard let found else { throw Refusal.notFound }
        return try completed(found, for: access)
    }

    /// Where a conversation that `access` may read stands.
    public func head(of id: Identifier<Conversation>, by access: Access) throws -> ConversationHead {
        let state = try readable(id, by: access)
        var shownReply: Identifier<Message>?
        if state.owner.kind == .ai { shownReply = try openJobs(of: id).first { $0.state == .shown }?.id }
        return ConversationHead(
            seq: state.headSeq, owner: state.owner, contactId: state.contactId, shownReply: shownReply)
    }
}

/// Where a conversation stands.
public struct ConversationHead: Sendable, Equatable {
    /// Of its newest event.
    public var seq: Int64
    public var owner: Owner
    public var contactId: Identifier<Contact>
    /// The AI reply that is being shown.
    public var shownReply: Identifier<Message>?
}

/// What staff change in a conversation. `nil` leaves a field, `.some(nil)` clears it.
public struct ConversationPatch: Sendable, Equatable {
    public var status: Conversation.Status?
    public var priority: Conversation.Priority?
    public var subject: String??
    public var labels: [String]?
    public var snoozedUntil: Timestamp??

    public init() {}
}

extension Transaction {
    /// The conversation's state, locked until the commit.
    func locked(_ id: Identifier<Conversation>, by access: Access) throws -> ConversationState {
        try lock(id)
        return try readable(id, by: access)
    }

    /// Makes a conversation and its first event.
    func create(
        conversationOf contact: Contact, in inbox: Inbox, subject: String?, priority: Conversation.Priority,
        owner: Owner? = nil, actor: Actor
    ) throws -> ConversationState {
        let id = identifiers.next(Conversation.self)
        try connection.run(
            "UPDATE workspaces SET next_number = next_number + 1 WHERE id = ?", [.identifier(inbox.workspaceId)])
        let next = try connection.integer(
            "SELECT next_number FROM workspaces WHERE id = ?", [.identifier(inbox.workspaceId)])
        guard let next else { throw Refusal.notFound }
        let owner = owner ?? Owner.first(isAIEnabled: inbox.isAIEnabled)
        try connection.run(
            """
            INSERT INTO conversations (id, workspace_id, inbox_id, contact_id, number, subject, status, priority, \
            owner_kind, owner_id, owner_epoch, created_at) VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?)
            """,
            [
                .identifier(id), .identifier(inbox.workspaceId), .identifier(inbox.id), .identifier(contact.id),
                .integer(next - 1), .optional(subject), .text(priority.rawValue), .text(owner.kind.rawValue),
                .optional(owner.id), .integer(owner.epoch), .time(now),
            ])
        try connection.run(
            """
            INSERT INTO conversation_heads (conversation_id, workspace_id, head_seq, updated_at, status, priority, \
            owner_kind, owner_id, inbox_id, contact_id) VALUES (?, ?, 0, ?, 'open', ?, ?, ?, ?, ?)
            """,
            [
                .identifier(id), .identifier(inbox.workspaceId), .time(now), .text(priority.rawValue),
                .text(owner.kind.rawValue), .optional(owner.id), .identifier(inbox.id), .identifier(contact.id),
            ])
        try index(.conversation, id.rawValue, of: inbox.workspaceId, from: [], to: SearchText.words(ofSubject: subject))
        var state = ConversationState(
            id: id, workspaceId: inbox.workspaceId, inboxId: inbox.id, contactId: contact.id, status: .open,
            owner: owner, headSeq: 0, unanswered: 0, priority: priority, listedAt: nil, isLabelled: false)
        let created = Conversation(
            id: id, workspaceId: inbox.workspaceId, inboxId: inbox.id, number: next - 1,
            contact: .init(id: contact.id, name: contact.name, email: contact.email), subject: subject, status: .open,
            priority: priority, labels: [], owner: owner, headSeq: 1, unread: 0, lastMessage: nil, snoozedUntil: nil,
            createdAt: now, updatedAt: now)
        try append(.conversationCreated(created), actor: actor, to: &state)
        try saveHead(of: state)
        return state
    }

    /// Opens a conversation with a contact from the staff's side.
    public func openConversation(
        with contactId: Identifier<Contact>, inboxId: Identifier<Inbox>?, subject: String?,
        priority: Conversation.Priority, message: MessageDraft?, by access: Access
    ) throws -> Conversation {
        try access.require(.conversationsWrite)
        try lock(contactId)
        let contact = try self.contact(contactId, by: access)
        let inbox = try liveInbox(inboxId, in: access.workspaceId)
        let owner = try first(ownerIn: inbox, openedBy: access)
        let state = try create(
            conversationOf: contact, in: inbox, subject: subject, priority: priority, owner: owner,
            actor: access.actor)
        if let message { _ = try send(message, to: state.id, by: access) }
        return try changed(state.id, for: access)
    }

    /// Who answers a conversation that staff open: whoever the inbox says, unless that lies beyond what the caller may see; then
    /// it is the caller's own.
    private func first(ownerIn inbox: Inbox, openedBy access: Access) throws -> Owner {
        let owner = Owner.first(isAIEnabled: inbox.isAIEnabled)
        guard let staff = access.staff,
            !access.allows(.conversationsRead, on: owner) || !access.allows(.messagesWrite, on: owner)
        else { return owner }
        return Owner(kind: .agent, id: staff.userId.rawValue, name: staff.name, epoch: owner.epoch)
    }

    /// Changes status, priority, subject, labels or snooze. Guarded by the status's state machine.
    /// - Throws: ``Refusal/invalidTransition(from:to:)``, ``Refusal/conversationClosed``.
    public func update(
        _ id: Identifier<Conversation>, _ patch: ConversationPatch, by access: Access
    ) throws -> Conversation {
        var state = try locked(id, by: access)
        try access.require(.conversationsWrite, on: state.owner)
        let before = try conversation(id, by: access)
        var changes = ConversationChanges()
        var status = patch.status ?? before.status
        if case .some(.some) = patch.snoozedUntil, patch.status == nil { status = .snoozed }
        guard before.status.allows(status, by: .staff) else {
            throw Refusal.invalidTransition(from: before.status.rawValue, to: status.rawValue)
        }
        guard before.status != .closed else { throw Refusal.conversationClosed }
        if status != before.status { changes.status = status }
        if let priority = patch.priority, priority != before.priority { changes.priority = priority }
        if let subject = patch.subject, subject != before.subject { changes.subject = .init(subject) }
        if let labels = patch.labels.map({ Array(Set($0)).sorted() }), labels != before.labels {
            changes.labels = labels
        }
        // A snooze without an end, or an end without a snooze, would never be seen again.
        let until = status == .snoozed ? (patch.snoozedUntil ?? before.snoozedUntil) : nil
        if status == .snoozed, until == nil {
            throw Refusal.invalid([
                FieldProblem(field: "snoozed_until", code: "required", message: "a snooze needs its end")
            ])
        }
        if until != before.snoozedUntil { changes.snoozedUntil = .init(until) }
        if before.status == .resolved, status == .open { changes.owner = try ownerAtReopening(of: state) }
        guard !changes.isEmpty else { return before }
        try apply(changes, reason: nil, actor: access.actor, to: &state)
        try saveHead(of: state)
        return try changed(id, for: access)
    }

    /// Writes changed columns and their event.
    func apply(
        _ changes: ConversationChanges, reason: String?, actor: Actor, to state: inout ConversationState
    ) throws {
        func set(_ column: String, _ value: SQLValue) throws {
            try connection.run(
                "UPDATE conversations SET \(column) = ? WHERE id = ?", [value, .identifier(state.id)])
        }
        if let status = changes.status {
            state.status = status
            state.changesLists = true
            try set("status", .text(status.rawValue))
        }
        if let priority = changes.priority {
            state.priority = priority
            state.changesLists = true
            try set("priority", .text(priority.rawValue))
        }
        if let subject = changes.subject {
            let old = try connection.row("SELECT subject FROM conversations WHERE id = ?", [.identifier(state.id)]) {
                $0.optionalText(0)
            }
            try index(
                .conversation, state.id.rawValue, of: state.workspaceId,
                from: SearchText.words(ofSubject: old ?? nil), to: SearchText.words(ofSubject: subject.value))
            try set("subject", .optional(subject.value))
        }
        if let snoozed = changes.snoozedUntil { try set("snoozed_until", .time(snoozed.value)) }
        if let labels = changes.labels {
            try connection.run(
                "DELETE FROM conversation_labels WHERE conversation_id = ?", [.identifier(state.id)])
            // Their place in lists comes with the head's.
            state.changesLists = true
            state.isLabelled = !labels.isEmpty
            for label in labels {
                try connection.run(
                    "INSERT INTO conversation_labels (conversation_id, label, workspace_id) VALUES (?, ?, ?)",
                    [.identifier(state.id), .text(label), .identifier(state.workspaceId)])
            }
        }
        var changes = changes
        if let owner = changes.owner {
            changes.previousOwner = OwnerChange(from: state.owner, to: owner).old
            state.owner = owner
            state.changesLists = true
            try connection.run(
                """
                UPDATE conversations SET owner_kind = ?, owner_id = ?, owner_epoch = ?, unanswered = 0, \
                handoff_offered_seq = NULL WHERE id = ?
                """,
                [
                    .text(owner.kind.rawValue), .optional(owner.id), .integer(owner.epoch), .identifier(state.id),
                ])
        }
        try append(.conversationUpdated(changes, reason: reason), actor: actor, to: &state)
    }

    /// Opens conversations whose snooze has ended.
    /// - Returns: how many.
    public func wakeSnoozedConversations(limit: Int) throws -> Int {
        let due = try connection.rows(
            "SELECT id, workspace_id FROM conversations WHERE snoozed_until <= ? AND status = 'snoozed' LIMIT ?",
            [.time(now), .integer(Int64(limit))]
        ) { (id: $0.identifier(0, of: Conversation.self), workspaceId: $0.identifier(1, of: Workspace.self)) }
        for row in due {
            var state = try locked(row.id, by: .server(of: row.workspaceId))
            // Staff or the contact may have opened it on another node since.
            let isStillDue = try connection.integer(
                "SELECT 1 FROM conversations WHERE id = ? AND status = 'snoozed' AND snoozed_until <= ?",
                [.identifier(row.id), .time(now)])
            guard isStillDue == 1 else { continue }
            var changes = ConversationChanges()
            changes.status = .open
            changes.snoozedUntil = .init(nil)
            try apply(changes, reason: "snooze_ended", actor: .system, to: &state)
            try saveHead(of: state)
        }
        return due.count
    }
}
