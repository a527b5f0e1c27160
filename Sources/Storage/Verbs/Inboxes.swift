public import Domain

/// What admins enter of an inbox. Nil leaves a field, `.some(nil)` clears it.
public struct InboxPatch: Sendable, Equatable {
    public var name: String?
    public var isAIEnabled: Bool?
    public var allowedOrigins: [String]?
    public var greeting: String??
    public var languages: [String]?
    public var providers: [String]??
    public var handoffTeamId: Identifier<Team>??

    public init() {}
}

extension Transaction {
    /// Makes an inbox.
    /// - Parameters:
    ///   - key: public key, unique in the installation.
    ///   - secret: signs identity tokens; stored sealed.
    /// - Throws: ``Refusal/forbidden``, ``Refusal/conflict(_:)`` when there are too many.
    public func createInbox(
        _ patch: InboxPatch, name: String, key: String, secret: [UInt8], by access: Access
    ) throws -> Inbox {
        try access.require(.inboxesWrite)
        try lockInboxes(of: access.workspaceId)
        guard try countInboxes(of: access.workspaceId) < Inbox.maximumPerWorkspace else {
            throw Refusal.conflict("a workspace has at most \(Inbox.maximumPerWorkspace) inboxes")
        }
        var inbox = Inbox(
            id: identifiers.next(), workspaceId: access.workspaceId, name: name, key: key, createdAt: now,
            updatedAt: now)
        patch.apply(to: &inbox)
        try requireTeam(of: inbox)
        inbox = try insertInbox(inbox, secret: secret)
        try audit(.inboxCreated, .inbox(inbox.id), after: .object(inbox.audited), by: access)
        return inbox
    }

    /// Changes an inbox. It holds from the commit on, on every node: nobody remembers inboxes.
    /// - Throws: ``Refusal/forbidden``, ``Refusal/notFound``.
    public func updateInbox(_ id: Identifier<Inbox>, _ patch: InboxPatch, by access: Access) throws -> Inbox {
        try access.require(.inboxesWrite)
        try lockRow(id.rawValue, of: "inboxes")
        let before = try liveInbox(id, in: access.workspaceId)
        var inbox = before
        patch.apply(to: &inbox)
        guard inbox != before else { return before }
        if inbox.handoffTeamId != before.handoffTeamId { try requireTeam(of: inbox) }
        inbox.updatedAt = now
        try connection.run(
            """
            UPDATE inboxes SET name = ?, ai_enabled = ?, allowed_origins = ?, greeting = ?, languages = ?, \
            ai_providers = ?, handoff_team_id = ?, updated_at = ? WHERE id = ?
            """,
            [
                .text(inbox.name), .flag(inbox.isAIEnabled), .text(try StoredJSON.encode(inbox.allowedOrigins)),
                .optional(inbox.greeting), .text(try StoredJSON.encode(inbox.languages)),
                .optional(try inbox.providers.map { try StoredJSON.encode($0) }),
                .optional(inbox.handoffTeamId?.rawValue), .time(now),
                .identifier(id),
            ])
        var changes = Changes()
        let old = before.audited
        for (field, value) in inbox.audited { changes.note(field, old[field] ?? .null, value) }
        try audit(.inboxUpdated, .inbox(id), before: changes.before, after: changes.after, by: access)
        return inbox
    }

    /// Deletes an inbox: it takes no new sessions; those that are open and its conversations stay.
    /// - Throws: ``Refusal/conflict(_:)`` for the workspace's last one, ``Refusal/forbidden``, ``Refusal/notFound``.
    public func deleteInbox(_ id: Identifier<Inbox>, by access: Access) throws {
        try access.require(.inboxesWrite)
        try lockInboxes(of: access.workspaceId)
        let inbox = try liveInbox(id, in: access.workspaceId)
        guard try countInboxes(of: access.workspaceId) > 1 else {
            throw Refusal.conflict("the last inbox cannot be deleted")
        }
        // Its secrets are of no use any more.
        try connection.run(
            """
            UPDATE inboxes SET deleted_at = ?, updated_at = ?, previous_secret = NULL, previous_secret_ends_at = NULL \
            WHERE id = ?
            """, [.time(now), .time(now), .identifier(id)])
        try audit(.inboxDeleted, .inbox(id), before: .object(inbox.audited), by: access)
    }

    func insertInbox(_ inbox: Inbox, secret: [UInt8]) throws -> Inbox {
        try connection.run(
            """
            INSERT INTO inboxes (id, workspace_id, name, public_key, secret, ai_enabled, allowed_origins, greeting, \
            languages, ai_providers, handoff_team_id, created_at, updated_at) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(inbox.id), .identifier(inbox.workspaceId), .text(inbox.name), .text(inbox.key),
                .blob(try seal(secret, of: inbox.id)), .flag(inbox.isAIEnabled),
                .text(try StoredJSON.encode(inbox.allowedOrigins)), .optional(inbox.greeting),
                .text(try StoredJSON.encode(inbox.languages)),
                .optional(try inbox.providers.map { try StoredJSON.encode($0) }),
                .optional(inbox.handoffTeamId?.rawValue), .time(inbox.createdAt), .time(inbox.updatedAt),
            ])
        return inbox
    }

    /// Keeps other processes from making and deleting inboxes of the workspace until the commit.
    private func lockInboxes(of workspaceId: Identifier<Workspace>) throws {
        try lockRow(workspaceId.rawValue, of: "workspaces")
    }

    /// - Throws: ``Refusal/invalid(_:)`` when there is no such team.
    private func requireTeam(of inbox: Inbox) throws {
        guard let id = inbox.handoffTeamId, try teamName(id, in: inbox.workspaceId) == nil else { return }
        throw Refusal.invalid([FieldProblem(field: "handoff_team_id", code: "not_found", message: "no such team")])
    }

    private func countInboxes(of workspaceId: Identifier<Workspace>) throws -> Int64 {
        try connection.integer(
            "SELECT count(*) FROM inboxes WHERE workspace_id = ? AND deleted_at IS NULL", [.identifier(workspaceId)])
            ?? 0
    }
}

extension RowReader {
    /// The inbox with this public key, in whichever workspace; nil when there is none, or it is deleted.
    public func inbox(key: String) throws -> Inbox? {
        try connection.row(
            "SELECT \(InboxRow.columns) FROM inboxes WHERE public_key = ? AND deleted_at IS NULL", [.text(key)],
            InboxRow.decode)
    }

    /// An inbox of the workspace, also a deleted one: it still has conversations.
    /// - Throws: ``Refusal/notFound``.
    public func inbox(_ id: Identifier<Inbox>, in workspaceId: Identifier<Workspace>) throws -> Inbox {
        let found = try connection.row(
            "SELECT \(InboxRow.columns) FROM inboxes WHERE id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(workspaceId)], InboxRow.decode)
        guard let found else { throw Refusal.notFound }
        return found
    }

    /// An inbox that takes new conversations; the workspace's first when none is named.
    /// - Throws: ``Refusal/notFound``.
    public func liveInbox(_ id: Identifier<Inbox>?, in workspaceId: Identifier<Workspace>) throws -> Inbox {
        if let id {
            let inbox = try inbox(id, in: workspaceId)
            guard !inbox.isDeleted else { throw Refusal.notFound }
            return inbox
        }
        let found = try connection.row(
            """
            SELECT \(InboxRow.columns) FROM inboxes WHERE workspace_id = ? AND deleted_at IS NULL ORDER BY id LIMIT 1
            """, [.identifier(workspaceId)], InboxRow.decode)
        guard let found else { throw Refusal.notFound }
        return found
    }

    /// An inbox, for those who may see the workspace's.
    /// - Throws: ``Refusal/forbidden``, ``Refusal/notFound``.
    public func inbox(_ id: Identifier<Inbox>, by access: Access) throws -> Inbox {
        try access.require(.inboxesRead)
        return try liveInbox(id, in: access.workspaceId)
    }

    /// Inboxes of the workspace, newest first.
    public func inboxes(
        after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<Inbox> {
        try access.require(.inboxesRead)
        let rows = try connection.rows(
            """
            SELECT \(InboxRow.columns) FROM inboxes WHERE workspace_id = ? AND id < ? AND deleted_at IS NULL \
            ORDER BY id DESC LIMIT ?
            """,
            [.identifier(access.workspaceId), .integer(position?.id ?? Int64.max), .integer(Int64(limit) + 1)],
            InboxRow.decode)
        return KeysetSlice(rows, limit: limit) { $0.id.rawValue }
    }
}

extension Inbox {
    fileprivate var audited: [String: JSONValue] {
        [
            "name": .string(name), "ai_enabled": .bool(isAIEnabled),
            "allowed_origins": .array(allowedOrigins.map(JSONValue.string)), "greeting": JSONValue(greeting),
            "languages": .array(languages.map(JSONValue.string)),
            "ai_providers": providers.map { .array($0.map(JSONValue.string)) } ?? .null,
            "handoff_team_id": handoffTeamId.map { .int($0.rawValue) } ?? .null,
        ]
    }
}

extension InboxPatch {
    fileprivate func apply(to inbox: inout Inbox) {
        if let name { inbox.name = name }
        if let isAIEnabled { inbox.isAIEnabled = isAIEnabled }
        if let allowedOrigins { inbox.allowedOrigins = allowedOrigins }
        if let greeting { inbox.greeting = greeting }
        if let languages { inbox.languages = languages }
        if let providers { inbox.providers = providers }
        if let handoffTeamId { inbox.handoffTeamId = handoffTeamId }
    }
}
