public import Domain

extension Transaction {
    /// Conversations that one merge moves: all in one transaction, each locked until the commit.
    public static var mergeLimit: Int { 1000 }

    /// Makes two contacts one: conversations, sessions, messages and reading positions of `other` become those of `id`, whose
    /// empty fields it fills. Of attributes that both have, those of `id` stay. `other` is not found afterwards.
    ///
    /// Visits of `other` go on as visits of `id`: whoever acts under one is told to connect again.
    /// - Throws: ``Refusal/invalid(_:)`` for a contact with itself; ``Refusal/conflict(_:)`` when both are known to the company
    ///   under a key of their own, or `other` has more than ``mergeLimit`` conversations; ``Refusal/notFound``.
    public func mergeContact(
        _ other: Identifier<Contact>, into id: Identifier<Contact>, by access: Access
    ) throws -> Contact {
        try access.require(.contactsWrite)
        guard other != id else {
            throw Refusal.invalid([
                FieldProblem(field: "contact_id", code: "invalid_value", message: "is the same contact")
            ])
        }
        // Contacts by key, then conversations by key, then sessions: the order in which everybody takes them.
        for contact in [id, other].sorted() { try lock(contact) }
        let target = try contact(id, by: access)
        let source = try contact(other, by: access)
        guard target.externalId == nil || source.externalId == nil else {
            throw Refusal.conflict("both contacts have an external_id: clear the one that is wrong first")
        }
        let conversations = try connection.rows(
            "SELECT id FROM conversations WHERE workspace_id = ? AND contact_id = ? ORDER BY id LIMIT ?",
            [.identifier(access.workspaceId), .identifier(other), .integer(Int64(Self.mergeLimit) + 1)]
        ) { $0.identifier(0, of: Conversation.self) }
        guard conversations.count <= Self.mergeLimit else {
            throw Refusal.conflict("a contact with more than \(Self.mergeLimit) conversations cannot be merged")
        }
        for conversation in conversations { try lock(conversation) }
        // They may name who it was.
        for contact in [id, other] { try forgetSummaries(of: contact, in: access.workspaceId) }
        try move(conversations, from: other, to: id, in: access.workspaceId)
        try moveSessions(from: other, to: id, in: access.workspaceId)

        var united = target
        united.fill(from: source)
        united.updatedAt = now
        // First, because of the external id, which one row at a time may have.
        try forget(source, mergedInto: id)
        try save(united, insteadOf: target)
        try audit(
            .contactsMerged, .contact(id), after: .object(["conversations": .int(Int64(conversations.count))]),
            by: access)
        return united
    }

    private func move(
        _ conversations: [Identifier<Conversation>], from other: Identifier<Contact>, to id: Identifier<Contact>,
        in workspaceId: Identifier<Workspace>
    ) throws {
        try SQLPlaces.each(conversations.map(\.rawValue)) { places, keys in
            func run(_ update: String, _ condition: String, _ arguments: [SQLValue] = []) throws {
                try connection.run(
                    "UPDATE \(update) WHERE \(condition) IN (\(places))",
                    [.identifier(id)] + arguments + keys)
            }
            try run("conversations SET contact_id = ?", "id")
            try run("conversation_heads SET contact_id = ?", "conversation_id")
            let who = [SQLValue.identifier(other)]
            try run("messages SET sender_id = ?", "sender_kind = 'contact' AND sender_id = ? AND conversation_id", who)
            try run("events SET actor_id = ?", "actor_kind = 'contact' AND actor_id = ? AND conversation_id", who)
            try run(
                "read_positions SET reader_id = ?", "reader_kind = 'contact' AND reader_id = ? AND conversation_id", who
            )
            return true
        }
        try connection.run(
            "UPDATE attachments SET uploader_id = ? WHERE workspace_id = ? AND uploader_kind = 'contact' AND uploader_id = ?",
            [.identifier(id), .identifier(workspaceId), .identifier(other)])
    }

    private func moveSessions(
        from other: Identifier<Contact>, to id: Identifier<Contact>, in workspaceId: Identifier<Workspace>
    ) throws {
        committed.movedSessions += try connection.rows(
            "SELECT id FROM chat_sessions WHERE contact_id = ? AND status IN ('active', 'idle') ORDER BY id",
            [.identifier(other)]
        ) { $0.identifier(0, of: ChatSession.self) }
        try connection.run(
            "UPDATE chat_sessions SET contact_id = ?, moved_at = ? WHERE contact_id = ?",
            [.identifier(id), .time(now), .identifier(other)])
        try connection.run(
            "UPDATE users SET contact_id = ? WHERE contact_id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(other), .identifier(workspaceId)])
    }
}

extension ChatStore {
    /// ``Transaction/mergeContact(_:into:by:)``, with its conversations named beforehand: they are locked with the others of
    /// the batch, in the order that everybody keeps.
    public func mergeContact(
        _ other: Identifier<Contact>, into id: Identifier<Contact>, by access: Access
    ) async throws -> Contact {
        let conversations = try await read { snapshot in
            try snapshot.connection.rows(
                "SELECT id FROM conversations WHERE workspace_id = ? AND contact_id = ? ORDER BY id LIMIT ?",
                [.identifier(access.workspaceId), .identifier(other), .integer(Int64(Transaction.mergeLimit))]
            ) { $0.identifier(0, of: Conversation.self) }
        }
        return try await withCheckedThrowingContinuation { continuation in
            write(to: conversations, run: { try $0.mergeContact(other, into: id, by: access) }) {
                continuation.resume(with: $0)
            }
        }
    }
}

extension Contact {
    /// Takes over what this one lacks.
    fileprivate mutating func fill(from other: Contact) {
        name = name ?? other.name
        email = email ?? other.email
        phone = phone ?? other.phone
        externalId = externalId ?? other.externalId
        claimedEmail = claimedEmail ?? other.claimedEmail
        claimedExternalId = claimedExternalId ?? other.claimedExternalId
        locale = locale ?? other.locale
        let (own, others) = (attributes.objectValue ?? [:], other.attributes.objectValue ?? [:])
        attributes = .object(others.merging(own) { _, own in own })
    }
}
