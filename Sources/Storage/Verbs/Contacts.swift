public import Domain

/// What staff enter of a contact. `nil` leaves a field, `.some(nil)` clears it.
public struct ContactPatch: Sendable, Equatable {
    public var name: String??
    public var email: String??
    public var phone: String??
    public var externalId: String??
    public var attributes: JSONValue?
    public var locale: String??

    public init() {}
}

extension Transaction {
    /// - Throws: ``Refusal/conflict(_:)`` when another contact has the external id.
    public func createContact(_ patch: ContactPatch, by access: Access) throws -> Contact {
        try access.require(.contactsWrite)
        var contact = Contact(
            id: identifiers.next(), workspaceId: access.workspaceId, createdAt: now, updatedAt: now)
        patch.apply(to: &contact)
        return try insertContact(contact)
    }

    /// - Throws: ``Refusal/conflict(_:)`` when another contact has the external id.
    public func updateContact(_ id: Identifier<Contact>, _ patch: ContactPatch, by access: Access) throws -> Contact {
        try access.require(.contactsWrite)
        try lock(id)
        var contact = try contact(id, by: access)
        patch.apply(to: &contact)
        contact.updatedAt = now
        try save(contact)
        return contact
    }

    func insertContact(_ contact: Contact) throws -> Contact {
        try unlessTaken {
            try connection.run(
                """
                INSERT INTO contacts (name, email, email_key, phone, external_id, claimed_email, claimed_external_id, \
                attributes, locale, updated_at, id, workspace_id, created_at) \
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                try contact.editableColumns + [
                    .identifier(contact.id), .identifier(contact.workspaceId), .time(contact.createdAt),
                ])
        }
        return contact
    }

    func save(_ contact: Contact) throws {
        try unlessTaken {
            try connection.run(
                """
                UPDATE contacts SET name = ?, email = ?, email_key = ?, phone = ?, external_id = ?, \
                claimed_email = ?, claimed_external_id = ?, attributes = ?, locale = ?, updated_at = ? WHERE id = ?
                """, try contact.editableColumns + [.identifier(contact.id)])
        }
    }

    private func unlessTaken(_ work: () throws -> Void) throws {
        do {
            try work()
        } catch StorageFailure.constraint {
            throw Refusal.conflict("another contact has this external_id")
        }
    }
}

extension Contact {
    fileprivate var editableColumns: [SQLValue] {
        get throws {
            [
                .optional(name), .optional(email), .optional(email.map(User.emailKey)), .optional(phone),
                .optional(externalId), .optional(claimedEmail), .optional(claimedExternalId),
                .text(try StoredJSON.encode(attributes)), .optional(locale), .time(updatedAt),
            ]
        }
    }
}

extension ContactPatch {
    fileprivate func apply(to contact: inout Contact) {
        if let name { contact.name = name }
        if let email { contact.email = email }
        if let phone { contact.phone = phone }
        if let externalId { contact.externalId = externalId }
        if let attributes { contact.attributes = attributes }
        if let locale { contact.locale = locale }
    }
}

extension RowReader {
    /// A contact: any of the workspace for staff, itself for a contact.
    public func contact(_ id: Identifier<Contact>, by access: Access) throws -> Contact {
        if let contact = access.contact {
            guard contact.contactId == id else { throw Refusal.notFound }
        } else {
            try access.require(.contactsRead)
        }
        let found = try connection.row(
            "SELECT \(ContactRow.columns) FROM contacts WHERE id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(access.workspaceId)], ContactRow.decode)
        guard let found else { throw Refusal.notFound }
        return found
    }

    /// Contacts of the workspace, newest first.
    /// - Parameter text: part of a name, e-mail, phone or external id; nil for all.
    public func contacts(
        matching text: String?, after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<Contact> {
        try access.require(.contactsRead)
        var conditions = "workspace_id = ?"
        var arguments: [SQLValue] = [.identifier(access.workspaceId)]
        if let position {
            conditions += " AND id < ?"
            arguments.append(.integer(position.id))
        }
        if let text {
            let pattern = SQLValue.text("%\(ConversationFilter.escaped(text))%")
            conditions += """
                 AND (name LIKE ? ESCAPE '!' OR email LIKE ? ESCAPE '!' OR claimed_email LIKE ? ESCAPE '!' \
                OR phone LIKE ? ESCAPE '!' OR \(connection.searched("external_id")) LIKE ? ESCAPE '!')
                """
            arguments += [pattern, pattern, pattern, pattern, pattern]
        }
        arguments.append(.integer(Int64(limit) + 1))
        var items = try connection.rows(
            "SELECT \(ContactRow.columns) FROM contacts WHERE \(conditions) ORDER BY id DESC LIMIT ?", arguments,
            ContactRow.decode)
        let hasMore = items.count > limit
        if hasMore { items.removeLast() }
        return KeysetSlice(
            items: items, next: hasMore ? items.last.map { KeysetPosition(sortKey: 0, id: $0.id.rawValue) } : nil)
    }
}
