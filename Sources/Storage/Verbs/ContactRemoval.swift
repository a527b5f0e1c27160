public import Domain

extension Transaction {
    /// Forgets a contact: its personal data is gone, its sessions are closed. Its messages stay, without a name, because others
    /// took part in the conversation; the row stays under them, and nobody finds it.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func deleteContact(_ id: Identifier<Contact>, by access: Access) throws {
        try access.require(.contactsDelete)
        try lock(id)
        let contact = try contact(id, by: .server(of: access.workspaceId))
        let sessions = try connection.rows(
            "SELECT id, status FROM chat_sessions WHERE contact_id = ? ORDER BY id", [.identifier(id)]
        ) { (id: $0.identifier(0, of: ChatSession.self), status: ChatSession.Status(rawValue: $0.text(1))) }
        // Also those that have expired: a token of one would open another visit.
        try connection.run(
            """
            UPDATE chat_sessions SET ended_at = CASE WHEN status = 'closed' THEN ended_at ELSE ? END, \
            status = 'closed', metadata = '{}', locale = NULL WHERE contact_id = ?
            """, [.time(now), .identifier(id)])
        for session in sessions where session.status != .closed {
            try connection.run("DELETE FROM tickets WHERE session_id = ?", [.identifier(session.id)])
            committed.endedSessions.append(EndedSession(id: session.id, contactId: id))
        }
        // A customer who has an account is met as somebody new.
        try connection.run(
            "UPDATE users SET contact_id = NULL WHERE contact_id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(access.workspaceId)])
        try forgetSummaries(of: id, in: access.workspaceId)
        try forget(contact, mergedInto: nil)
        try audit(.contactDeleted, .contact(id), by: access)
    }

    /// Takes everything personal off a contact's row, and the row out of sight.
    func forget(_ contact: Contact, mergedInto target: Identifier<Contact>?) throws {
        let empty = Contact(
            id: contact.id, workspaceId: contact.workspaceId, createdAt: contact.createdAt, updatedAt: now)
        try save(empty, insteadOf: contact)
        try connection.run(
            "UPDATE contacts SET deleted_at = ?, merged_into = ? WHERE id = ?",
            [.time(now), .identifier(target), .identifier(contact.id)])
    }
}
