public import Domain

extension Transaction {
    /// Changes who answers.
    ///
    /// - Parameters:
    ///   - expectedEpoch: the owner epoch that the caller saw, or nil for whatever it is.
    ///   - wording: what goes with a contact's wish for a human, when the assistant answered until then.
    /// - Throws: ``Refusal/staleOwner`` when the epoch has moved, ``Refusal/forbidden``,
    ///   ``Refusal/conversationClosed``, ``Refusal/notFound``.
    public func switchOwner(
        of conversationId: Identifier<Conversation>, to target: OwnerSwitch, expectedEpoch: Int64? = nil,
        reason: String?, wording: HandoffWording? = nil, by access: Access
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
        let actor = try named(access.actor)
        if let wording, access.contact != nil, state.owner.kind == .ai {
            let words = try wording(self, conversationId, access, .requested)
            try giveToHumans(words, reason: reason, actor: actor, of: &state)
        } else {
            owner.name = try name(of: target, in: state.workspaceId)
            try change(ownerTo: owner, reason: reason, actor: actor, of: &state)
        }
        try saveHead(of: state)
        return try changed(conversationId, for: access)
    }

    /// Adds a message of the system.
    func announce(_ text: String, in state: inout ConversationState) throws {
        _ = try insert(
            MessageDraft(content: text), id: identifiers.next(), sender: .system, digest: nil, status: .sent,
            into: &state)
    }

    /// Writes a new owner and ends the replies that nobody has seen. A reply that is being shown is ended by whoever
    /// makes it, who alone knows what was shown.
    /// - Parameter urgency: raises the priority.
    func change(
        ownerTo owner: Owner, urgency: Handoff.Urgency = .normal, reason: String?, actor: Actor,
        of state: inout ConversationState
    ) throws {
        var changes = ConversationChanges()
        changes.owner = owner
        changes.priority = state.priority.raised(to: urgency)
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

extension Conversation.Priority {
    /// The priority that goes with an urgency; nil when it is no higher than this one.
    fileprivate func raised(to urgency: Handoff.Urgency) -> Conversation.Priority? {
        switch (urgency, self) {
        case (.high, .low), (.high, .normal): .high
        case (.urgent, .low), (.urgent, .normal), (.urgent, .high): .urgent
        default: nil
        }
    }
}
