public import Domain

// What models may use, counted in three steps: what a call may use at most is reserved before it, the call is made, and what
// it used takes the reservation's place. Two rows hold the counts: the workspace's of a day, and the conversation's of an
// hour, in this order, so that two commands that count never wait for each other in a circle.

extension Transaction {
    /// Reserves what a call may use. A reservation that `id` has already is given back first: of another try at the same
    /// reply, or of a node that died.
    /// - Parameters:
    ///   - id: the reply, or a key of its own for what is no reply.
    /// - Throws: ``BudgetExhausted``, which leaves all as it was.
    public func reserve(
        _ estimate: CallEstimate, for id: Identifier<Message>, in conversationId: Identifier<Conversation>,
        of workspaceId: Identifier<Workspace>, within limits: SpendingLimits
    ) throws {
        try giveBack(id)
        let account = Account(workspaceId: workspaceId, conversationId: conversationId, at: now)
        let tokens = Int64(clamping: max(estimate.inputTokens, 0)) + Int64(clamping: max(estimate.outputTokens, 0))
        let micros = limits.dailyCostMicros == nil ? 0 : try cost(of: estimate, in: workspaceId)
        let more = Spending(reservedTokens: tokens, reservedMicros: micros)
        try add(more, to: account.day)
        try add(more, to: account.hour)
        // Both rows are this command's until the commit.
        let (day, hour) = (try spending(account.day.key), try spending(account.hour.key))
        func require(_ limit: Int64?, _ used: Int64, _ budget: BudgetExhausted.Budget, _ period: SpendingPeriod) throws
        {
            guard let limit, used > limit else { return }
            throw BudgetExhausted(budget, endsAt: period.end(at: now))
        }
        try require(limits.dailyTokens, day.tokens + day.reservedTokens, .dailyTokens, .day)
        try require(limits.dailyCostMicros, day.costMicros + day.reservedMicros, .dailyCost, .day)
        try require(
            limits.hourlyConversationTokens, hour.tokens + hour.reservedTokens, .hourlyConversationTokens, .hour)
        try connection.run(
            """
            INSERT INTO ai_reservations (message_id, workspace_id, conversation_id, day_starts_at, hour_starts_at, \
            tokens, cost_micros, reserved_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(id), .identifier(workspaceId), .identifier(conversationId), .time(account.dayStart),
                .time(account.hourStart), .integer(tokens), .integer(micros), .time(now),
            ])
    }

    /// Books what calls used, in place of what was reserved for them.
    /// - Parameter attempts: with their costs.
    public func settle(
        _ attempts: [ReplyReceipt.Attempt], for id: Identifier<Message>?,
        in conversationId: Identifier<Conversation>, of workspaceId: Identifier<Workspace>
    ) throws {
        let reserved = try id.flatMap { try giveBack($0) }
        let account = reserved ?? Account(workspaceId: workspaceId, conversationId: conversationId, at: now)
        let used = Spending(of: attempts)
        // Replies from the articles alone wait for no row that others count in.
        guard used != Spending() else { return }
        try add(used, to: account.day)
        try add(used, to: account.hour)
    }

    /// Prices and books calls that are part of no reply.
    /// - Parameter id: under which something was reserved for them, if anything was.
    public func book(
        _ attempts: [ReplyReceipt.Attempt], for id: Identifier<Message>?,
        in conversationId: Identifier<Conversation>, of workspaceId: Identifier<Workspace>
    ) throws {
        try settle(try priced(attempts, in: workspaceId), for: id, in: conversationId, of: workspaceId)
    }

    func priced(
        _ attempts: [ReplyReceipt.Attempt], in workspaceId: Identifier<Workspace>
    ) throws -> [ReplyReceipt.Attempt] {
        let list = attempts.allSatisfy(\.isFree) ? PriceList([]) : try priceList(of: workspaceId)
        return attempts.map { attempt in
            var attempt = attempt
            attempt.costMicros = list.cost(of: attempt, at: now)
            return attempt
        }
    }

    /// Gives a reservation back.
    /// - Returns: where it was made; nil when there is none.
    @discardableResult
    func giveBack(_ id: Identifier<Message>) throws -> Account? {
        let found = try connection.row(
            """
            SELECT workspace_id, conversation_id, day_starts_at, hour_starts_at, tokens, cost_micros \
            FROM ai_reservations WHERE message_id = ? \(connection.lockingClause)
            """, [.identifier(id)]
        ) { row in
            (
                account: Account(
                    workspaceId: row.identifier(0), conversationId: row.identifier(1), dayStart: row.timestamp(2),
                    hourStart: row.timestamp(3)), tokens: row.integer(4), micros: row.integer(5)
            )
        }
        guard let found else { return nil }
        try connection.run("DELETE FROM ai_reservations WHERE message_id = ?", [.identifier(id)])
        let less = Spending(reservedTokens: -found.tokens, reservedMicros: -found.micros)
        try add(less, to: found.account.day)
        try add(less, to: found.account.hour)
        return found.account
    }

    /// Gives back what was reserved by whoever is gone, and forgets what was used in periods long past.
    public func sweepSpending(limit: Int) throws {
        let dead = try connection.rows(
            "SELECT message_id FROM ai_reservations WHERE reserved_at <= ? ORDER BY reserved_at LIMIT ?",
            [.time(lastDeadReservation), .integer(Int64(limit))]
        ) { $0.identifier(0, of: Message.self) }
        for id in dead { try giveBack(id) }
        try connection.run("DELETE FROM ai_spending WHERE starts_at <= ?", [.time(lastForgottenSpending)])
    }

    /// What one call costs at most, by the dearest of its candidates; 0 where no price is known.
    private func cost(of estimate: CallEstimate, in workspaceId: Identifier<Workspace>) throws -> Int64 {
        let list = try priceList(of: workspaceId)
        return estimate.candidates.compactMap { candidate in
            guard candidate.provider != AssistantPrice.freeProvider else { return nil }
            return list.price(of: candidate.model, by: candidate.provider, at: now)?.cost(
                input: estimate.inputTokens, cachedInput: 0, output: estimate.outputTokens)
        }.max() ?? 0
    }

    /// Counts in a period, whose row stays locked until the commit.
    private func add(_ more: Spending, to period: Account.Period) throws {
        func update() throws -> Int {
            try connection.run(
                """
                UPDATE ai_spending SET calls = calls + ?, tokens = tokens + ?, cost_micros = cost_micros + ?, \
                reserved_tokens = reserved_tokens + ?, reserved_micros = reserved_micros + ? \
                WHERE workspace_id = ? AND conversation_id = ? AND starts_at = ?
                """,
                [
                    .integer(more.calls), .integer(more.tokens), .integer(more.costMicros),
                    .integer(more.reservedTokens), .integer(more.reservedMicros),
                ] + period.key)
        }
        if try update() == 0 {
            try connection.run(
                """
                \(connection.insertUnlessThere) ai_spending (workspace_id, conversation_id, starts_at, calls, tokens, \
                cost_micros, reserved_tokens, reserved_micros) VALUES (?, ?, ?, 0, 0, 0, 0, 0)
                """, period.key)
            _ = try update()
        }
    }
}

/// Where a call is counted.
struct Account {
    struct Period {
        var workspaceId: Identifier<Workspace>
        /// 0 for the workspace.
        var conversationId: Int64
        var startsAt: Timestamp

        var key: [SQLValue] { [.identifier(workspaceId), .integer(conversationId), .time(startsAt)] }
    }

    var workspaceId: Identifier<Workspace>
    var conversationId: Identifier<Conversation>
    var dayStart: Timestamp
    var hourStart: Timestamp

    var day: Period { Period(workspaceId: workspaceId, conversationId: 0, startsAt: dayStart) }
    var hour: Period {
        Period(workspaceId: workspaceId, conversationId: conversationId.rawValue, startsAt: hourStart)
    }
}

extension Account {
    init(workspaceId: Identifier<Workspace>, conversationId: Identifier<Conversation>, at moment: Timestamp) {
        self.init(
            workspaceId: workspaceId, conversationId: conversationId, dayStart: SpendingPeriod.day.start(at: moment),
            hourStart: SpendingPeriod.hour.start(at: moment))
    }
}

extension Spending {
    /// What calls used. Those that cost nothing do not count: budgets are of what others are paid for.
    init(of attempts: [ReplyReceipt.Attempt]) {
        self.init()
        for attempt in attempts where !attempt.isFree {
            calls += 1
            tokens += Int64(clamping: attempt.inputTokens) + Int64(clamping: attempt.outputTokens)
            costMicros += attempt.costMicros ?? 0
        }
    }
}

extension RowReader {
    /// Seconds after which a reservation belongs to nobody: a reply has ended long before, or begun anew elsewhere.
    static var reservationSeconds: Int64 { 600 }
    /// Days for which is kept what was used: only the present period counts.
    static var spendingDays: Int64 { 7 }

    var lastDeadReservation: Timestamp { now.adding(seconds: -Self.reservationSeconds) }
    var lastForgottenSpending: Timestamp { now.adding(seconds: -Self.spendingDays * 86_400) }

    /// What a workspace's calls have used today, and may still use.
    public func spending(of workspaceId: Identifier<Workspace>) throws -> Spending {
        try spending([.identifier(workspaceId), .integer(0), .time(SpendingPeriod.day.start(at: now))])
    }

    /// The same of a conversation in this hour.
    public func spending(
        in conversationId: Identifier<Conversation>, of workspaceId: Identifier<Workspace>
    ) throws -> Spending {
        try spending([
            .identifier(workspaceId), .identifier(conversationId), .time(SpendingPeriod.hour.start(at: now)),
        ])
    }

    fileprivate func spending(_ key: [SQLValue]) throws -> Spending {
        try connection.row(
            """
            SELECT calls, tokens, cost_micros, reserved_tokens, reserved_micros FROM ai_spending \
            WHERE workspace_id = ? AND conversation_id = ? AND starts_at = ?
            """, key
        ) {
            Spending(
                calls: $0.integer(0), tokens: $0.integer(1), costMicros: $0.integer(2),
                reservedTokens: $0.integer(3), reservedMicros: $0.integer(4))
        } ?? Spending()
    }
}
