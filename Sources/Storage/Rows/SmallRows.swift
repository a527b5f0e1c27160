import Domain

/// Columns and decoding of the rows that are read without joins.
enum WorkspaceRow {
    static let columns = "id, slug, name, created_at"
    static func decode(_ row: any SQLRow) -> Workspace {
        Workspace(id: row.identifier(0), slug: row.text(1), name: row.text(2), createdAt: row.timestamp(3))
    }
}

enum InboxRow {
    static let columns = "id, workspace_id, name, public_key, ai_enabled, allowed_origins, greeting, languages"
    static func decode(_ row: any SQLRow) throws -> Inbox {
        Inbox(
            id: row.identifier(0), workspaceId: row.identifier(1), name: row.text(2), key: row.text(3),
            isAIEnabled: row.integer(4) != 0, allowedOrigins: try StoredJSON.decode([String].self, row.text(5)),
            greeting: row.optionalText(6), languages: try StoredJSON.decode([String].self, row.text(7)))
    }
}

enum UserRow {
    static let columns =
        "id, workspace_id, email, name, role, status, locale, access_version, created_at, last_login_at, password_hash"
    static func decode(_ row: any SQLRow) -> User {
        User(
            id: row.identifier(0), workspaceId: row.identifier(1), email: row.text(2), name: row.text(3),
            // A role that this build does not know grants nothing.
            role: Role(rawValue: row.text(4)) ?? .customer, status: User.Status(rawValue: row.text(5)) ?? .suspended,
            locale: row.optionalText(6), accessVersion: row.integer(7), createdAt: row.timestamp(8),
            lastLoginAt: row.optionalTimestamp(9))
    }
    static let passwordHashColumn = 10
}

enum LoginRow {
    static let columns = "id, user_id, created_at, expires_at, revoked_at"
    static func decode(_ row: any SQLRow) -> Login {
        Login(
            id: row.identifier(0), userId: row.identifier(1), createdAt: row.timestamp(2),
            expiresAt: row.timestamp(3), isRevoked: row.optionalInteger(4) != nil)
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
