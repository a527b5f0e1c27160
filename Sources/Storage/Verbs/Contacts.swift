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
        let old = try contact(id, by: access)
        var contact = old
        patch.apply(to: &contact)
        contact.updatedAt = now
        try save(contact, insteadOf: old)
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
        try index(
            .contact, contact.id.rawValue, of: contact.workspaceId, from: [], to: SearchText.words(of: contact))
        return contact
    }

    /// - Parameter old: the row as it was read under its lock.
    func save(_ contact: Contact, insteadOf old: Contact) throws {
        try unlessTaken {
            try connection.run(
                """
                UPDATE contacts SET name = ?, email = ?, email_key = ?, phone = ?, external_id = ?, \
                claimed_email = ?, claimed_external_id = ?, attributes = ?, locale = ?, updated_at = ? WHERE id = ?
                """, try contact.editableColumns + [.identifier(contact.id)])
        }
        try index(
            .contact, contact.id.rawValue, of: contact.workspaceId, from: SearchText.words(of: old),
            to: SearchText.words(of: contact))
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
            "SELECT \(ContactRow.columns) FROM contacts WHERE id = ? AND workspace_id = ? AND deleted_at IS NULL",
            [.identifier(id), .identifier(access.workspaceId)], ContactRow.decode)
        guard let found else { throw Refusal.notFound }
        return found
    }
}
