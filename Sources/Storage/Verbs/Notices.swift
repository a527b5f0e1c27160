public import Domain

extension Transaction {
    /// Tells those who are connected something, on every node, once it is committed.
    /// - Parameter locale: for those who use this language, or of whom none is known; nil for everybody.
    public func sendNotice(
        code: String, text: String, to audience: Notice.Audience, locale: String?, by access: Access
    ) throws -> Notice {
        try access.require(.noticesWrite)
        let id = try audit(
            .noticeSent, .workspace(access.workspaceId),
            after: [
                "code": .string(code), "text": .string(text), "to": .string(audience.rawValue),
                "locale": locale.map { .string($0) } ?? .null,
            ], by: access)
        let notice = Notice(
            id: id, workspaceId: access.workspaceId, code: code, text: text, audience: audience, locale: locale)
        committed.notices.append(notice)
        return notice
    }
}

extension RowReader {
    /// What administrators have told since `time`, for nodes that did not hear it.
    public func notices(since time: Timestamp) throws -> [Notice] {
        // By the key, which begins with the time: the log has no other index that is not a workspace's own.
        try connection.rows(
            """
            SELECT id, workspace_id, state_after FROM audit_log WHERE id >= ? AND action = ? ORDER BY id LIMIT ?
            """,
            [
                .identifier(IdentifierGenerator.first(at: time, of: AuditEntry.self)),
                .text(AuditEntry.Action.noticeSent.rawValue), .integer(Self.maximumNotices),
            ]
        ) { row in
            let told = try StoredJSON.value(row.text(2))
            return Notice(
                id: row.identifier(0), workspaceId: row.identifier(1), code: told["code"]?.stringValue ?? "",
                text: told["text"]?.stringValue ?? "",
                audience: told["to"]?.stringValue.flatMap(Notice.Audience.init) ?? .all,
                locale: told["locale"]?.stringValue)
        }
    }

    /// Notices of one look: more than people write in its time.
    private static var maximumNotices: Int64 { 100 }
}
