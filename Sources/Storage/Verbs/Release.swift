public import Domain

extension Transaction {
    /// Conversations that one transaction gives back to the queue: each is locked until the commit, and each makes an event.
    public static var releaseLimit: Int { 200 }

    /// Gives conversations of a team that is going away back to the queue, each with an event.
    /// - Returns: how many; there may be more when it is ``releaseLimit``.
    @discardableResult
    public func releaseConversations(ofTeam id: Identifier<Team>, by access: Access) throws -> Int {
        try releaseConversations(of: .team, id.rawValue, reason: "team_deleted", by: access)
    }

    /// Gives conversations of an agent who is suspended or deleted back to the queue, each with an event.
    /// - Returns: how many; there may be more when it is ``releaseLimit``.
    @discardableResult
    public func releaseConversations(ofAgent id: Identifier<User>, by access: Access) throws -> Int {
        try releaseConversations(of: .agent, id.rawValue, reason: "agent_unavailable", by: access)
    }

    /// Those that somebody may still wait in. A resolved one goes back when it is opened again: see ``ownerAtReopening(of:)``.
    private func releaseConversations(
        of kind: Owner.Kind, _ key: Int64, reason: String, by access: Access
    ) throws -> Int {
        let ids = try connection.rows(
            """
            SELECT h.conversation_id FROM conversation_heads h \
            \(connection.read(by: "conversation_heads_by_answerer")) \
            WHERE h.workspace_id = ? AND h.owner_kind = ? AND h.owner_id = ? \
            AND h.status IN ('open', 'pending', 'snoozed') ORDER BY h.conversation_id LIMIT ?
            """,
            [.identifier(access.workspaceId), .text(kind.rawValue), .integer(key), .integer(Int64(Self.releaseLimit))]
        ) { $0.identifier(0, of: Conversation.self) }
        for id in ids {
            // What the caller may see does not matter here: whoever goes away leaves nothing behind.
            var state = try locked(id, by: .server(of: access.workspaceId))
            // It may have gone to somebody else on another node since.
            guard state.owner.kind == kind, state.owner.id == key, state.status != .closed else { continue }
            try change(ownerTo: state.owner.succeeded(by: .none), reason: reason, actor: access.actor, of: &state)
            try saveHead(of: state)
        }
        return ids.count
    }

    /// Who answers a conversation that is opened again: the queue, when its agent or team has gone meanwhile.
    /// - Returns: nil when the owner stays.
    func ownerAtReopening(of state: ConversationState) throws -> Owner? {
        guard let key = state.owner.id else { return nil }
        switch state.owner.kind {
        case .none, .ai: return nil
        case .agent:
            if try activeStaff(Identifier(key), in: state.workspaceId) != nil { return nil }
        case .team:
            if try hasTeam(Identifier(key), in: state.workspaceId) { return nil }
        }
        return state.owner.succeeded(by: .none)
    }
}

extension RowReader {
    /// A user who can answer conversations of the workspace; nil when there is none, or suspended, or no staff.
    func activeStaff(_ id: Identifier<User>, in workspaceId: Identifier<Workspace>) throws -> User? {
        let user = try connection.row(
            """
            SELECT \(UserRow.columns) FROM \(UserRow.tables) \
            WHERE u.id = ? AND u.workspace_id = ? AND \(UserRow.isThere)
            """, [.identifier(id), .identifier(workspaceId)], UserRow.decode)
        guard let user, user.role.isStaff, user.status == .active else { return nil }
        return user
    }

    func hasTeam(_ id: Identifier<Team>, in workspaceId: Identifier<Workspace>) throws -> Bool {
        try teamName(id, in: workspaceId) != nil
    }

    /// Name of a team of the workspace; nil when there is none.
    func teamName(_ id: Identifier<Team>, in workspaceId: Identifier<Workspace>) throws -> String? {
        try connection.row(
            "SELECT name FROM teams WHERE id = ? AND workspace_id = ?", [.identifier(id), .identifier(workspaceId)]
        ) { $0.text(0) }
    }
}

/// Who gives all conversations back.
public enum Answerer: Sendable, Equatable {
    case agent(Identifier<User>)
    case team(Identifier<Team>)
}
