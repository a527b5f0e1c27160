public import Domain

extension Transaction {
    /// - Throws: ``Refusal/emailTaken``.
    public func createUser(
        email: String, name: String, passwordHash: String, role: Role, in workspaceId: Identifier<Workspace>
    ) throws -> User {
        let user = User(
            id: identifiers.next(), workspaceId: workspaceId, email: email, name: name, role: role, status: .active,
            locale: nil, accessVersion: 1, createdAt: now, lastLoginAt: nil)
        do {
            try connection.run(
                """
                INSERT INTO users (id, workspace_id, email, email_key, name, password_hash, role, status, created_at) \
                VALUES (?, ?, ?, ?, ?, ?, ?, 'active', ?)
                """,
                [
                    .identifier(user.id), .identifier(workspaceId), .text(email), .text(User.emailKey(email)),
                    .text(name), .text(passwordHash), .text(role.name), .time(now),
                ])
        } catch StorageFailure.constraint {
            throw Refusal.emailTaken
        }
        return user
    }

    /// Sets a password, ends every sign-in of the user, but for `login`, and forgets failed ones.
    public func setPassword(of userId: Identifier<User>, hash: String, keeping login: Identifier<Login>?) throws {
        try connection.run(
            "UPDATE users SET password_hash = ? WHERE id = ?", [.text(hash), .identifier(userId)])
        try revokeLogins(of: userId, keeping: login)
        try clearFailures(of: userId)
    }

    /// Ends a sign-in: its tokens are dead with the commit and its sockets are closed.
    public func revokeLogin(_ id: Identifier<Login>) throws {
        let revoked = try connection.run(
            "UPDATE logins SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", [.time(now), .identifier(id)])
        try connection.run("DELETE FROM tickets WHERE login_id = ?", [.identifier(id)])
        if revoked == 1 { committed.endedLogins.append(id) }
    }

    /// Changes a user's role or status. Tokens that were given out before are void with the commit; sockets are closed.
    /// - Throws: ``Refusal/notFound``.
    public func changeAccess(
        of id: Identifier<User>, role: Role? = nil, status: User.Status? = nil
    ) throws -> User {
        let changed = try connection.run(
            """
            UPDATE users SET role = COALESCE(?, role), status = COALESCE(?, status), \
            access_version = access_version + 1, access_changed_at = ? WHERE id = ? AND deleted_at IS NULL
            """, [.optional(role?.name), .optional(status?.rawValue), .time(now), .identifier(id)])
        guard changed == 1, let user = try user(id) else { throw Refusal.notFound }
        committed.changedUsers.append(ChangedAccess(userId: id, version: user.accessVersion))
        return user
    }

    /// Changes what users may change of themselves.
    public func updateOwnProfile(
        _ id: Identifier<User>, name: String?, locale: String??
    ) throws -> User {
        if let name { try connection.run("UPDATE users SET name = ? WHERE id = ?", [.text(name), .identifier(id)]) }
        if let locale {
            try connection.run("UPDATE users SET locale = ? WHERE id = ?", [.optional(locale), .identifier(id)])
        }
        guard let user = try user(id) else { throw Refusal.notFound }
        // The rights are the same, but not the name that goes with them.
        committed.changedUsers.append(ChangedAccess(userId: id, version: user.accessVersion))
        return user
    }
}

extension RowReader {
    public func user(_ id: Identifier<User>) throws -> User? {
        try connection.row(
            "SELECT \(UserRow.columns) FROM \(UserRow.tables) WHERE u.id = ? AND \(UserRow.isThere)", [.identifier(id)],
            UserRow.decode)
    }

    /// The user with this e-mail and the stored password hash, in one workspace only.
    public func user(
        email: String, in workspaceId: Identifier<Workspace>
    ) throws -> (user: User, passwordHash: String)? {
        try connection.row(
            """
            SELECT \(UserRow.columns) FROM \(UserRow.tables) \
            WHERE u.workspace_id = ? AND u.email_key = ? AND \(UserRow.isThere)
            """, [.identifier(workspaceId), .text(User.emailKey(email))]
        ) { (try UserRow.decode($0), $0.text(UserRow.passwordHashColumn)) }
    }

    public func login(_ id: Identifier<Login>) throws -> Login? {
        try connection.row("SELECT \(LoginRow.columns) FROM logins WHERE id = ?", [.identifier(id)], LoginRow.decode)
    }
}
