public import Domain

extension RowReader {
    /// A user's sign-ins that still hold, newest first.
    public func logins(
        of userId: Identifier<User>, in workspaceId: Identifier<Workspace>, after position: KeysetPosition?, limit: Int
    ) throws -> KeysetSlice<Login> {
        let logins = try connection.rows(
            """
            SELECT \(LoginRow.columns) FROM logins WHERE workspace_id = ? AND user_id = ? AND id < ? \
            AND revoked_at IS NULL AND expires_at > ? ORDER BY id DESC LIMIT ?
            """,
            [
                .identifier(workspaceId), .identifier(userId), .integer(position?.id ?? Int64.max), .time(now),
                .integer(Int64(limit) + 1),
            ], LoginRow.decode)
        return KeysetSlice(logins, limit: limit) { $0.id.rawValue }
    }

    /// A sign-in of this user that still holds.
    /// - Throws: ``Refusal/notFound``.
    public func login(_ id: Identifier<Login>, of userId: Identifier<User>) throws -> Login {
        guard let login = try login(id), login.userId == userId, !login.isRevoked, now < login.expiresAt else {
            throw Refusal.notFound
        }
        return login
    }
}

extension Transaction {
    /// Ends every sign-in of a user, but for `login`.
    /// - Returns: how many there were.
    @discardableResult
    func revokeLogins(of userId: Identifier<User>, keeping login: Identifier<Login>? = nil) throws -> Int {
        let logins = try connection.rows(
            "SELECT id FROM logins WHERE user_id = ? AND revoked_at IS NULL", [.identifier(userId)]
        ) { $0.identifier(0, of: Login.self) }.filter { $0 != login }
        for id in logins { try revokeLogin(id) }
        return logins.count
    }
}
