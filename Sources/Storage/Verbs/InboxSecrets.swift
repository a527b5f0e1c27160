public import Domain

/// What a look at stored secrets has found.
public struct SecretSurvey: Sendable, Equatable {
    /// Stored plain, or under a key that only opens.
    public var outdated: [Identifier<Inbox>] = []
    /// Keys that are not among ours, with which some are sealed.
    public var unknownKeys: Set<SecretKeyId> = []
    /// Those that a key of ours should open, and does not.
    public var damaged: [Identifier<Inbox>] = []
    public var count = 0

    public init() {}
}

extension Transaction {
    /// How long the secret before a rotation still signs identity tokens: time to bring the new one to the company's
    /// servers. Rotating twice ends a secret at once.
    public static var secretGraceSeconds: Int64 { 86_400 }

    /// Gives an inbox a new secret.
    /// - Throws: ``Refusal/forbidden``, ``Refusal/notFound``.
    public func rotateInboxSecret(_ id: Identifier<Inbox>, to secret: [UInt8], by access: Access) throws -> Inbox {
        try access.require(.inboxesWrite)
        try lockRow(id.rawValue, of: "inboxes")
        var inbox = try liveInbox(id, in: access.workspaceId)
        let old = try connection.row("SELECT secret FROM inboxes WHERE id = ?", [.identifier(id)]) {
            $0.optionalBlob(0) ?? []
        }
        // One that nothing opens is no loss.
        let previous = try old.flatMap { try? opened($0, of: id) }.map { try seal($0, of: id, isPrevious: true) }
        try connection.run(
            """
            UPDATE inboxes SET secret = ?, previous_secret = ?, previous_secret_ends_at = ?, updated_at = ? WHERE id = ?
            """,
            [
                .blob(try seal(secret, of: id)), previous.map { .blob($0) } ?? .null,
                .time(now.adding(seconds: Self.secretGraceSeconds)), .time(now), .identifier(id),
            ])
        inbox.updatedAt = now
        try audit(.inboxSecretRotated, .inbox(id), by: access)
        return inbox
    }

    /// Seals an inbox's secrets with the key of today, unless another process has done it.
    /// - Returns: whether it changed anything.
    public func renewSecrets(of id: Identifier<Inbox>) throws -> Bool {
        guard let row = try secretRows(after: Identifier(id.rawValue - 1), limit: 1).first, row.id == id else {
            return false
        }
        var hasChanged = false
        for (stored, isPrevious) in [(row.secret, false), (row.previous, true)] {
            guard let stored, isOutdated(stored), let secret = try? opened(stored, of: id, isPrevious: isPrevious)
            else {
                continue
            }
            let column = isPrevious ? "previous_secret" : "secret"
            let changed = try connection.run(
                "UPDATE inboxes SET \(column) = ? WHERE id = ? AND \(column) = ?",
                [.blob(try seal(secret, of: id, isPrevious: isPrevious)), .identifier(id), .blob(stored)])
            hasChanged = hasChanged || changed == 1
        }
        return hasChanged
    }

    func seal(_ secret: [UInt8], of id: Identifier<Inbox>, isPrevious: Bool = false) throws -> [UInt8] {
        try settings.secrets.seal(secret, for: .inboxSecret, at: .secret(of: id, isPrevious: isPrevious))
    }
}

extension RowReader {
    /// The secrets with which identity tokens of the inbox may be signed now: its own, and for a while the one before.
    /// - Throws: ``StorageFailure/unavailable(_:)`` when this process lacks the key that opens them.
    public func inboxSecrets(of id: Identifier<Inbox>) throws -> [[UInt8]] {
        let row = try connection.row(
            "SELECT secret, previous_secret, previous_secret_ends_at FROM inboxes WHERE id = ?", [.identifier(id)]
        ) { ($0.optionalBlob(0), $0.optionalBlob(1), $0.optionalTimestamp(2)) }
        guard let (secret, previous, previousEnd) = row else { return [] }
        var secrets: [[UInt8]] = []
        do {
            if let secret { secrets.append(try opened(secret, of: id)) }
            if let previous, let previousEnd, now < previousEnd {
                secrets.append(try opened(previous, of: id, isPrevious: true))
            }
        } catch {
            throw StorageFailure.unavailable("an inbox's secret cannot be opened: \(error)")
        }
        return secrets
    }

    /// Looks at the secrets of some inboxes.
    /// - Returns: what was found, and behind which inbox to go on; nil when that were all.
    public func surveySecrets(
        after id: Identifier<Inbox>?, limit: Int
    ) throws -> (found: SecretSurvey, next: Identifier<Inbox>?) {
        let rows = try secretRows(after: id, limit: limit)
        var survey = SecretSurvey()
        for row in rows {
            for (stored, isPrevious) in [(row.secret, false), (row.previous, true)] {
                guard let stored else { continue }
                survey.count += 1
                do {
                    _ = try opened(stored, of: row.id, isPrevious: isPrevious)
                    if isOutdated(stored), survey.outdated.last != row.id { survey.outdated.append(row.id) }
                } catch .unknownKey(let key) {
                    survey.unknownKeys.insert(key)
                } catch .damaged {
                    survey.damaged.append(row.id)
                }
            }
        }
        return (survey, rows.count == limit ? rows.last?.id : nil)
    }

    fileprivate func secretRows(
        after id: Identifier<Inbox>?, limit: Int
    ) throws -> [(id: Identifier<Inbox>, secret: [UInt8]?, previous: [UInt8]?)] {
        try connection.rows(
            "SELECT id, secret, previous_secret FROM inboxes WHERE id > ? ORDER BY id LIMIT ?",
            [.integer(id?.rawValue ?? 0), .integer(Int64(limit))]
        ) { ($0.identifier(0), $0.optionalBlob(1), $0.optionalBlob(2)) }
    }

    fileprivate func isOutdated(_ stored: [UInt8]) -> Bool {
        SecretBox.form(of: stored) != .sealed(settings.secrets.keyId)
    }

    /// A secret as it was given. One that is still plain is taken as it is, until ``Transaction/renewSecrets(of:)`` has
    /// sealed it.
    fileprivate func opened(
        _ stored: [UInt8], of id: Identifier<Inbox>, isPrevious: Bool = false
    ) throws(SecretBox.Failure) -> [UInt8] {
        switch SecretBox.form(of: stored) {
        case .plain: stored
        case .sealed: try settings.secrets.open(stored, for: .inboxSecret, at: .secret(of: id, isPrevious: isPrevious))
        }
    }
}

extension SecretBox.Place {
    fileprivate static func secret(of id: Identifier<Inbox>, isPrevious: Bool) -> SecretBox.Place {
        isPrevious
            ? .init(table: "inboxes", row: id.rawValue, column: "previous_secret")
            : .init(table: "inboxes", row: id.rawValue, column: "secret")
    }
}
