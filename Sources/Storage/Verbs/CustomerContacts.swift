import Domain

extension Transaction {
    /// Merges in a row that are followed from an account's contact to the one that there is now.
    private static var maximumMerges: Int { 8 }

    /// The contact of a registered customer, made when there is none yet. What an account calls its e-mail nobody has
    /// proven, so it is a claim.
    /// - Throws: ``Refusal/forbidden`` for anybody but an active customer.
    func contact(
        ofCustomer userId: Identifier<User>, _ request: SessionRequest, in workspaceId: Identifier<Workspace>
    ) throws -> Contact {
        // Of several first sessions at once, on whichever nodes, one makes the contact.
        try lockRow(userId.rawValue, of: "users")
        guard let user = try user(userId), user.workspaceId == workspaceId, user.status == .active, !user.role.isStaff
        else { throw Refusal.forbidden }
        if let known = try user.contactId.flatMap({ try presentContact($0, in: workspaceId) }) {
            if known.id != user.contactId { try keepContact(known.id, of: userId) }
            return known
        }
        let new = try insertContact(
            Contact(
                id: identifiers.next(), workspaceId: workspaceId, name: user.name, phone: request.phone,
                claimedEmail: user.email, attributes: request.attributes ?? .object([:]),
                locale: request.locale ?? user.locale, createdAt: now, updatedAt: now))
        try keepContact(new.id, of: userId)
        return new
    }

    private func keepContact(_ id: Identifier<Contact>, of userId: Identifier<User>) throws {
        try connection.run(
            "UPDATE users SET contact_id = ? WHERE id = ?", [.identifier(id), .identifier(userId)])
    }

    /// A contact as it is now: the one that it was merged into, if it was. Nil for one that is deleted.
    private func presentContact(
        _ id: Identifier<Contact>, in workspaceId: Identifier<Workspace>
    ) throws -> Contact? {
        var id = id
        for _ in 0..<Self.maximumMerges {
            let row = try connection.row(
                "SELECT merged_into, deleted_at FROM contacts WHERE id = ? AND workspace_id = ?",
                [.identifier(id), .identifier(workspaceId)]
            ) { (mergedInto: $0.optionalInteger(0), deletedAt: $0.optionalInteger(1)) }
            guard let row else { return nil }
            if let next = row.mergedInto {
                id = Identifier(next)
            } else {
                return row.deletedAt == nil ? try contact(id, by: .server(of: workspaceId)) : nil
            }
        }
        return nil
    }
}
