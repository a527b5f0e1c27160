public import Domain

extension Attachment {
    /// Files of one uploader that wait to be sent, at most: some messages full of them.
    public static let maximumUnsent = 50
}

extension Transaction {
    /// Adds the row of a file that lies on disk by now, for its uploader to send.
    /// - Throws: ``Refusal/forbidden``; ``Refusal/conflict(_:)`` when too many of the uploader's wait already.
    public func addAttachment(_ attachment: Attachment, digest: [UInt8], by access: Access) throws {
        guard let uploader = access.actor.id else { throw Refusal.forbidden }
        try requireRoomForAttachment(of: access)
        if let contact = access.contact {
            try touchSession(contact.sessionId, atLeastEvery: ChatSession.activityGranularitySeconds)
        }
        try connection.run(
            """
            INSERT INTO attachments (id, workspace_id, uploader_kind, uploader_id, name, media_type, size, digest, \
            created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(attachment.id), .identifier(access.workspaceId), .text(access.actor.kind.rawValue),
                .integer(uploader), .text(attachment.name), .text(attachment.mediaType), .integer(attachment.size),
                .blob(digest), .time(now),
            ])
    }

    /// The files that a draft names, in its order: each the sender's own and not sent yet.
    /// - Throws: ``Refusal/invalid(_:)`` with every one that is not.
    func unsentAttachments(_ ids: [Identifier<Attachment>], of access: Access) throws -> [Attachment] {
        guard !ids.isEmpty else { return [] }
        var found: [Identifier<Attachment>: Attachment] = [:]
        // In the order of keys, so that two processes never lock the same files the other way round.
        for id in Set(ids).sorted() {
            found[id] = try connection.row(
                """
                SELECT \(AttachmentRow.columns) FROM attachments WHERE id = ? AND workspace_id = ? \
                AND uploader_kind = ? AND uploader_id = ? AND message_id IS NULL \(connection.lockingClause)
                """,
                [
                    .identifier(id), .identifier(access.workspaceId), .text(access.actor.kind.rawValue),
                    .optional(access.actor.id),
                ], AttachmentRow.decode
            )?.attachment
        }
        let problems = ids.enumerated().filter { found[$1] == nil }.map { index, _ in
            FieldProblem(
                field: "attachment_ids[\(index)]", code: "not_found",
                message: "no such attachment, or it was sent before")
        }
        guard problems.isEmpty else { throw Refusal.invalid(problems) }
        return ids.compactMap { found[$0] }
    }

    /// Puts files beside the message that they were sent with.
    func attach(_ files: [Attachment], to message: Message) throws {
        for (place, file) in files.enumerated() {
            try connection.run(
                "UPDATE attachments SET message_id = ?, conversation_id = ?, place = ? WHERE id = ?",
                [
                    .identifier(message.id), .identifier(message.conversationId), .integer(Int64(place)),
                    .identifier(file.id),
                ])
        }
    }

    /// Removes the files of a message. Their bytes go once this is committed.
    func removeAttachments(of message: Identifier<Message>) throws {
        committed.removedFiles += try connection.rows(
            "SELECT id FROM attachments WHERE message_id = ?", [.identifier(message)]
        ) { $0.identifier(0) }
        try connection.run("DELETE FROM attachments WHERE message_id = ?", [.identifier(message)])
    }

    /// Removes files that were not sent in time. Their bytes go once this is committed.
    /// - Returns: how many; call again while it reaches `limit`.
    public func removeUnsentAttachments(limit: Int) throws -> Int {
        let due = try connection.rows(
            "SELECT id FROM attachments WHERE message_id IS NULL AND created_at <= ? ORDER BY created_at LIMIT ?",
            [.time(now.adding(seconds: -Attachment.unsentSeconds)), .integer(Int64(limit))]
        ) { $0.identifier(0, of: Attachment.self) }
        for id in due {
            // It may have been sent on another node since.
            let removed = try connection.run(
                "DELETE FROM attachments WHERE id = ? AND message_id IS NULL", [.identifier(id)])
            if removed == 1 { committed.removedFiles.append(id) }
        }
        return due.count
    }
}

extension RowReader {
    /// A file that `access` may see: one's own before it is sent, then for those who may see its message.
    /// - Throws: ``Refusal/notFound``.
    public func attachment(_ id: Identifier<Attachment>, by access: Access) throws -> Attachment {
        let found = try connection.row(
            "SELECT \(AttachmentRow.columns) FROM attachments WHERE id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(access.workspaceId)], AttachmentRow.decode)
        guard let found else { throw Refusal.notFound }
        guard let place = found.place else {
            let actor = access.actor
            guard found.uploader == actor.kind, found.uploaderId == actor.id else { throw Refusal.notFound }
            return found.attachment
        }
        do {
            _ = try message(place.messageId, in: place.conversationId, by: access)
        } catch Refusal.forbidden {
            throw Refusal.notFound
        }
        return found.attachment
    }

    /// A file for a bearer of its signed link, whoever that is.
    public func linkedAttachment(_ id: Identifier<Attachment>) throws -> StoredAttachment? {
        try connection.row(
            "SELECT \(AttachmentRow.columns) FROM attachments WHERE id = ?", [.identifier(id)], AttachmentRow.decode
        )?.stored
    }

    /// - Throws: ``Refusal/forbidden``; ``Refusal/conflict(_:)`` when too many of the uploader's files wait to be sent.
    public func requireRoomForAttachment(of access: Access) throws {
        if access.contact == nil { try access.require(.messagesWrite) }
        let waiting = try connection.integer(
            """
            SELECT count(*) FROM attachments WHERE workspace_id = ? AND uploader_kind = ? AND uploader_id = ? \
            AND message_id IS NULL
            """,
            [.identifier(access.workspaceId), .text(access.actor.kind.rawValue), .optional(access.actor.id)])
        guard waiting ?? 0 < Attachment.maximumUnsent else {
            throw Refusal.conflict("\(Attachment.maximumUnsent) files wait to be sent: send some of them first")
        }
    }

    /// Which of these keys are of files that there are.
    public func knownAttachments(
        among ids: [Identifier<Attachment>]
    ) throws -> Set<Identifier<Attachment>> {
        var known: Set<Identifier<Attachment>> = []
        for id in ids where try connection.integer("SELECT 1 FROM attachments WHERE id = ?", [.identifier(id)]) == 1 {
            known.insert(id)
        }
        return known
    }

    /// Whether ``Transaction/removeUnsentAttachments(limit:)`` would find something.
    public func hasUnsentAttachmentsToRemove() throws -> Bool {
        try connection.integer(
            "SELECT 1 FROM attachments WHERE message_id IS NULL AND created_at <= ? LIMIT 1",
            [.time(now.adding(seconds: -Attachment.unsentSeconds))]) == 1
    }
}

/// Columns and decoding of files.
private enum AttachmentRow {
    static let columns = """
        id, name, media_type, size, workspace_id, digest, created_at, uploader_kind, uploader_id, conversation_id, \
        message_id
        """

    struct Found {
        var stored: StoredAttachment
        var uploader: Actor.Kind?
        var uploaderId: Int64
        /// Where it was sent.
        var place: (conversationId: Identifier<Conversation>, messageId: Identifier<Message>)?

        var attachment: Attachment { stored.attachment }
    }

    static func decode(_ row: any SQLRow) -> Found {
        var found = Found(
            stored: StoredAttachment(
                attachment: Attachment(
                    id: row.identifier(0), name: row.text(1), mediaType: row.text(2), size: row.integer(3)),
                workspaceId: row.identifier(4), digest: row.optionalBlob(5) ?? [], createdAt: row.timestamp(6)),
            uploader: Actor.Kind(rawValue: row.text(7)), uploaderId: row.integer(8))
        if let conversation = row.optionalInteger(9), let message = row.optionalInteger(10) {
            found.place = (Identifier(conversation), Identifier(message))
        }
        return found
    }
}
