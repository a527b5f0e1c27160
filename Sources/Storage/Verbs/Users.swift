public import Domain

/// What became of a refresh token that was brought back.
public enum RefreshOutcome: Sendable, Equatable {
    case rotated(User, Login)
    /// It was used before: somebody has a copy, and the whole sign-in is revoked.
    case reused
    /// Unknown, late, revoked, or the user is suspended.
    case refused
}

extension Transaction {
    /// How long a sign-in lasts without use.
    public static var loginDays: Int64 { 30 }

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

    /// Sets a password and ends every sign-in of the user, but for `login`.
    public func setPassword(of userId: Identifier<User>, hash: String, keeping login: Identifier<Login>?) throws {
        try connection.run(
            "UPDATE users SET password_hash = ? WHERE id = ?", [.text(hash), .identifier(userId)])
        let logins = try connection.rows(
            "SELECT id FROM logins WHERE user_id = ? AND revoked_at IS NULL", [.identifier(userId)]
        ) { $0.identifier(0, of: Login.self) }
        for id in logins where id != login { try revokeLogin(id) }
    }

    /// Replaces a hash that was made with weaker parameters; the password is the same.
    public func rehashPassword(of userId: Identifier<User>, hash: String, replacing old: String) throws {
        try connection.run(
            "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?",
            [.text(hash), .identifier(userId), .text(old)])
    }

    /// Begins a sign-in with its first refresh token.
    /// - Parameters:
    ///   - address: where it is made from.
    ///   - userAgent: what the client calls itself.
    public func beginLogin(
        of userId: Identifier<User>, refreshDigest: [UInt8], address: String? = nil, userAgent: String? = nil
    ) throws -> (User, Login) {
        guard let user = try user(userId), user.status == .active else { throw Refusal.notFound }
        let login = Login(
            id: identifiers.next(), userId: userId, createdAt: now,
            expiresAt: now.adding(seconds: Self.loginDays * 86_400), isRevoked: false, lastUsedAt: now, address: address,
            userAgent: userAgent)
        try connection.run(
            """
            INSERT INTO logins (id, workspace_id, user_id, created_at, last_used_at, expires_at, address, user_agent) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(login.id), .identifier(user.workspaceId), .identifier(userId), .time(now), .time(now),
                .time(login.expiresAt), .optional(address), .optional(userAgent),
            ])
        try insertRefreshToken(refreshDigest, of: login.id, in: user.workspaceId)
        try connection.run("UPDATE users SET last_login_at = ? WHERE id = ?", [.time(now), .identifier(userId)])
        return (try self.user(userId) ?? user, login)
    }

    /// Exchanges a refresh token for the next. A token that comes back a second time revokes its whole sign-in.
    public func rotateRefreshToken(_ digest: [UInt8], to next: [UInt8]) throws -> RefreshOutcome {
        let found = try connection.row(
            "SELECT login_id, used_at, workspace_id FROM refresh_tokens WHERE digest = ?", [.blob(digest)]
        ) {
            (
                loginId: $0.identifier(0, of: Login.self), usedAt: $0.optionalTimestamp(1),
                workspaceId: $0.identifier(2, of: Workspace.self)
            )
        }
        guard let found, let login = try login(found.loginId) else { return .refused }
        if found.usedAt != nil {
            try revokeLogin(login.id)
            return .reused
        }
        guard !login.isRevoked, now < login.expiresAt, let user = try user(login.userId), user.status == .active else {
            return .refused
        }
        // The update decides: of two nodes that are brought the same token at once, one changes the row.
        let used = try connection.run(
            "UPDATE refresh_tokens SET used_at = ? WHERE digest = ? AND used_at IS NULL",
            [.time(now), .blob(digest)])
        guard used == 1 else {
            try revokeLogin(login.id)
            return .reused
        }
        try insertRefreshToken(next, of: login.id, in: found.workspaceId)
        try connection.run(
            "UPDATE logins SET last_used_at = ?, expires_at = ? WHERE id = ?",
            [.time(now), .time(now.adding(seconds: Self.loginDays * 86_400)), .identifier(login.id)])
        return .rotated(user, login)
    }

    private func insertRefreshToken(
        _ digest: [UInt8], of loginId: Identifier<Login>, in workspaceId: Identifier<Workspace>
    ) throws {
        try connection.run(
            "INSERT INTO refresh_tokens (digest, workspace_id, login_id) VALUES (?, ?, ?)",
            [.blob(digest), .identifier(workspaceId), .identifier(loginId)])
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
