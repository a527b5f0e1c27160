import Domain

/// Columns and decoding of the rows that are read without joins.
enum WorkspaceRow {
    static let columns = "id, slug, name, created_at"
    static func decode(_ row: any SQLRow) -> Workspace {
        Workspace(id: row.identifier(0), slug: row.text(1), name: row.text(2), createdAt: row.timestamp(3))
    }
}

enum InboxRow {
    static let columns = """
        id, workspace_id, name, public_key, ai_enabled, allowed_origins, greeting, languages, created_at, updated_at, \
        deleted_at, ai_providers, handoff_team_id
        """
    static func decode(_ row: any SQLRow) throws -> Inbox {
        Inbox(
            id: row.identifier(0), workspaceId: row.identifier(1), name: row.text(2), key: row.text(3),
            isAIEnabled: row.integer(4) != 0, allowedOrigins: try StoredJSON.decode([String].self, row.text(5)),
            greeting: row.optionalText(6), languages: try StoredJSON.decode([String].self, row.text(7)),
            providers: try row.optionalText(11).map { try StoredJSON.decode([String].self, $0) },
            handoffTeamId: row.optionalInteger(12).map { Identifier($0) }, createdAt: row.timestamp(8),
            updatedAt: row.timestamp(9), isDeleted: row.optionalInteger(10) != nil)
    }
}

/// Users `u` that are not deleted, with their roles.
enum UserRow {
    /// Select list; needs ``tables``.
    static let columns = """
        u.id, u.workspace_id, u.email, u.name, u.role, u.status, u.locale, u.access_version, u.created_at, \
        u.last_login_at, u.contact_id, u.password_hash, r.id, r.permissions, r.updated_at
        """
    static let tables = "users u LEFT JOIN roles r ON r.workspace_id = u.workspace_id AND r.name = u.role"
    /// Stands in every condition.
    static let isThere = "u.deleted_at IS NULL"

    static func decode(_ row: any SQLRow) throws -> User {
        User(
            id: row.identifier(0), workspaceId: row.identifier(1), email: row.text(2), name: row.text(3),
            role: try role(row), status: User.Status(rawValue: row.text(5)) ?? .suspended,
            locale: row.optionalText(6), accessVersion: row.integer(7), createdAt: row.timestamp(8),
            lastLoginAt: row.optionalTimestamp(9), contactId: row.optionalInteger(10).map { Identifier($0) })
    }
    static let passwordHashColumn = 11

    private static func role(_ row: any SQLRow) throws -> Role {
        let name = row.text(4)
        if let builtIn = Role.builtIn(name) { return builtIn }
        // A role that is not there grants nothing.
        guard let id = row.optionalInteger(12) else { return .customer }
        return Role(
            id: Identifier(id), name: name, grants: try RoleRow.grants(row.text(13)), updatedAt: row.timestamp(14))
    }
}

enum RoleRow {
    static let columns = "id, name, permissions, updated_at"
    static func decode(_ row: any SQLRow) throws -> Role {
        Role(id: row.identifier(0), name: row.text(1), grants: try grants(row.text(2)), updatedAt: row.timestamp(3))
    }

    /// Permissions as they are stored. One that this build does not know grants nothing.
    static func grants(_ text: String) throws -> Grants {
        Grants(try StoredJSON.decode([String].self, text).compactMap { Permission($0) })
    }

    static func text(_ grants: Grants) throws -> String { try StoredJSON.encode(grants.permissions.map(\.text)) }
}

enum LoginRow {
    static let columns = "id, user_id, created_at, expires_at, revoked_at, last_used_at, address, user_agent"
    static func decode(_ row: any SQLRow) -> Login {
        Login(
            id: row.identifier(0), userId: row.identifier(1), createdAt: row.timestamp(2),
            expiresAt: row.timestamp(3), isRevoked: row.optionalInteger(4) != nil, lastUsedAt: row.timestamp(5),
            address: row.optionalText(6), userAgent: row.optionalText(7))
    }
}

enum ContactRow {
    static let columns = """
        id, workspace_id, name, email, phone, external_id, claimed_email, claimed_external_id, attributes, locale, \
        created_at, updated_at
        """
    static func decode(_ row: any SQLRow) throws -> Contact {
        Contact(
            id: row.identifier(0), workspaceId: row.identifier(1), name: row.optionalText(2),
            email: row.optionalText(3), phone: row.optionalText(4), externalId: row.optionalText(5),
            claimedEmail: row.optionalText(6), claimedExternalId: row.optionalText(7),
            attributes: try StoredJSON.value(row.text(8)), locale: row.optionalText(9),
            createdAt: row.timestamp(10), updatedAt: row.timestamp(11))
    }
}

enum ChatSessionRow {
    private static let names = [
        "id", "workspace_id", "inbox_id", "contact_id", "conversation_id", "status", "locale", "metadata", "created_at",
        "last_active_at", "expires_at",
    ]
    static let columns = names.joined(separator: ", ")

    /// The same where the table goes by another name, beside others.
    static func columns(of table: String) -> String { names.map { "\(table).\($0)" }.joined(separator: ", ") }

    static func decode(_ row: any SQLRow) throws -> ChatSession { try decode(row, from: 0) }

    /// Decodes the columns that start at `start`.
    static func decode(_ row: any SQLRow, from start: Int) throws -> ChatSession {
        ChatSession(
            id: row.identifier(start), workspaceId: row.identifier(start + 1), inboxId: row.identifier(start + 2),
            contactId: row.identifier(start + 3), conversationId: row.identifier(start + 4),
            status: ChatSession.Status(rawValue: row.text(start + 5)) ?? .closed,
            locale: row.optionalText(start + 6),
            metadata: try StoredJSON.value(row.text(start + 7)),
            createdAt: row.timestamp(start + 8), lastActiveAt: row.timestamp(start + 9),
            expiresAt: row.timestamp(start + 10))
    }
}

enum ReplyJobRow {
    static let columns = """
        id, workspace_id, conversation_id, state, owner_epoch, question_seq, question_at, generation, lease_owner, \
        lease_until, checkpoint
        """
    static func decode(_ row: any SQLRow) -> ReplyJob {
        ReplyJob(
            id: row.identifier(0), workspaceId: row.identifier(1), conversationId: row.identifier(2),
            state: ReplyJob.State(rawValue: row.text(3)) ?? .ended, ownerEpoch: row.integer(4),
            questionSeq: row.integer(5), questionAt: row.timestamp(6), generation: row.integer(7),
            leaseOwner: row.text(8), leaseUntil: row.timestamp(9), checkpoint: row.text(10))
    }
}

enum ArticleRow {
    static let columns = "id, workspace_id, title, content, locale, questions, status, version, updated_at"
    static func decode(_ row: any SQLRow) throws -> Article {
        Article(
            id: row.identifier(0), workspaceId: row.identifier(1), title: row.text(2), content: row.text(3),
            locale: row.text(4), questions: try StoredJSON.decode([String].self, row.text(5)),
            status: Article.Status(rawValue: row.text(6)) ?? .draft, version: row.integer(7),
            updatedAt: row.timestamp(8))
    }
}
