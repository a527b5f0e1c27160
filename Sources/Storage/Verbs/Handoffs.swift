public import Domain

/// What goes with a handoff from the assistant to humans.
public struct HandoffWords: Sendable, Equatable {
    /// To the contact, in its language.
    public var announcement: String
    /// To staff: the package in words.
    public var note: String
    public var handoff: Handoff

    public init(announcement: String, note: String, handoff: Handoff) {
        self.announcement = announcement
        self.note = note
        self.handoff = handoff
    }
}

/// Finds the words for a handoff that no reply led to, in the transaction that makes it.
public typealias HandoffWording =
    @Sendable (any RowReader, Identifier<Conversation>, _ access: Access, Handoff.Reason) throws -> HandoffWords

/// A handoff that has happened.
public struct KeptHandoff: Sendable, Equatable {
    public var conversationId: Identifier<Conversation>
    /// The owner epoch that it began.
    public var ownerEpoch: Int64
    public var handoff: Handoff
    public var createdAt: Timestamp
}

extension Transaction {
    /// Gives a conversation from the AI to humans, with a message that tells the customer so.
    ///
    /// - Parameter epoch: the owner epoch under which the AI decided it.
    /// - Throws: ``ReplyRefusal/ownerChanged`` when a human was faster.
    public func handOver(
        _ conversationId: Identifier<Conversation>, fromEpoch epoch: Int64, _ words: HandoffWords,
        in workspaceId: Identifier<Workspace>
    ) throws {
        var state = try locked(conversationId, by: .server(of: workspaceId))
        guard state.owner.kind == .ai, state.owner.epoch == epoch else { throw ReplyRefusal.ownerChanged }
        try giveToHumans(words, reason: words.handoff.reason.rawValue, actor: .assistant, of: &state)
        try saveHead(of: state)
    }

    /// Writes a handoff into the log: the note for staff, the message for the contact, and last the new owner, so that
    /// whoever hears of the new owner finds the rest there.
    func giveToHumans(
        _ words: HandoffWords, reason: String?, actor: Actor, of state: inout ConversationState
    ) throws {
        _ = try insert(
            MessageDraft(content: words.note, kind: .note), id: identifiers.next(), sender: .system, digest: nil,
            status: .sent, into: &state)
        try announce(words.announcement, in: &state)
        let owner = try ownerAfterHandoff(of: state)
        try change(ownerTo: owner, urgency: words.handoff.urgency, reason: reason, actor: actor, of: &state)
        try keep(words.handoff, of: state)
    }

    /// The team that the inbox names for it, while there is one; else the queue.
    private func ownerAfterHandoff(of state: ConversationState) throws -> Owner {
        let team = try connection.row("SELECT handoff_team_id FROM inboxes WHERE id = ?", [.identifier(state.inboxId)])
        {
            $0.optionalInteger(0).map { Identifier<Team>($0) }
        }
        guard let team = team ?? nil, let name = try teamName(team, in: state.workspaceId) else {
            return state.owner.succeeded(by: .none)
        }
        return state.owner.succeeded(by: .team, id: team.rawValue, name: name)
    }

    private func keep(_ handoff: Handoff, of state: ConversationState) throws {
        try connection.run(
            """
            INSERT INTO handoffs (conversation_id, owner_epoch, workspace_id, reason, category, urgency, language, \
            summary, tried, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(state.id), .integer(state.owner.epoch), .identifier(state.workspaceId),
                .text(handoff.reason.rawValue), .optional(handoff.category), .text(handoff.urgency.rawValue),
                .text(handoff.language), .text(handoff.summary), .text(try StoredJSON.encode(handoff.tried)),
                .time(now),
            ])
    }
}

extension RowReader {
    /// Handoffs of one conversation that are listed: the newest.
    static var handoffLimit: Int { 100 }

    /// What the assistant told at its handoffs of a conversation, newest first; at most ``handoffLimit``.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func handoffs(of conversationId: Identifier<Conversation>, by access: Access) throws -> [KeptHandoff] {
        guard access.contact == nil else { throw Refusal.forbidden }
        _ = try readable(conversationId, by: access)
        return try connection.rows(
            """
            SELECT owner_epoch, reason, category, urgency, language, summary, tried, created_at FROM handoffs \
            WHERE conversation_id = ? ORDER BY owner_epoch DESC LIMIT ?
            """, [.identifier(conversationId), .integer(Int64(Self.handoffLimit))]
        ) { row in
            KeptHandoff(
                conversationId: conversationId, ownerEpoch: row.integer(0),
                handoff: Handoff(
                    Handoff.Reason(rawValue: row.text(1)) ?? .failure, category: row.optionalText(2),
                    urgency: Handoff.Urgency(rawValue: row.text(3)) ?? .normal, language: row.text(4),
                    summary: row.text(5), tried: try StoredJSON.decode([String].self, row.text(6))),
                createdAt: row.timestamp(7))
        }
    }
}

// MARK: Silence

extension Transaction {
    /// Hands over what nobody has answered: questions older than `seconds` whose reply is not being shown, or was, by
    /// somebody who does not live any more.
    ///
    /// Whoever makes such a reply all the same finds the owner changed, or the reply taken over: it has one end.
    /// - Returns: how many.
    public func handOverSilentReplies(after seconds: Int64, limit: Int, wording: HandoffWording) throws -> Int {
        let silent = try connection.rows(
            """
            SELECT \(ReplyJobRow.columns) FROM reply_jobs WHERE \(Self.isSilent) ORDER BY id LIMIT ?
            """, silence(after: seconds) + [.integer(Int64(limit))], ReplyJobRow.decode)
        var count = 0
        for found in silent {
            let access = Access.server(of: found.workspaceId)
            var state = try locked(found.conversationId, by: access)
            // On another node it may have ended, or begun to be shown, since.
            let job = try connection.row(
                "SELECT \(ReplyJobRow.columns) FROM reply_jobs WHERE \(Self.isSilent) AND id = ?",
                silence(after: seconds) + [.identifier(found.id)], ReplyJobRow.decode)
            guard let job else { continue }
            guard state.owner.kind == .ai, state.owner.epoch == job.ownerEpoch else {
                if try endLeftover(job, in: &state) { count += 1 }
                continue
            }
            let words = try wording(self, job.conversationId, access, .timeout)
            try endShown(job, as: .partial, in: &state)
            try giveToHumans(words, reason: words.handoff.reason.rawValue, actor: .assistant, of: &state)
            try saveHead(of: state)
            count += 1
        }
        return count
    }

    /// Ends what a run that died had begun to show before the owner changed.
    private func endLeftover(_ job: ReplyJob, in state: inout ConversationState) throws -> Bool {
        guard job.state == .shown else { return false }
        try endShown(job, as: .cancelled, in: &state)
        try saveHead(of: state)
        return true
    }
}

extension RowReader {
    /// Whether ``Transaction/handOverSilentReplies(after:limit:wording:)`` would find something: a read, so that
    /// looking costs no commit.
    public func hasSilentReplies(after seconds: Int64) throws -> Bool {
        try connection.integer(
            "SELECT 1 FROM reply_jobs WHERE \(Self.isSilent) LIMIT 1", silence(after: seconds)) != nil
    }

    fileprivate static var isSilent: String {
        "finished_at IS NULL AND question_at <= ? AND (state = 'running' OR (state = 'shown' AND lease_until < ?))"
    }

    fileprivate func silence(after seconds: Int64) -> [SQLValue] { [.time(now.adding(seconds: -seconds)), .time(now)] }
}

// MARK: Back to the assistant

extension RowReader {
    /// Conversations that go back to the assistant by their workspaces' rule: open, with the last word a human
    /// colleague's, and that so long ago.
    public func conversationsToReturn(limit: Int) throws -> [Identifier<Conversation>] {
        var due: [Identifier<Conversation>] = []
        for (workspace, before) in try returningWorkspaces() where due.count < limit {
            due += try connection.rows(
                """
                SELECT h.conversation_id FROM conversation_heads h \
                \(connection.read(by: "conversation_heads_by_owner")) \
                \(Self.lastWordJoins) WHERE h.workspace_id = ? AND h.listed_at <= ? AND \(Self.isReturning) LIMIT ?
                """,
                [.identifier(workspace), .time(before), .time(before), .integer(Int64(limit - due.count))]
            ) { $0.identifier(0, of: Conversation.self) }
        }
        return due
    }

    /// Workspaces that have the rule, and the time before which a last word must lie.
    private func returningWorkspaces() throws -> [(Identifier<Workspace>, Timestamp)] {
        try connection.rows(
            "SELECT id FROM workspaces WHERE settings LIKE '%\"\(StoredPolicy.Key.returnMinutes)\"%'", []
        ) {
            $0.identifier(0, of: Workspace.self)
        }.compactMap { id in try returnTime(of: id).map { (id, $0) } }
    }

    fileprivate func returnTime(of workspaceId: Identifier<Workspace>) throws -> Timestamp? {
        guard let minutes = try settings(of: workspaceId).assistant.returnMinutes, minutes > 0 else { return nil }
        let (seconds, overflow) = minutes.multipliedReportingOverflow(by: 60)
        return overflow ? nil : now.adding(seconds: -seconds)
    }

    fileprivate static var lastWordJoins: String {
        "JOIN messages m ON m.id = h.last_visible_message_id JOIN inboxes i ON i.id = h.inbox_id"
    }

    fileprivate static var isReturning: String {
        """
        h.owner_kind IN ('agent', 'team') AND h.status = 'open' AND m.sender_kind = 'agent' AND m.created_at <= ? \
        AND i.ai_enabled = 1
        """
    }
}

extension Transaction {
    /// Gives a conversation back to the assistant, unless something has happened in it since it was found by
    /// ``RowReader/conversationsToReturn(limit:)``.
    /// - Parameter announcement: what the contact is told.
    /// - Returns: whether it went back.
    public func returnToAssistant(
        _ id: Identifier<Conversation>,
        announcement: (any RowReader, Identifier<Conversation>, Access) throws -> String
    ) throws -> Bool {
        let workspace = try connection.row("SELECT workspace_id FROM conversations WHERE id = ?", [.identifier(id)]) {
            $0.identifier(0, of: Workspace.self)
        }
        guard let workspace else { return false }
        let access = Access.server(of: workspace)
        var state = try locked(id, by: access)
        guard let before = try returnTime(of: workspace) else { return false }
        let isStillDue = try connection.integer(
            """
            SELECT 1 FROM conversation_heads h \(Self.lastWordJoins) \
            WHERE h.conversation_id = ? AND \(Self.isReturning)
            """,
            [.identifier(id), .time(before)])
        guard isStillDue == 1 else { return false }
        try announce(try announcement(self, id, access), in: &state)
        try change(ownerTo: state.owner.succeeded(by: .ai), reason: "idle", actor: .system, of: &state)
        try saveHead(of: state)
        return true
    }
}
