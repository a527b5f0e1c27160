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

extension RowReader {
    public func apiKey(_ id: Identifier<APIKey>) throws -> APIKey? {
        try connection.row(
            "SELECT \(APIKeyRow.columns) FROM api_keys WHERE id = ?", [.identifier(id)], APIKeyRow.decode)
    }
}
