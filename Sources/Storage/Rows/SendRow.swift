import Domain

/// All that a send looks at before it writes, read by one statement: on a database server each statement is a round trip,
/// and they are most of what a send takes.
struct SendRow {
    var state: ConversationState
    /// Of the conversation's contact.
    var contactName: String?
    /// The message that the same send made before, if any.
    var earlier: Identifier<Message>?
    /// The session that sends; nil for staff, and when there is none of that key.
    var session: ChatSession?

    private static let stateColumns = ConversationState.columnCount

    /// Parameters: the session's key; client message id, kind and key of the sender; the conversation's key and its
    /// workspace's.
    static let query = """
        SELECT \(ConversationState.columns), contact.name, earlier.id, \(ChatSessionRow.columns(of: "s")) \
        FROM conversations c \
        JOIN conversation_heads h ON h.conversation_id = c.id \
        \(OwnerRow.joins) \
        LEFT JOIN contacts contact ON contact.id = c.contact_id \
        LEFT JOIN chat_sessions s ON s.id = ? \
        LEFT JOIN messages earlier ON earlier.conversation_id = c.id AND earlier.client_message_id = ? \
        AND earlier.sender_kind = ? AND earlier.sender_id = ? \
        WHERE c.id = ? AND c.workspace_id = ?
        """

    static func decode(_ row: any SQLRow) throws -> SendRow {
        SendRow(
            state: ConversationState.decode(row), contactName: row.optionalText(stateColumns),
            earlier: row.optionalInteger(stateColumns + 1).map { Identifier($0) },
            session: row.optionalInteger(stateColumns + 2) == nil
                ? nil : try ChatSessionRow.decode(row, from: stateColumns + 2))
    }
}
