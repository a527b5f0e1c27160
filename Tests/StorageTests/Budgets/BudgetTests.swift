import Domain
import Testing

@testable import Storage
@testable import StorageMySQL

@Suite(.databases) struct BudgetTests {
    private static let hundred = CallEstimate(
        candidates: [.init(provider: "openai", model: "gpt-1")], inputTokens: 70, outputTokens: 30)

    private func spent(_ fixture: StoreFixture) async throws -> Spending {
        let id = fixture.workspace.id
        return try await fixture.store.read { try $0.spending(of: id) }
    }

    private func reserve(
        _ key: Int64, _ limits: SpendingLimits, _ fixture: StoreFixture, in conversation: Int64 = 1
    ) async throws {
        let workspaceId = fixture.workspace.id
        try await fixture.store.write {
            try $0.reserve(
                Self.hundred, for: Identifier(key), in: Identifier(conversation), of: workspaceId, within: limits)
        }
    }

    private func settle(
        _ key: Int64, _ tokens: Int, _ fixture: StoreFixture, in conversation: Int64 = 1
    ) async throws {
        let workspaceId = fixture.workspace.id
        try await fixture.store.write {
            try $0.book(
                [.used(tokens)], for: Identifier(key), in: Identifier(conversation), of: workspaceId)
        }
    }

    @Test(arguments: TestDatabase.all)
    func whatIsReservedIsInTheWayUntilItIsSettled(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let limits = SpendingLimits(dailyTokens: 250)
        try await reserve(1, limits, fixture)
        try await reserve(2, limits, fixture)
        let end = SpendingPeriod.day.end(at: fixture.clock.now())
        await #expect(throws: BudgetExhausted(.dailyTokens, endsAt: end)) { try await reserve(3, limits, fixture) }
        #expect(try await spent(fixture) == Spending(reservedTokens: 200), "a refused one leaves nothing")
        try await settle(1, 40, fixture)
        #expect(try await spent(fixture) == Spending(calls: 1, tokens: 40, reservedTokens: 100))
        try await reserve(3, limits, fixture)
        try await settle(2, 60, fixture)
        try await settle(3, 100, fixture)
        #expect(try await spent(fixture) == Spending(calls: 3, tokens: 200))
        await #expect(throws: BudgetExhausted.self) { try await reserve(4, limits, fixture) }
        fixture.clock.advance(seconds: 86_400)
        try await reserve(4, limits, fixture)
        #expect(try await spent(fixture) == Spending(reservedTokens: 100), "a day of its own")
    }

    @Test(arguments: TestDatabase.all)
    func anotherTryAtTheSameReplyTakesItsReservationOver(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let limits = SpendingLimits(dailyTokens: 150)
        for _ in 0..<3 { try await reserve(1, limits, fixture) }
        #expect(try await spent(fixture) == Spending(reservedTokens: 100))
    }

    @Test(arguments: TestDatabase.all)
    func aConversationHasAnHourOfItsOwn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let limits = SpendingLimits(hourlyConversationTokens: 100)
        try await reserve(1, limits, fixture, in: 7)
        let end = SpendingPeriod.hour.end(at: fixture.clock.now())
        await #expect(throws: BudgetExhausted(.hourlyConversationTokens, endsAt: end)) {
            try await reserve(2, limits, fixture, in: 7)
        }
        try await reserve(3, limits, fixture, in: 8)
        try await settle(1, 100, fixture, in: 7)
        fixture.clock.advance(seconds: 3600)
        try await reserve(2, limits, fixture, in: 7)
    }

    @Test(arguments: TestDatabase.all)
    func whatWasUsedCountsInThePeriodInWhichItWasReserved(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        try await reserve(1, SpendingLimits(dailyTokens: 1000), fixture)
        fixture.clock.advance(seconds: 86_400)
        try await settle(1, 50, fixture)
        #expect(try await spent(fixture) == Spending())
        // Without a reservation it counts where it ends.
        try await settle(2, 50, fixture)
        #expect(try await spent(fixture) == Spending(calls: 1, tokens: 50))
    }

    @Test(arguments: TestDatabase.all)
    func moneyIsReservedByTheDearestOfThoseWhoMayBeCalled(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (admin, workspaceId) = (fixture.admin, fixture.workspace.id)
        // A million of the currency a million tokens: a token costs one.
        for (provider, micros) in [("openai", 1_000_000_000_000), ("dashscope", 2_000_000_000_000)] {
            _ = try await fixture.store.write {
                try $0.addPrice(
                    NewPrice(
                        provider: provider, model: "*", inputMicros: Int64(micros), cachedInputMicros: 0,
                        outputMicros: Int64(micros)), by: admin)
            }
        }
        let estimate = CallEstimate(
            candidates: [
                .init(provider: "openai", model: "gpt-1"), .init(provider: "dashscope", model: "qwen"),
                .init(provider: "builtin", model: "extractive-1"), .init(provider: "local", model: "unpriced"),
            ], inputTokens: 70, outputTokens: 30)
        func reserve(_ key: Int64, _ micros: Int64) async throws {
            try await fixture.store.write {
                try $0.reserve(
                    estimate, for: Identifier(key), in: Identifier(1), of: workspaceId,
                    within: SpendingLimits(dailyCostMicros: micros))
            }
        }
        await #expect(throws: BudgetExhausted.self) { try await reserve(1, 199_999_999) }
        try await reserve(1, 200_000_000)
        #expect(try await spent(fixture).reservedMicros == 200_000_000)
        try await settle(1, 10, fixture)
        #expect(try await spent(fixture) == Spending(calls: 1, tokens: 10, costMicros: 10_000_000))
    }

    @Test(arguments: TestDatabase.all)
    func whatTheArticlesAnswerCostsNothing(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let workspaceId = fixture.workspace.id
        try await fixture.store.write {
            try $0.book([.used(500, provider: "builtin")], for: nil, in: Identifier(1), of: workspaceId)
        }
        #expect(try await spent(fixture) == Spending())
    }

    // MARK: At once

    /// Reserves by 25 at once on every node, and counts who may.
    private func admitted(_ nodes: [StoreFixture], _ limits: SpendingLimits) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for index in 0..<25 {
                let node = nodes[index % nodes.count]
                group.addTask {
                    (try? await self.reserve(Int64(index + 1), limits, node, in: Int64(index % 3 + 1))) != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
    }

    @Test(arguments: TestDatabase.all)
    func twentyFiveAtOnceDoNotOvershoot(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        #expect(await admitted([fixture], SpendingLimits(dailyTokens: 1099)) == 10)
        #expect(try await spent(fixture) == Spending(reservedTokens: 1000))
    }

    @Test(.enabled(if: MySQLTestServer.isThere))
    func twentyFiveAtOnceOnThreeNodesDoNotOvershoot() async throws {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let first = try await StoreFixture(on: scope.driver(on: address))
        let others = [1, 2].map { StoreFixture(besides: first, on: scope.driver(on: address), number: $0) }
        for round in 1...4 {
            #expect(await admitted([first] + others, SpendingLimits(dailyTokens: 1099)) == 10)
            #expect(try await spent(first).reservedTokens == 1000)
            // The next round begins with a day that has no row yet.
            first.clock.advance(seconds: 86_400)
            #expect(try await spent(first) == Spending(), "round \(round)")
            try await first.store.write { try $0.sweepSpending(limit: 100) }
        }
    }

    // MARK: Dead nodes

    @Test(arguments: TestDatabase.all)
    func aReplyThatIsTakenOverGivesItsReservationBack(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        _ = try await fixture.send("question", to: session.conversationId, by: visitor)
        let job = try #require(fixture.commits.replyJobs.last)
        try await reserve(job.id.rawValue, SpendingLimits(dailyTokens: 100), fixture)
        fixture.clock.advance(seconds: 13)
        let taken = try await fixture.store.write { try $0.takeOverReplies(includingOwn: false, limit: 10) }
        #expect(taken.map(\.id) == [job.id])
        #expect(try await spent(fixture) == Spending())
    }

    @Test(arguments: TestDatabase.all)
    func whatNobodySettlesIsSweptAndOldPeriodsAreForgotten(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        try await reserve(1, SpendingLimits(dailyTokens: 100), fixture)
        #expect(try await !fixture.store.read { try $0.hasSweepWork() })
        fixture.clock.advance(seconds: 600)
        #expect(try await fixture.store.read { try $0.hasSweepWork() })
        try await fixture.store.write { try $0.sweepSpending(limit: 100) }
        #expect(try await spent(fixture) == Spending())
        #expect(try await !fixture.store.read { try $0.hasSweepWork() })
        try await settle(2, 10, fixture)
        fixture.clock.advance(seconds: 8 * 86_400)
        try await fixture.store.write { try $0.sweepSpending(limit: 100) }
        let rows = try await fixture.store.read {
            try $0.connection.integer("SELECT count(*) FROM ai_spending", [])
        }
        #expect(rows == 0)
    }
}

extension ReplyReceipt.Attempt {
    /// A call that used so many tokens, half of them read.
    static func used(_ tokens: Int, provider: String = "openai", model: String = "gpt-1") -> ReplyReceipt.Attempt {
        ReplyReceipt.Attempt(
            provider: provider, model: model, failure: nil, status: nil, code: nil, firstTokenMilliseconds: 5,
            durationMilliseconds: 10, inputTokens: tokens / 2, outputTokens: tokens - tokens / 2,
            cachedInputTokens: 0, isEstimated: false)
    }
}
