public import Domain

extension Transaction {
    /// Changes who answers.
    ///
    /// - Parameters:
    ///   - expectedEpoch: the owner epoch that the caller saw, or nil for whatever it is.
    ///   - announcement: a system message in the contact's language that goes before the change, when there is one.
    /// - Throws: ``Refusal/staleOwner`` when the epoch has moved, ``Refusal/forbidden``,
    ///   ``Refusal/conversationClosed``, ``Refusal/notFound``.
    public func switchOwner(
        of conversationId: Identifier<Conversation>, to target: OwnerSwitch, expectedEpoch: Int64? = nil,
        reason: String?, announcement: String? = nil, by access: Access
    ) throws -> Conversation {
        var state = try locked(conversationId, by: access)
        if access.contact == nil { try access.require(.conversationsWrite, on: state.owner) }
        if let expectedEpoch, expectedEpoch != state.owner.epoch { throw Refusal.staleOwner }
        if let contact = access.contact {
            guard target.isAllowedForContact(of: state.owner) else { throw Refusal.forbidden }
            try touchSession(contact.sessionId, atLeastEvery: ChatSession.activityGranularitySeconds)
        }
        guard state.status != .closed else { throw Refusal.conversationClosed }
        guard var owner = target.applied(to: state.owner, isContact: access.contact != nil) else {
            return try conversation(conversationId, by: access)
        }
        owner.name = try name(of: target, in: state.workspaceId)
        if let announcement { try announce(announcement, in: &state) }
        try change(ownerTo: owner, reason: reason, actor: try named(access.actor), of: &state)
        try saveHead(of: state)
        return try changed(conversationId, for: access)
    }

    /// Gives a conversation from the AI to the humans' queue, with a message that tells the customer so.
    ///
    /// - Parameter epoch: the owner epoch under which the AI decided it.
    /// - Throws: ``ReplyRefusal/ownerChanged`` when a human was faster.
    public func handOver(
        _ conversationId: Identifier<Conversation>, fromEpoch epoch: Int64, reason: String, announcement: String,
        in workspaceId: Identifier<Workspace>
    ) throws {
        var state = try locked(conversationId, by: .server(of: workspaceId))
        guard state.owner.kind == .ai, state.owner.epoch == epoch else { throw ReplyRefusal.ownerChanged }
        try announce(announcement, in: &state)
        try change(ownerTo: state.owner.succeeded(by: .none), reason: reason, actor: .assistant, of: &state)
        try saveHead(of: state)
    }

    /// Adds a message of the system.
    func announce(_ text: String, in state: inout ConversationState) throws {
        _ = try insert(
            MessageDraft(content: text), id: identifiers.next(), sender: .system, digest: nil, status: .sent,
            into: &state)
    }

    /// Writes a new owner and ends the replies that nobody has seen. A reply that is being shown is ended by whoever
    /// makes it, who alone knows what was shown.
    func change(ownerTo owner: Owner, reason: String?, actor: Actor, of state: inout ConversationState) throws {
        var changes = ConversationChanges()
        changes.owner = owner
        try apply(changes, reason: reason, actor: actor, to: &state)
        // The end of the last reply may have started the next one in this very command.
        committed.replyJobs.removeAll { $0.conversationId == state.id }
        try connection.run(
            """
            UPDATE reply_jobs SET state = 'ended', finished_at = ? \
            WHERE conversation_id = ? AND finished_at IS NULL AND state <> 'shown'
            """, [.time(now), .identifier(state.id)])
    }

    /// The name that goes with a new owner.
    /// - Throws: ``Refusal/invalid(_:)`` when there is no such agent or team, or the agent is suspended.
    private func name(of target: OwnerSwitch, in workspaceId: Identifier<Workspace>) throws -> String? {
        switch target {
        case .ai, .anyHuman: return nil
        case .agent(let id):
            guard let user = try activeStaff(id, in: workspaceId) else {
                throw Refusal.invalid([
                    FieldProblem(field: "agent_id", code: "not_found", message: "no such active agent")
                ])
            }
            return user.name
        case .team(let id):
            guard let name = try teamName(id, in: workspaceId) else {
                throw Refusal.invalid([FieldProblem(field: "team_id", code: "not_found", message: "no such team")])
            }
            return name
        }
    }
}
