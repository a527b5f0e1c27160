import Domain

/// The name of who answers a conversation `c`.
enum OwnerRow {
    static let name = "COALESCE(owner_user.name, owner_team.name)"
    /// Behind ``name``.
    static let joins = """
        LEFT JOIN users owner_user ON c.owner_kind = 'agent' AND owner_user.id = c.owner_id \
        LEFT JOIN teams owner_team ON c.owner_kind = 'team' AND owner_team.id = c.owner_id
        """
}

/// Columns and decoding of conversations as a reader sees them.
enum ConversationRow {
    /// Select list for conversations `c` with heads `h`; needs ``joins(for:)``.
    static let columns = """
        c.id, c.workspace_id, c.inbox_id, c.number, c.contact_id, contact.name, contact.email, c.subject, c.status, \
        c.priority, c.owner_kind, c.owner_id, c.owner_epoch, \(OwnerRow.name), h.head_seq, c.snoozed_until, \
        c.created_at, h.updated_at, \(MessageRow.columns)
        """

    /// The joins behind ``columns``. Which message is the last one depends on who reads.
    static func joins(for viewer: Viewer) -> String {
        let last = viewer == .staff ? "h.last_message_id" : "h.last_visible_message_id"
        return """
            JOIN contacts contact ON contact.id = c.contact_id \
            \(OwnerRow.joins) \
            LEFT JOIN messages m ON m.id = \(last) \(MessageRow.joins)
            """
    }

    /// Decodes a row but for its labels and unread count, which come by queries of their own.
    static func decode(_ row: any SQLRow) -> Conversation {
        Conversation(
            id: row.identifier(0), workspaceId: row.identifier(1), inboxId: row.identifier(2), number: row.integer(3),
            contact: .init(id: row.identifier(4), name: row.optionalText(5), email: row.optionalText(6)),
            subject: row.optionalText(7), status: Conversation.Status(rawValue: row.text(8)) ?? .open,
            priority: Conversation.Priority(rawValue: row.text(9)) ?? .normal,
            labels: [],
            owner: Owner(
                kind: Owner.Kind(rawValue: row.text(10)) ?? .none, id: row.optionalInteger(11),
                name: row.optionalText(13), epoch: row.integer(12)),
            headSeq: row.integer(14), unread: 0, lastMessage: MessageRow.decode(row, from: 18),
            snoozedUntil: row.optionalTimestamp(15), createdAt: row.timestamp(16), updatedAt: row.timestamp(17))
    }
}

/// The columns that rules look at and commands change, read under the conversation's lock.
struct ConversationState {
    var id: Identifier<Conversation>
    var workspaceId: Identifier<Workspace>
    var inboxId: Identifier<Inbox>
    var contactId: Identifier<Contact>
    var status: Conversation.Status
    var owner: Owner
    var headSeq: Int64
    /// AI replies in a row that had no answer.
    var unanswered: Int64
    var priority: Conversation.Priority
    /// Where it stands in lists; nil for what is in none.
    var listedAt: Timestamp?
    var isLabelled: Bool
    /// Whether this command changes what lists are filtered by.
    var changesLists = false
    /// The newest message that this command adds, and the newest that the contact may see.
    var lastMessageId: Identifier<Message>?
    var lastVisibleMessageId: Identifier<Message>?

    static let columns = """
        c.id, c.workspace_id, c.inbox_id, c.contact_id, c.status, c.owner_kind, c.owner_id, c.owner_epoch, \
        \(OwnerRow.name), h.head_seq, c.unanswered, c.priority, h.listed_at, \
        EXISTS (SELECT 1 FROM conversation_labels l WHERE l.conversation_id = c.id)
        """
    static let columnCount = 14

    static func decode(_ row: any SQLRow) -> ConversationState {
        ConversationState(
            id: row.identifier(0), workspaceId: row.identifier(1), inboxId: row.identifier(2),
            contactId: row.identifier(3), status: Conversation.Status(rawValue: row.text(4)) ?? .open,
            owner: Owner(
                kind: Owner.Kind(rawValue: row.text(5)) ?? .none, id: row.optionalInteger(6),
                name: row.optionalText(8), epoch: row.integer(7)),
            headSeq: row.integer(9), unanswered: row.integer(10),
            priority: Conversation.Priority(rawValue: row.text(11)) ?? .normal, listedAt: row.optionalTimestamp(12),
            isLabelled: row.integer(13) != 0)
    }
}
