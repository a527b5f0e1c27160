import Domain
import Testing

@testable import Storage

@Suite(.databases) struct ReceiptTests {
    private func asked(_ fixture: StoreFixture) async throws -> ReplyJob {
        let (session, visitor) = try await fixture.visitor()
        _ = try await fixture.send("question", to: session.conversationId, by: visitor)
        return try #require(fixture.commits.replyJobs.last)
    }

    private func receipt(
        _ attempts: [ReplyReceipt.Attempt], _ outcome: ReplyReceipt.Outcome = .completed,
        handoff: Handoff.Reason? = nil
    ) -> ReplyReceipt {
        ReplyReceipt(
            promptVersion: "1", language: "en", answerability: "none", coverage: 0, passages: [], attempts: attempts,
            durationMilliseconds: 7, outcome: outcome, handoff: handoff)
    }

    private func price(_ micros: Int64, from moment: Timestamp, _ fixture: StoreFixture) async throws {
        let admin = fixture.admin
        _ = try await fixture.store.write {
            try $0.addPrice(
                NewPrice(
                    provider: "openai", model: "gpt-1", effectiveFrom: moment, inputMicros: micros,
                    cachedInputMicros: 0, outputMicros: micros), by: admin)
        }
    }

    private func kept(_ job: ReplyJob, _ fixture: StoreFixture) async throws -> KeptReceipt {
        let admin = fixture.admin
        return try await fixture.store.read { try $0.receipt(of: job.id, in: job.conversationId, by: admin) }
    }

    @Test(arguments: TestDatabase.all)
    func aReceiptIsPricedByWhatWasInForceWhenACallWasMadeAndSettlesItsReservation(
        on database: TestDatabase
    ) async throws {
        let fixture = try await StoreFixture(on: database)
        let (job, workspaceId, now) = (try await asked(fixture), fixture.workspace.id, fixture.clock.now())
        try await price(1_000_000, from: now.adding(seconds: -10), fixture)
        try await price(9_000_000, from: now.adding(seconds: 1), fixture)
        var patch = WorkspaceSettingsPatch()
        patch.assistant.currency = .some("CNY")
        let admin = fixture.admin
        _ = try await fixture.store.write { [patch] in try $0.updateSettings(patch, by: admin) }
        try await fixture.store.write {
            try $0.reserve(
                CallEstimate(candidates: [], inputTokens: 1000, outputTokens: 0), for: job.id,
                in: job.conversationId, of: workspaceId, within: SpendingLimits(dailyTokens: 5000))
        }
        var (early, late) = (ReplyReceipt.Attempt.used(100), ReplyReceipt.Attempt.used(10))
        (early.startedAt, late.startedAt) = (now, now.adding(seconds: 2))
        fixture.clock.advance(seconds: 3)
        let receipt = receipt([early, late, .used(60, provider: "builtin")])
        _ = try await fixture.store.write {
            _ = try $0.showReply(job, text: "a")
            try $0.keep(receipt, of: job)
            return try $0.completeReply(job, text: "answer", sources: [], finish: .stop, isAnswered: true)
        }
        let kept = try await kept(job, fixture)
        #expect(kept.costMicros == 190 && kept.receipt.currency == "CNY")
        #expect(kept.receipt.attempts.map(\.costMicros) == [100, 90, 0])
        let spent = try await fixture.store.read { try $0.spending(of: workspaceId) }
        #expect(spent == Spending(calls: 2, tokens: 110, costMicros: 190))
    }

    @Test(arguments: TestDatabase.all)
    func whereOnePriceIsUnknownSoIsTheCostOfAll(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let job = try await asked(fixture)
        try await price(1_000_000, from: fixture.clock.now(), fixture)
        let receipt = receipt([.used(100), .used(100, model: "unpriced")])
        try await fixture.store.write { try $0.keep(receipt, of: job) }
        let kept = try await kept(job, fixture)
        #expect(kept.costMicros == nil && kept.receipt.currency == nil)
        let workspaceId = fixture.workspace.id
        let spent = try await fixture.store.read { try $0.spending(of: workspaceId) }
        #expect(spent == Spending(calls: 2, tokens: 200, costMicros: 100), "what is known counts")
    }

    @Test(arguments: TestDatabase.all)
    func ofAReplyThatFailedThereIsAReceiptWithoutAMessage(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let job = try await asked(fixture)
        let receipt = receipt([], .failed, handoff: .budget)
        try await fixture.store.write { try $0.keep(receipt, of: job) }
        let kept = try await kept(job, fixture)
        #expect(kept.receipt.outcome == .failed && kept.receipt.handoff == .budget && kept.costMicros == 0)
        let (_, visitor) = try await fixture.visitor()
        await #expect(throws: Refusal.forbidden) {
            try await fixture.store.read { try $0.receipt(of: job.id, in: job.conversationId, by: visitor) }
        }
        await #expect(throws: Refusal.notFound) {
            let admin = fixture.admin
            _ = try await fixture.store.read { try $0.receipt(of: job.id, in: Identifier(1), by: admin) }
        }
    }

    @Test(arguments: TestDatabase.all)
    func whatARunUsedThatLostItsReplyIsBookedAndTheReceiptIsTheOthers(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (job, workspaceId) = (try await asked(fixture), fixture.workspace.id)
        func reserve(_ id: Identifier<Message>) async throws {
            try await fixture.store.write {
                try $0.reserve(
                    CallEstimate(candidates: [], inputTokens: 1000, outputTokens: 0), for: id,
                    in: job.conversationId, of: workspaceId, within: SpendingLimits(dailyTokens: 5000))
            }
        }
        fixture.clock.advance(seconds: 13)
        let next = try await fixture.store.write { try $0.takeOverReplies(includingOwn: false, limit: 1) }
        try await reserve(job.id)
        let lost = receipt([.used(30)], .cancelled)
        try await fixture.store.write { try $0.keepLate(lost, of: job) }
        var spent = try await fixture.store.read { try $0.spending(of: workspaceId) }
        #expect(spent == Spending(calls: 1, tokens: 30, reservedTokens: 1000), "the other's reservation stays")
        await #expect(throws: Refusal.notFound) { _ = try await kept(job, fixture) }

        // A human comes before anything was shown: the reply has ended, and its run still has what it used.
        let taken = try #require(next.first)
        _ = try await fixture.send("I take over", to: job.conversationId, by: fixture.admin)
        for _ in 0..<2 { try await fixture.store.write { try $0.keepLate(lost, of: taken) } }
        #expect(try await kept(job, fixture).receipt.outcome == .cancelled)
        spent = try await fixture.store.read { try $0.spending(of: workspaceId) }
        #expect(spent.reservedTokens == 0)
    }

    @Test func receiptsFromBeforeOutcomesAreOfCompletedReplies() throws {
        let old = """
            {"answerability":"none","attempts":[],"coverage":0.5,"durationMilliseconds":3,"language":"en","passages":[],\
            "promptVersion":"1"}
            """
        let receipt = try StoredJSON.decode(ReplyReceipt.self, old)
        #expect(receipt.outcome == .completed && receipt.handoff == nil && receipt.currency == nil)
        #expect(try StoredJSON.decode(ReplyReceipt.self, StoredJSON.encode(receipt)) == receipt)
    }
}
