public import Domain

enum APIKeyRow {
    static let columns =
        "id, workspace_id, user_id, name, permissions, created_at, expires_at, last_used_at, revoked_at"
    static func decode(_ row: any SQLRow) throws -> APIKey {
        APIKey(
            id: row.identifier(0), workspaceId: row.identifier(1), userId: row.identifier(2), name: row.text(3),
            grants: try RoleRow.grants(row.text(4)), createdAt: row.timestamp(5), expiresAt: row.optionalTimestamp(6),
            lastUsedAt: row.optionalTimestamp(7), isRevoked: row.optionalInteger(8) != nil)
    }
}

extension Transaction {
    /// Makes a key that acts for the caller.
    /// - Parameters:
    ///   - digest: SHA-256 of the key, which itself is not kept.
    ///   - grants: what it may do at most.
    ///   - expiresAt: nil for never.
    /// - Throws: ``Refusal/forbidden`` when `grants` go beyond what the caller may do; ``Refusal/invalid(_:)`` for a key that
    ///   would outlive the key that makes it; ``Refusal/conflict(_:)`` when there are too many.
    public func createAPIKey(
        name: String, grants: Grants, expiresAt: Timestamp?, digest: [UInt8], by access: Access
    ) throws -> APIKey {
        let own = try administer(.apiKeysWrite, by: access)
        guard let staff = access.staff else { throw Refusal.forbidden }
        try own.require(toCover: grants)
        try requireNotToOutlive(staff.credential, expiresAt)
        let count = try connection.integer(
            "SELECT count(*) FROM api_keys WHERE workspace_id = ? AND revoked_at IS NULL",
            [.identifier(access.workspaceId)])
        guard count ?? 0 < Int64(APIKey.maximumPerWorkspace) else {
            throw Refusal.conflict("a workspace has at most \(APIKey.maximumPerWorkspace) keys")
        }
        let key = APIKey(
            id: identifiers.next(), workspaceId: access.workspaceId, userId: staff.userId, name: name, grants: grants,
            createdAt: now, expiresAt: expiresAt, lastUsedAt: nil, isRevoked: false)
        try connection.run(
            """
            INSERT INTO api_keys (id, workspace_id, user_id, name, digest, permissions, created_at, expires_at) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(key.id), .identifier(key.workspaceId), .identifier(key.userId), .text(name),
                .blob(digest), .text(try RoleRow.text(grants)), .time(now), .time(expiresAt),
            ])
        try audit(.apiKeyCreated, .apiKey(key.id), after: key.audited, by: access)
        return key
    }

    /// Whoever has got hold of a key for a day must not be able to keep it for longer.
    private func requireNotToOutlive(_ credential: Access.Credential, _ expiresAt: Timestamp?) throws {
        guard case .apiKey(let id) = credential, let end = try apiKey(id)?.expiresAt else { return }
        guard let expiresAt, expiresAt <= end else {
            throw Refusal.invalid([
                FieldProblem(
                    field: "expires_at", code: "out_of_range", message: "must not be after the end of the key that asks"
                )
            ])
        }
    }

    /// Renames a key.
    /// - Throws: ``Refusal/notFound``.
    public func renameAPIKey(_ id: Identifier<APIKey>, to name: String, by access: Access) throws -> APIKey {
        try access.require(.apiKeysWrite)
        var key = try liveAPIKey(id, in: access.workspaceId)
        guard key.name != name else { return key }
        try connection.run("UPDATE api_keys SET name = ? WHERE id = ?", [.text(name), .identifier(id)])
        try audit(
            .apiKeyUpdated, .apiKey(id), before: ["name": .string(key.name)], after: ["name": .string(name)],
            by: access)
        key.name = name
        return key
    }

    /// Ends a key: it opens nothing from the commit on, and its sockets are closed.
    /// - Throws: ``Refusal/notFound``.
    public func revokeAPIKey(_ id: Identifier<APIKey>, by access: Access) throws {
        try access.require(.apiKeysWrite)
        let key = try liveAPIKey(id, in: access.workspaceId)
        let revoked = try connection.run(
            "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", [.time(now), .identifier(id)])
        guard revoked == 1 else { throw Refusal.notFound }
        committed.endedKeys.append(id)
        try audit(.apiKeyDeleted, .apiKey(id), before: key.audited, by: access)
    }

    /// Notes that a key was used, unless that was noted within `seconds`, on whichever node.
    public func noteUse(of id: Identifier<APIKey>, atMostEvery seconds: Int64) throws {
        try connection.run(
            "UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ?)",
            [.time(now), .identifier(id), .time(now.adding(seconds: -seconds))])
    }
}

extension RowReader {
    /// Whatever workspace it is of, revoked or not. For authentication only.
    public func apiKey(_ id: Identifier<APIKey>) throws -> APIKey? {
        try connection.row(
            "SELECT \(APIKeyRow.columns) FROM api_keys WHERE id = ?", [.identifier(id)], APIKeyRow.decode)
    }

    /// The same by the digest of what its holder shows.
    public func apiKey(digest: [UInt8]) throws -> APIKey? {
        try connection.row(
            "SELECT \(APIKeyRow.columns) FROM api_keys WHERE digest = ?", [.blob(digest)], APIKeyRow.decode)
    }

    /// A key of the workspace that is not revoked.
    /// - Throws: ``Refusal/notFound``.
    public func apiKey(_ id: Identifier<APIKey>, by access: Access) throws -> APIKey {
        try access.require(.apiKeysRead)
        return try liveAPIKey(id, in: access.workspaceId)
    }

    /// The same for whoever may change keys.
    public func apiKey(_ id: Identifier<APIKey>, forWritingBy access: Access) throws -> APIKey {
        try access.require(.apiKeysWrite)
        return try liveAPIKey(id, in: access.workspaceId)
    }

    func liveAPIKey(_ id: Identifier<APIKey>, in workspaceId: Identifier<Workspace>) throws -> APIKey {
        guard let key = try apiKey(id), key.workspaceId == workspaceId, !key.isRevoked else { throw Refusal.notFound }
        return key
    }

    /// The workspace's keys that are not revoked, newest first.
    public func apiKeys(
        after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<APIKey> {
        try access.require(.apiKeysRead)
        let rows = try connection.rows(
            """
            SELECT \(APIKeyRow.columns) FROM api_keys WHERE workspace_id = ? AND revoked_at IS NULL AND id < ? \
            ORDER BY id DESC LIMIT ?
            """,
            [.identifier(access.workspaceId), .integer(position?.id ?? .max), .integer(Int64(limit) + 1)],
            APIKeyRow.decode)
        return KeysetSlice(rows, limit: limit) { $0.id.rawValue }
    }
}

extension APIKey {
    /// As the audit log shows it.
    fileprivate var audited: JSONValue {
        [
            "name": .string(name), "permissions": .array(grants.permissions.map { .string($0.text) }),
            "expires_at": expiresAt.map { .string($0.rfc3339) } ?? .null,
        ]
    }
}
