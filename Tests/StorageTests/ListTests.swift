import Domain
import Testing

@testable import Storage

/// Lists and searches against a plain reading of all rows.
@Suite(.databases) struct ListTests {
    @Test(arguments: TestDatabase.all)
    func everyListShowsWhatAPlainReadingOfAllRowsDoes(on database: TestDatabase) async throws {
        let world = try await ListWorld(on: database)
        for round in 0..<3 {
            for _ in 0..<60 { try await world.doSomething() }
            let all = try await world.plainReading()
            #expect(!all.isEmpty)
            for filter in world.filters() {
                let expected = all.filter { filter.matches($0.conversation) }
                for access in round == 0 ? [world.fixture.admin] : world.readers {
                    let visible = expected.filter { access.allows(.conversationsRead, on: $0.conversation.owner) }
                    let listed = try await world.list(filter, by: access)
                    #expect(listed == visible.map(\.conversation.id), "\(filter)")
                    guard filter == ConversationFilter() else { continue }
                    try await world.checkRows(visible.map(\.conversation.id), by: access)
                }
            }
        }
    }

    @Test(arguments: TestDatabase.all)
    func whatListsAreReadFromFollowsEveryChange(on database: TestDatabase) async throws {
        let world = try await ListWorld(on: database)
        for _ in 0..<150 { try await world.doSomething() }
        try await world.checkCopies()
    }

    @Test(arguments: TestDatabase.all)
    func pagesOfAnyLengthJoinToTheSameList(on database: TestDatabase) async throws {
        let world = try await ListWorld(on: database)
        for _ in 0..<80 { try await world.doSomething() }
        for filter in world.filters() {
            for order in [ListOrder.latestChangeFirst, .earliestChangeFirst] {
                let whole = try await world.list(filter, order, by: world.fixture.admin)
                for limit in [1, 3, 7] {
                    #expect(try await world.pages(filter, order, limit: limit) == whole)
                }
                if order == .earliestChangeFirst {
                    #expect(try await world.list(filter, by: world.fixture.admin) == whole.reversed())
                }
            }
        }
    }

    /// What is not touched while somebody pages through is seen once.
    @Test(arguments: TestDatabase.all)
    func pagingWhileOthersChangeMissesAndRepeatsNothingThatStays(on database: TestDatabase) async throws {
        let world = try await ListWorld(on: database)
        for _ in 0..<60 { try await world.doSomething() }
        let before = try await world.list(ConversationFilter(), by: world.fixture.admin)
        var seen: [Identifier<Conversation>] = []
        var position: KeysetPosition?
        let touched = Set(before.suffix(4))
        repeat {
            let from = position
            let page = try await world.fixture.store.read {
                try $0.conversations(ConversationFilter(), after: from, limit: 3, by: world.fixture.admin)
            }
            seen += page.items.map(\.id)
            position = page.next
            for id in touched.prefix(1) { try await world.write(to: id) }
        } while position != nil
        #expect(Set(seen).count == seen.count)
        #expect(seen.filter { !touched.contains($0) } == before.filter { !touched.contains($0) })
    }

    @Test(arguments: TestDatabase.all)
    func aBusyConversationMovesInListsOnceASecond(on database: TestDatabase) async throws {
        let world = try await ListWorld(on: database)
        let id = try await world.open()
        func listedAt() async throws -> Int64? {
            try await world.fixture.driver.number(
                "SELECT listed_at FROM conversation_heads WHERE conversation_id = ?", .integer(id.rawValue))
        }
        // Takes it over, which is a change of its own.
        try await world.write(to: id)
        let first = try await listedAt()
        world.fixture.clock.advance(milliseconds: 400)
        try await world.write(to: id)
        #expect(try await listedAt() == first)
        world.fixture.clock.advance(milliseconds: 600)
        try await world.write(to: id)
        #expect(try await listedAt() == first.map { $0 + 1000 })
        // What changes a filter's column moves at once.
        world.fixture.clock.advance(milliseconds: 1)
        try await world.update(id) { $0.priority = .urgent }
        #expect(try await listedAt() == first.map { $0 + 1001 })
        var filter = ConversationFilter()
        filter.updatedSince = Timestamp(milliseconds: (first ?? 0) + 1002)
        #expect(try await world.list(filter, by: world.fixture.admin).isEmpty)
        world.fixture.clock.advance(milliseconds: 500)
        try await world.write(to: id)
        #expect(try await world.list(filter, by: world.fixture.admin) == [id])
    }

    @Test(arguments: TestDatabase.all)
    func whatHasNoMessageIsInNoList(on database: TestDatabase) async throws {
        let world = try await ListWorld(on: database)
        let (session, access) = try await world.fixture.visitor()
        #expect(try await world.list(ConversationFilter(), by: world.fixture.admin).isEmpty)
        try await world.update(session.conversationId) { $0.labels = ["vip"] }
        for filter in world.filters() { #expect(try await world.list(filter, by: world.fixture.admin).isEmpty) }
        #expect(try await world.list(ConversationFilter(), by: access).isEmpty)
        _ = try await world.fixture.send("note", kind: .note, to: session.conversationId, by: world.fixture.admin)
        #expect(try await world.list(ConversationFilter(), by: world.fixture.admin) == [session.conversationId])
        #expect(try await world.list(ConversationFilter(), by: access).isEmpty)
        _ = try await world.fixture.send("hello", to: session.conversationId, by: access)
        #expect(try await world.list(ConversationFilter(), by: access) == [session.conversationId])
    }
}
