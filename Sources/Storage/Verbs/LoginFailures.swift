import Crypto
public import Domain

/// Which account is tried from where: what failed sign-ins are counted by. The account need not exist.
public struct LoginAttempt: Sendable, Equatable {
    /// SHA-256 of workspace and e-mail, so that no e-mail is kept that somebody typed.
    public let account: [UInt8]
    /// The client's address; of IPv6 the network.
    public let source: String

    public init(workspace slug: String, email: String, source: String) {
        account = Self.digest(slug: slug, email: email)
        self.source = source
    }

    static func digest(slug: String, email: String) -> [UInt8] {
        Array(SHA256.hash(data: Array("\(slug)/\(User.emailKey(email))".utf8)))
    }
}

/// After how many failures an account is locked out for a source.
public struct Lockout: Sendable, Equatable {
    /// Failures are counted within this time, and a lock-out lasts as long (`LOCKOUT_FAILURES`: in 15 minutes).
    public static let windowSeconds: Int64 = 900

    public var failures: Int

    public init(failures: Int) {
        self.failures = max(1, failures)
    }
}

/// Too many failures went before: even the right password opens nothing until then.
public struct LockedOut: Error, Sendable, Equatable {
    /// How long that still is.
    public var seconds: Double

    init(until end: Timestamp, now: Timestamp) {
        seconds = Double(end.milliseconds - now.milliseconds) / 1000
    }
}

extension RowReader {
    /// - Throws: ``LockedOut``.
    public func requireUnlocked(_ attempt: LoginAttempt, _ lockout: Lockout?) throws {
        if let lockout, let end = try lockoutEnd(of: attempt, lockout) { throw LockedOut(until: end, now: now) }
    }

    /// Of failures, when the newest began to be counted that count no more.
    var lastForgottenFailure: Timestamp { now.adding(seconds: -Lockout.windowSeconds) }

    /// Until when the account is locked out for this source; nil when it is not.
    func lockoutEnd(of attempt: LoginAttempt, _ lockout: Lockout) throws -> Timestamp? {
        try lockoutEnd(of: attempt, lockout, locking: false)
    }

    func lockoutEnd(of attempt: LoginAttempt, _ lockout: Lockout, locking: Bool) throws -> Timestamp? {
        let end = try connection.row(
            """
            SELECT window_began_at FROM login_failures WHERE account = ? AND address = ? AND failures >= ? \
            \(locking ? connection.lockingClause : "")
            """, [.blob(attempt.account), .text(attempt.source), .integer(Int64(lockout.failures))]
        ) { $0.timestamp(0).adding(seconds: Lockout.windowSeconds) }
        return end.flatMap { now < $0 ? $0 : nil }
    }
}

extension Transaction {
    /// Takes note of a failed sign-in, or of a wrong password where one must be given again.
    ///
    /// An account that does not exist is treated as one that does, so that nobody can tell them apart.
    /// - Parameters:
    ///   - user: whose account it is; nil for one that does not exist.
    ///   - access: who is told to have failed; nil when there is not even such a workspace, and so no audit log.
    /// - Returns: what to answer if there was a lock-out already: not that the password is wrong. It is no failure of this
    ///   command, which has counted.
    public func failSignIn(
        _ attempt: LoginAttempt, of user: Identifier<User>?, lockout: Lockout?, by access: Access?
    ) throws -> LockedOut? {
        let target = user.map { AuditEntry.Target.user($0) }
        guard let lockout else {
            if let access { try audit(.loginFailed, target, by: access) }
            return nil
        }
        let failures = try countFailure(attempt)
        if failures > Int64(lockout.failures) {
            return try lockoutEnd(of: attempt, lockout).map { LockedOut(until: $0, now: now) }
        }
        if let access { try audit(.loginFailed, target, by: access) }
        if failures == Int64(lockout.failures) {
            // From now on, for as long as failures are counted.
            try connection.run(
                "UPDATE login_failures SET window_began_at = ? WHERE account = ? AND address = ?",
                [.time(now)] + key(attempt))
            if let access { try audit(.loginLockedOut, target, by: access) }
        }
        return nil
    }

    /// Takes note of a right password.
    /// - Throws: ``LockedOut``.
    func succeed(_ attempt: LoginAttempt, _ lockout: Lockout?) throws {
        guard let lockout else { return }
        if let end = try lockoutEnd(of: attempt, lockout, locking: true) { throw LockedOut(until: end, now: now) }
        try connection.run("DELETE FROM login_failures WHERE account = ? AND address = ?", key(attempt))
    }

    /// Forgets the failures of an account from everywhere: its password was set by somebody who may.
    func clearFailures(of user: Identifier<User>) throws {
        let account = try connection.row(
            "SELECT w.slug, u.email FROM users u JOIN workspaces w ON w.id = u.workspace_id WHERE u.id = ?",
            [.identifier(user)]
        ) { LoginAttempt.digest(slug: $0.text(0), email: $0.text(1)) }
        guard let account else { return }
        try connection.run("DELETE FROM login_failures WHERE account = ?", [.blob(account)])
    }

    /// Forgets failures that count no more, and invitations that ended long ago.
    public func sweepSignIns() throws {
        try connection.run(
            "DELETE FROM login_failures WHERE window_began_at <= ?", [.time(lastForgottenFailure)])
        try connection.run("DELETE FROM invitations WHERE expires_at <= ?", [.time(lastForgottenInvitation)])
    }

    /// - Returns: the failures within the window, this one included.
    private func countFailure(_ attempt: LoginAttempt) throws -> Int64 {
        let limit = lastForgottenFailure
        if try addFailure(attempt, since: limit) { return try failures(of: attempt) }
        let begun = try connection.run(
            """
            UPDATE login_failures SET failures = 1, window_began_at = ? \
            WHERE account = ? AND address = ? AND window_began_at <= ?
            """, [.time(now)] + key(attempt) + [.time(limit)])
        if begun == 1 { return 1 }
        do {
            try connection.run(
                "INSERT INTO login_failures (failures, window_began_at, account, address) VALUES (1, ?, ?, ?)",
                [.time(now)] + key(attempt))
            return 1
        } catch StorageFailure.constraint(let text) {
            // Counted on another node at the same moment for the first time.
            guard try addFailure(attempt, since: limit) else { throw StorageFailure.constraint(text) }
            return try failures(of: attempt)
        }
    }

    private func addFailure(_ attempt: LoginAttempt, since limit: Timestamp) throws -> Bool {
        try connection.run(
            """
            UPDATE login_failures SET failures = failures + 1 \
            WHERE account = ? AND address = ? AND window_began_at > ?
            """, key(attempt) + [.time(limit)]) == 1
    }

    private func failures(of attempt: LoginAttempt) throws -> Int64 {
        try connection.integer(
            "SELECT failures FROM login_failures WHERE account = ? AND address = ?", key(attempt)) ?? 0
    }

    private func key(_ attempt: LoginAttempt) -> [SQLValue] { [.blob(attempt.account), .text(attempt.source)] }
}
