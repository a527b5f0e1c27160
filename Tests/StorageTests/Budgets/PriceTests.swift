import Domain
import Storage
import Testing

@Suite(.databases) struct PriceTests {
    private func add(
        _ model: String, _ micros: Int64, from day: Int64? = nil, provider: String = "openai", _ fixture: StoreFixture
    ) async throws -> AssistantPrice {
        let admin = fixture.admin
        return try await fixture.store.write {
            try $0.addPrice(
                NewPrice(
                    provider: provider, model: model, effectiveFrom: day.map { Timestamp(seconds: $0 * 86_400) },
                    inputMicros: micros, cachedInputMicros: micros / 10, outputMicros: micros * 4), by: admin)
        }
    }

    @Test(arguments: TestDatabase.all)
    func pricesAreAddedListedAndDeleted(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let admin = fixture.admin
        let (first, second) = (try await add("gpt-1", 100, from: 1, fixture), try await add("gpt-*", 50, fixture))
        #expect(second.effectiveFrom == fixture.clock.now())
        let listed = try await fixture.store.read { try $0.prices(after: nil, limit: 10, by: admin) }
        #expect(listed.items == [second, first] && listed.next == nil)
        await #expect(throws: Refusal.conflict("this model has a price from that moment on")) {
            _ = try await add("gpt-1", 200, from: 1, fixture)
        }
        try await fixture.store.write { try $0.deletePrice(first.id, by: admin) }
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.write { try $0.deletePrice(first.id, by: admin) }
        }
        #expect(try await fixture.audited() == [.priceDeleted, .priceCreated, .priceCreated])
        var filter = AuditFilter()
        filter.target = .price(first.id)
        let lines = try await fixture.store.read { [filter] in
            try $0.auditLog(filter, after: nil, limit: 10, by: admin).items
        }
        #expect(lines.map(\.action) == [.priceDeleted, .priceCreated])
        #expect(lines.first?.before["model"] == "gpt-1")
    }

    @Test func thatOfTheWholeNameHoldsThenTheLongestBeginningThenTheLatest() {
        func price(_ model: String, _ day: Int64, provider: String = "openai") -> AssistantPrice {
            AssistantPrice(
                id: Identifier(day), workspaceId: Identifier(1), provider: provider, model: model,
                effectiveFrom: Timestamp(seconds: day * 86_400), inputMicros: 1, cachedInputMicros: 1, outputMicros: 1,
                createdAt: Timestamp(seconds: 0))
        }
        let list = PriceList([
            price("*", 9), price("gpt-4*", 1), price("gpt-4*", 5), price("gpt-4o", 2), price("gpt-4o", 7),
            price("gpt-4o", 3, provider: "other"),
        ])
        func found(_ model: String, _ day: Int64) -> Int64? {
            list.price(of: model, by: "openai", at: Timestamp(seconds: day * 86_400)).map { $0.id.rawValue }
        }
        #expect(found("gpt-4o", 8) == 7)
        #expect(found("gpt-4o", 7) == 7, "from its moment on")
        #expect(found("gpt-4o", 6) == 2)
        #expect(found("gpt-4o", 1) == 1)
        #expect(found("gpt-4o-mini", 8) == 5)
        #expect(found("gpt-4o-mini", 4) == 1)
        #expect(found("o9", 8) == nil)
        #expect(found("o9", 9) == 9)
    }

    @Test func aCallCostsWhatWasReadAndWrittenAndIsRoundedUp() {
        let price = AssistantPrice(
            id: Identifier(1), workspaceId: Identifier(1), provider: "openai", model: "*",
            effectiveFrom: Timestamp(seconds: 0), inputMicros: 400_000, cachedInputMicros: 100_000,
            outputMicros: 1_600_000, createdAt: Timestamp(seconds: 0))
        #expect(price.cost(input: 1000, cachedInput: 0, output: 500) == 1200)
        #expect(price.cost(input: 1000, cachedInput: 400, output: 500) == 1080)
        #expect(price.cost(input: 1, cachedInput: 0, output: 0) == 1)
        #expect(price.cost(input: 0, cachedInput: 0, output: 0) == 0)
        #expect(price.cost(input: .max, cachedInput: .max, output: .max) == .max)
        #expect(price.cost(input: -5, cachedInput: 9, output: -1) == 0)
    }
}
