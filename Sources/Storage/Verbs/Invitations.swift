public import Domain

extension Transaction {
    /// Invites somebody to register.
    /// - Parameters:
    ///   - email: whom; nil for anybody who has the token.
    ///   - role: name of the role that comes with it.
    ///   - digest: of the token; the token itself is kept nowhere.
    /// - Throws: ``Refusal/forbidden`` when the role may do more than the caller, ``Refusal/emailTaken``,
    ///   ``Refusal/invalid(_:)`` for a role that there is not, ``Refusal/conflict(_:)`` when too many are open.
    public func invite(
        _ email: String?, as role: String, days: Int64 = Invitation.defaultDays, digest: [UInt8], by access: Access
    ) throws -> Invitation {
        let grants = try administer(.usersWrite, by: access)
        guard let role = try roles(in: access.workspaceId).first(where: { $0.name == role }) else {
            throw Refusal.invalid([.init(field: "role", code: "unknown_role", message: "is not a role here")])
        }
        try grants.require(toCover: role.grants)
        if let email, try user(email: email, in: access.workspaceId) != nil { throw Refusal.emailTaken }
        let open = try connection.integer(
            "SELECT count(*) FROM invitations WHERE workspace_id = ? AND used_at IS NULL AND expires_at > ?",
            [.identifier(access.workspaceId), .time(now)])
        guard (open ?? 0) < Invitation.maximumOpen else {
            throw Refusal.conflict("\(Invitation.maximumOpen) invitations are open; delete some first")
        }
        let invitation = Invitation(
            id: identifiers.next(), workspaceId: access.workspaceId, email: email, role: role.name, createdAt: now,
            expiresAt: now.adding(seconds: days * 86_400), usedAt: nil)
        try connection.run(
            """
            INSERT INTO invitations (id, workspace_id, email, role, digest, created_at, expires_at) \
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(invitation.id), .identifier(invitation.workspaceId), .optional(email), .text(role.name),
                .blob(digest), .time(now), .time(invitation.expiresAt),
            ])
        try audit(.invitationCreated, .invitation(invitation.id), after: invitation.audited, by: access)
        return invitation
    }

    /// Takes an invitation back, or clears a used one away.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func deleteInvitation(_ id: Identifier<Invitation>, by access: Access) throws {
        try access.require(.usersWrite)
        guard let invitation = try invitation(id, in: access.workspaceId),
            try connection.run("DELETE FROM invitations WHERE id = ?", [.identifier(id)]) == 1
        else { throw Refusal.notFound }
        try audit(.invitationDeleted, .invitation(id), before: invitation.audited, by: access)
    }

    /// Uses an invitation up. The update decides: of two that bring the same one, one registers.
    /// - Throws: ``Refusal/invalid(_:)`` when it is used, late, unknown, or for another e-mail.
    func accept(invitation digest: [UInt8], email: String, in workspaceId: Identifier<Workspace>) throws -> Invitation {
        let used = try connection.run(
            """
            UPDATE invitations SET used_at = ? \
            WHERE digest = ? AND workspace_id = ? AND used_at IS NULL AND expires_at > ?
            """, [.time(now), .blob(digest), .identifier(workspaceId), .time(now)])
        guard used == 1,
            let invitation = try connection.row(
                "SELECT \(InvitationRow.columns) FROM invitations WHERE digest = ?", [.blob(digest)],
                InvitationRow.decode), invitation.isMeant(for: email)
        else { throw Refusal.invalid([Invitation.problem]) }
        return invitation
    }
}

extension RowReader {
    /// When the newest invitation ended that is not kept any more.
    var lastForgottenInvitation: Timestamp { now.adding(seconds: -Invitation.keptDays * 86_400) }

    /// Invitations of the workspace, used and late ones too, newest first.
    public func invitations(
        after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<Invitation> {
        try access.require(.usersRead)
        let rows = try connection.rows(
            """
            SELECT \(InvitationRow.columns) FROM invitations WHERE workspace_id = ? AND id < ? \
            ORDER BY id DESC LIMIT ?
            """,
            [.identifier(access.workspaceId), .integer(position?.id ?? Int64.max), .integer(Int64(limit) + 1)],
            InvitationRow.decode)
        return KeysetSlice(rows, limit: limit) { $0.id.rawValue }
    }

    /// An invitation that somebody could use now, and the role that it gives; nil when there is none.
    public func openInvitation(
        _ digest: [UInt8], for email: String, in workspaceId: Identifier<Workspace>
    ) throws -> (invitation: Invitation, role: Role)? {
        let found = try connection.row(
            """
            SELECT \(InvitationRow.columns) FROM invitations \
            WHERE digest = ? AND workspace_id = ? AND used_at IS NULL AND expires_at > ?
            """, [.blob(digest), .identifier(workspaceId), .time(now)], InvitationRow.decode)
        guard let found, found.isMeant(for: email),
            let role = try roles(in: workspaceId).first(where: { $0.name == found.role })
        else { return nil }
        return (found, role)
    }

    fileprivate func invitation(
        _ id: Identifier<Invitation>, in workspaceId: Identifier<Workspace>
    ) throws -> Invitation? {
        try connection.row(
            "SELECT \(InvitationRow.columns) FROM invitations WHERE id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(workspaceId)], InvitationRow.decode)
    }
}

extension Invitation {
    /// Invitations of a workspace that can be open at once. Whoever invites more people has another way to do it.
    public static let maximumOpen: Int64 = 1000
    /// How long one is kept after its end, for those who look what became of it.
    static let keptDays: Int64 = 30

    /// The same for whatever is wrong with one: nothing of it is told.
    public static let problem = FieldProblem(
        field: "invitation", code: "invalid_invitation", message: "is used, expired, unknown, or for another e-mail")

    fileprivate func isMeant(for email: String) -> Bool {
        self.email.map { User.emailKey($0) == User.emailKey(email) } ?? true
    }

    fileprivate var audited: JSONValue { .object(["email": JSONValue(email), "role": .string(role)]) }
}

enum InvitationRow {
    static let columns = "id, workspace_id, email, role, created_at, expires_at, used_at"
    static func decode(_ row: any SQLRow) -> Invitation {
        Invitation(
            id: row.identifier(0), workspaceId: row.identifier(1), email: row.optionalText(2), role: row.text(3),
            createdAt: row.timestamp(4), expiresAt: row.timestamp(5), usedAt: row.optionalTimestamp(6))
    }
}
