public import Domain

/// What a reply in a conversation depends on, beside what was said.
public struct ReplyContext: Sendable, Equatable {
    public var policy: AssistantPolicy
    /// Names of providers in order: the inbox's, else the workspace's; nil for the configured order.
    public var providers: [String]?
    /// Replies in a row that had no answer.
    public var unanswered: Int
    /// seq of the assistant's message that last offered a human.
    public var offeredSeq: Int64?
    public var summary: ConversationSummary?
    /// Of the workspace's articles.
    public var knowledgeVersion: Int64
}

extension RowReader {
    /// The policy, order and standing that hold for replies in a conversation.
    /// - Throws: ``Refusal/notFound``.
    public func replyContext(
        of conversationId: Identifier<Conversation>, in workspaceId: Identifier<Workspace>
    ) throws -> ReplyContext {
        let found = try connection.row(
            """
            SELECT c.unanswered, c.handoff_offered_seq, i.ai_providers, s.up_to_seq, s.version, s.content, \
            w.knowledge_version, w.settings FROM conversations c JOIN inboxes i ON i.id = c.inbox_id \
            JOIN workspaces w ON w.id = c.workspace_id \
            LEFT JOIN conversation_summaries s ON s.conversation_id = c.id WHERE c.id = ? AND c.workspace_id = ?
            """, [.identifier(conversationId), .identifier(workspaceId)]
        ) { row in
            (
                unanswered: Int(row.integer(0)), offeredSeq: row.optionalInteger(1),
                providers: try row.optionalText(2).map { try StoredJSON.decode([String].self, $0) },
                summary: row.optionalInteger(3).map {
                    ConversationSummary(upToSeq: $0, version: row.integer(4), text: row.text(5))
                }, knowledgeVersion: row.integer(6), policy: try StoredSettings.settings(row.optionalText(7)).assistant
            )
        }
        guard let found else { throw Refusal.notFound }
        return ReplyContext(
            policy: found.policy, providers: found.providers ?? found.policy.providers, unanswered: found.unanswered,
            offeredSeq: found.offeredSeq, summary: found.summary, knowledgeVersion: found.knowledgeVersion)
    }
}
