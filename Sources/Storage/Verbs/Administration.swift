public import Domain

extension Transaction {
    /// Begins a command that administers the workspace's accounts: users, roles, teams.
    ///
    /// Every such command locks the workspace's row before it reads anything, so that those of all nodes run one after the
    /// other and rules about several accounts hold: the last admin, roles in use, names. The caller's own rights are then
    /// read again, because they may have ended while the command waited for its turn.
    /// - Returns: what the caller may do as of now, beyond which it can give nobody anything.
    /// - Throws: ``Refusal/forbidden``.
    func administer(_ action: Permission.Action, by access: Access) throws -> Grants {
        try access.require(action)
        try lockAccounts(of: access.workspaceId)
        guard let staff = access.staff else { return .all }
        guard let user = try user(staff.userId), user.status == .active, user.accessVersion == staff.accessVersion
        else {
            throw Refusal.forbidden
        }
        return staff.grants
    }

    /// Keeps other commands that administer accounts waiting until the commit: for those that read first what they then
    /// change.
    public func lockAccounts(of workspaceId: Identifier<Workspace>) throws {
        try lockRow(workspaceId.rawValue, of: "workspaces")
    }
}

extension Grants {
    /// Nobody gives, takes or handles rights that go beyond their own.
    /// - Throws: ``Refusal/forbidden``.
    func require(toCover other: Grants) throws(Refusal) {
        guard cover(other) else { throw .forbidden }
    }
}

extension KeysetSlice {
    /// A page of rows that were read with one more than `limit`, newest key first.
    init(_ rows: [Item], limit: Int, key: (Item) -> Int64) {
        let hasMore = rows.count > limit
        let items = hasMore ? Array(rows.prefix(limit)) : rows
        self.init(
            items: items, next: hasMore ? items.last.map { KeysetPosition(sortKey: 0, id: key($0)) } : nil)
    }
}

extension ChatStore {
    /// Gives the conversations of somebody who is about to go back to the queue, in transactions of bounded size, down to what
    /// the transaction of their going does itself. Does nothing for the few that most have.
    ///
    /// If it is broken off in between, whoever is about to go is still there, without some of the conversations.
    /// - Parameter check: throws what there is against it, before anything is given back.
    public func releaseAhead(
        _ answerer: Answerer, by access: Access, unless check: @escaping @Sendable (Transaction) throws -> Void
    ) async throws {
        let isMuch = try await read { try $0.answersMany(answerer, in: access.workspaceId) }
        guard isMuch else { return }
        try await write { try check($0) }
        var released = Transaction.releaseLimit
        while released == Transaction.releaseLimit {
            released = try await write { try $0.releaseConversations(of: answerer, by: access) }
        }
    }
}

extension Transaction {
    /// Gives back what one transaction may.
    /// - Returns: how many.
    func releaseConversations(of answerer: Answerer, by access: Access) throws -> Int {
        switch answerer {
        case .agent(let id): try releaseConversations(ofAgent: id, by: access)
        case .team(let id): try releaseConversations(ofTeam: id, by: access)
        }
    }

    /// Gives all of it back.
    func releaseAllConversations(of answerer: Answerer, by access: Access) throws {
        while try releaseConversations(of: answerer, by: access) == Self.releaseLimit {}
    }
}

extension RowReader {
    /// Whether somebody answers more than one transaction gives back.
    fileprivate func answersMany(_ answerer: Answerer, in workspaceId: Identifier<Workspace>) throws -> Bool {
        let (kind, key): (Owner.Kind, Int64) =
            switch answerer {
            case .agent(let id): (.agent, id.rawValue)
            case .team(let id): (.team, id.rawValue)
            }
        let found = try connection.rows(
            """
            SELECT id FROM conversations WHERE workspace_id = ? AND owner_kind = ? AND owner_id = ? \
            AND status IN ('open', 'pending', 'snoozed') LIMIT ?
            """,
            [
                .identifier(workspaceId), .text(kind.rawValue), .integer(key),
                .integer(Int64(Transaction.releaseLimit) + 1),
            ]
        ) { $0.integer(0) }
        return found.count > Transaction.releaseLimit
    }
}
