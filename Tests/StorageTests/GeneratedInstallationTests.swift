import Domain
import Testing

@testable import Storage

@Suite(.databases) struct GeneratedInstallationTests {
    private func fill(_ fixture: StoreFixture, _ conversations: Int, seed: UInt64 = 1) async throws {
        let installation = GeneratedInstallation(
            in: fixture.workspace, of: fixture.store, size: .init(conversations: conversations, agents: 5), seed: seed,
            end: Timestamp(milliseconds: 1_790_000_000_000))
        try await installation.make(
            passwordHash: "hash", inboxKey: { ("key-\(UInt64.random(in: 0 ... .max))", [1, 2]) }, report: { _ in })
    }

    /// What the verbs keep, generated rows keep too.
    @Test(arguments: TestDatabase.all)
    func generatedRowsAreSuchAsTheVerbsLeaveBehind(on database: TestDatabase) async throws {
        let world = try await ListWorld(on: database)
        let fixture = world.fixture
        try await fill(fixture, 300)
        try await world.checkCopies()
        let all = try await world.plainReading()
        #expect(all.count == 300)
        for filter in world.filters() {
            let expected = all.filter { filter.matches($0.conversation) }.map(\.conversation.id)
            #expect(try await world.list(filter, by: fixture.admin) == expected)
        }
        for listed in all {
            let conversation = listed.conversation
            let events = try await fixture.events(of: conversation.id)
            #expect(events.map(\.seq) == (1...conversation.headSeq).map { $0 })
            #expect(events.map(\.at) == events.map(\.at).sorted { $0 < $1 })
            #expect(events.last?.at == conversation.updatedAt)
            // What its events say, one after the other, is what its row says.
            var told = ConversationChanges()
            for case .conversationUpdated(let changes, _) in events.map(\.body) {
                told.status = changes.status ?? told.status
                told.owner = changes.owner ?? told.owner
                told.labels = changes.labels ?? told.labels
            }
            #expect((told.status ?? .open) == conversation.status)
            #expect((told.labels ?? []) == conversation.labels)
            #expect(
                (told.owner?.kind ?? .ai) == conversation.owner.kind
                    && (told.owner?.epoch ?? 1) == conversation.owner.epoch)
            let messages = try await fixture.store.read {
                try $0.messages(of: conversation.id, SeqPage(.after(0), limit: 200), by: fixture.admin).items
            }
            #expect(messages.last?.id == conversation.lastMessage?.id)
            for message in messages {
                #expect(events[Int(message.seq) - 1].message?.id == message.id)
            }
        }
        // The verbs go on with it.
        let id = try #require(all.first { $0.conversation.status == .open }?.conversation.id)
        let sent = try await fixture.send("more", to: id, by: fixture.admin)
        #expect(sent.message.seq > 1)
        let opened = try await world.open()
        let number = try await fixture.store.read { try $0.conversation(opened, by: fixture.admin).number }
        #expect(number > 300)
        let feed = try await fixture.store.read { try $0.feed(after: 0, limit: 10) }
        #expect(feed.count == 10)
    }

    @Test func theSameSeedMakesTheSameRows() async throws {
        func rows(_ seed: UInt64) async throws -> [String] {
            let fixture = try await StoreFixture(on: .sqlite)
            try await fill(fixture, 50, seed: seed)
            return try await fixture.store.read {
                try $0.connection.rows(
                    """
                    SELECT c.number || ' ' || c.status || ' ' || COALESCE(c.subject, '') || ' ' || c.created_at || ' ' \
                    || x.name || ' ' || h.head_seq FROM conversations c JOIN contacts x ON x.id = c.contact_id \
                    JOIN conversation_heads h ON h.conversation_id = c.id ORDER BY c.id
                    """, []
                ) { $0.text(0) }
            }
        }
        let first = try await rows(7)
        #expect(first.count == 50)
        #expect(try await rows(7) == first)
        #expect(try await rows(8) != first)
    }
}
