public import Domain

/// What became of a refresh token that was brought back.
public enum RefreshOutcome: Sendable, Equatable {
    case rotated(User, Login)
    /// It was used before: somebody has a copy, and the whole sign-in is revoked.
    case reused
    /// Unknown, late, revoked, or the user is suspended.
    case refused
}

/// From where somebody signs in, as it is shown to them later.
public struct LoginOrigin: Sendable, Equatable {
    /// Unicode scalars that are kept of what a client calls itself.
    public static let maximumUserAgentScalars = 400

    /// Network address.
    public var address: String?
    public var userAgent: String?

    public init(address: String? = nil, userAgent: String? = nil) {
        self.address = address
        self.userAgent = userAgent.flatMap { text in
            let kept = text.unicodeScalars.prefix(Self.maximumUserAgentScalars).filter {
                $0.value >= 0x20 && $0.value != 0x7F
            }
            return kept.isEmpty ? nil : String(String.UnicodeScalarView(kept))
        }
    }
}

extension Transaction {
    /// How long a sign-in lasts without use.
    public static var loginDays: Int64 { 30 }
    /// For so long after its exchange a refresh token may come back, when nobody has used what it was exchanged for: the
    /// answer may have been lost on the way.
    public static var refreshRetrySeconds: Int64 { 30 }

    /// Signs a user in whose password has been verified, unless the account is locked out for this source.
    /// - Parameters:
    ///   - hash: the stored hash that the password was verified against. If the row holds another one by now, the
    ///     password has been changed meanwhile, and the sign-in is refused.
    ///   - newHash: replaces it when its parameters are out of date; the password is the same.
    /// - Throws: ``LockedOut``; ``Refusal/notFound`` for a user who is suspended, deleted, or has another password by now.
    public func signIn(
        _ userId: Identifier<User>, verified hash: String, newHash: String?, refreshDigest: [UInt8],
        attempt: LoginAttempt, lockout: Lockout?, from origin: LoginOrigin
    ) throws -> (User, Login) {
        try succeed(attempt, lockout)
        let (user, login) = try beginLogin(
            of: userId, verified: hash, newHash: newHash, refreshDigest: refreshDigest, from: origin)
        try audit(.loginSucceeded, .login(login.id), by: .of(user, login, from: origin))
        return (user, login)
    }

    /// Begins a sign-in with its first refresh token.
    /// - Parameters:
    ///   - hash: what the stored password hash must be; nil for whatever it is.
    ///   - newHash: replaces it.
    /// - Throws: ``Refusal/notFound`` when there is no such active user with that hash.
    public func beginLogin(
        of userId: Identifier<User>, verified hash: String? = nil, newHash: String? = nil, refreshDigest: [UInt8],
        from origin: LoginOrigin = LoginOrigin()
    ) throws -> (User, Login) {
        // The update decides, and keeps the row until the commit: a change of the password on another node comes either
        // before it, and then nothing matches, or after it, and then it ends this sign-in with the others.
        let condition = hash == nil ? "" : " AND password_hash = ?"
        let begun = try connection.run(
            """
            UPDATE users SET last_login_at = ?, password_hash = COALESCE(?, password_hash) \
            WHERE id = ? AND status = 'active' AND deleted_at IS NULL\(condition)
            """,
            [.time(now), .optional(newHash), .identifier(userId)] + (hash.map { [.text($0)] } ?? []))
        guard begun == 1, let user = try user(userId) else { throw Refusal.notFound }
        let login = Login(
            id: identifiers.next(), userId: userId, createdAt: now,
            expiresAt: now.adding(seconds: Self.loginDays * 86_400), isRevoked: false, lastUsedAt: now,
            address: origin.address, userAgent: origin.userAgent)
        try connection.run(
            """
            INSERT INTO logins (id, workspace_id, user_id, created_at, last_used_at, expires_at, address, user_agent) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(login.id), .identifier(user.workspaceId), .identifier(userId), .time(now), .time(now),
                .time(login.expiresAt), .optional(login.address), .optional(login.userAgent),
            ])
        try insertRefreshToken(refreshDigest, of: login.id, in: user.workspaceId)
        return (user, login)
    }

    /// Exchanges a refresh token for the next. A token that comes back a second time revokes its whole sign-in, unless it
    /// comes soon and nobody has used the one that it was exchanged for: then it is exchanged anew, and that one is void.
    public func rotateRefreshToken(
        _ digest: [UInt8], to next: [UInt8], from origin: LoginOrigin = LoginOrigin()
    ) throws -> RefreshOutcome {
        guard let loginId = try refreshToken(digest)?.loginId else { return .refused }
        // The tokens of one sign-in are exchanged one after the other, on whichever node.
        try lockRow(loginId.rawValue, of: "logins")
        guard let token = try refreshToken(digest), let login = try login(loginId), !login.isRevoked,
            now < login.expiresAt, let user = try user(login.userId), user.status == .active
        else { return .refused }
        if let usedAt = token.usedAt {
            guard let successor = token.successor, now < usedAt.adding(seconds: Self.refreshRetrySeconds),
                try refreshToken(successor)?.usedAt == .some(nil)
            else {
                try revokeLogin(login.id)
                try audit(
                    .refreshTokenReused, .user(user.id), by: .stranger(in: user.workspaceId, from: origin.address))
                return .reused
            }
            // Used, and exchanged for nothing: whoever brings it has it from a stolen answer.
            try connection.run(
                "UPDATE refresh_tokens SET used_at = ? WHERE digest = ?", [.time(now), .blob(successor)])
        }
        try insertRefreshToken(next, of: login.id, in: user.workspaceId)
        try connection.run(
            "UPDATE refresh_tokens SET used_at = COALESCE(used_at, ?), successor = ? WHERE digest = ?",
            [.time(now), .blob(next), .blob(digest)])
        try connection.run(
            """
            UPDATE logins SET last_used_at = ?, expires_at = ?, address = COALESCE(?, address), \
            user_agent = COALESCE(?, user_agent) WHERE id = ?
            """,
            [
                .time(now), .time(now.adding(seconds: Self.loginDays * 86_400)), .optional(origin.address),
                .optional(origin.userAgent), .identifier(login.id),
            ])
        return .rotated(user, try self.login(login.id) ?? login)
    }

    /// Changes one's own password and ends one's other sign-ins.
    /// - Parameters:
    ///   - hash: the stored hash that the current password was verified against.
    ///   - newHash: of the new password.
    /// - Throws: ``LockedOut``; ``Refusal/conflict(_:)`` when it has been changed meanwhile; ``Refusal/forbidden`` for an
    ///   API key.
    public func changeOwnPassword(
        verified hash: String, to newHash: String, attempt: LoginAttempt, lockout: Lockout?, by access: Access
    ) throws {
        guard let staff = access.staff, let loginId = staff.loginId else { throw Refusal.forbidden }
        try succeed(attempt, lockout)
        // As a sign-in: of two that change it at once, one has verified a hash that is gone.
        let changed = try connection.run(
            "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ? AND deleted_at IS NULL",
            [.text(newHash), .identifier(staff.userId), .text(hash)])
        guard changed == 1 else { throw Refusal.conflict("the password has been changed meanwhile") }
        try revokeLogins(of: staff.userId, keeping: loginId)
        try audit(.passwordChanged, .user(staff.userId), by: access)
    }

    /// Ends one's own sign-in, this or another.
    /// - Throws: ``Refusal/notFound`` when it is not one's own, or over; ``Refusal/forbidden``.
    public func endOwnLogin(_ id: Identifier<Login>, by access: Access) throws {
        guard let userId = access.staff?.userId else { throw Refusal.forbidden }
        let login = try login(id, of: userId)
        try revokeLogin(login.id)
        try audit(.loginEnded, .login(login.id), by: access)
    }

    private func insertRefreshToken(
        _ digest: [UInt8], of loginId: Identifier<Login>, in workspaceId: Identifier<Workspace>
    ) throws {
        try connection.run(
            "INSERT INTO refresh_tokens (digest, workspace_id, login_id) VALUES (?, ?, ?)",
            [.blob(digest), .identifier(workspaceId), .identifier(loginId)])
    }

    private func refreshToken(
        _ digest: [UInt8]
    ) throws -> (loginId: Identifier<Login>, usedAt: Timestamp?, successor: [UInt8]?)? {
        try connection.row(
            "SELECT login_id, used_at, successor FROM refresh_tokens WHERE digest = ?", [.blob(digest)]
        ) { ($0.identifier(0), $0.optionalTimestamp(1), $0.optionalBlob(2)) }
    }
}

extension RowReader {
    /// Of one's own account, what a check of one's password needs.
    /// - Parameter source: the client's address, by which failures are counted.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func ownAccount(
        from source: String, by access: Access
    ) throws -> (email: String, passwordHash: String, attempt: LoginAttempt) {
        guard let staff = access.staff else { throw Refusal.forbidden }
        let found = try connection.row(
            """
            SELECT u.email, u.password_hash, w.slug FROM users u JOIN workspaces w ON w.id = u.workspace_id \
            WHERE u.id = ? AND \(UserRow.isThere)
            """, [.identifier(staff.userId)]
        ) { ($0.text(0), $0.text(1), $0.text(2)) }
        guard let (email, hash, slug) = found else { throw Refusal.notFound }
        return (email, hash, LoginAttempt(workspace: slug, email: email, source: source))
    }
}

extension Access {
    /// A user who has just signed in.
    static func of(_ user: User, _ login: Login, from origin: LoginOrigin) -> Access {
        Access(
            workspaceId: user.workspaceId,
            principal: .staff(
                .init(
                    userId: user.id, name: user.name, role: user.role, credential: .login(login.id),
                    accessVersion: user.accessVersion)), address: origin.address)
    }

    /// Somebody at this address of whom nothing else is known.
    static func stranger(in workspaceId: Identifier<Workspace>, from address: String?) -> Access {
        Access(workspaceId: workspaceId, principal: .server, address: address)
    }
}
