import Domain
import Storage
import Testing

@testable import StorageMySQL

@Suite(.databases) struct SummaryTests {
    /// A conversation of one contact, and what its summary would be made from.
    private struct World {
        let fixture: StoreFixture
        let session: ChatSession
        let visitor: Access

        init(_ fixture: StoreFixture) async throws {
            self.fixture = fixture
            (session, visitor) = try await fixture.visitor(name: "Wang")
        }

        init(on database: TestDatabase) async throws { try await self.init(try await StoreFixture(on: database)) }

        var id: Identifier<Conversation> { session.conversationId }

        func say(_ texts: String...) async throws -> [Message] {
            var messages: [Message] = []
            for text in texts { messages.append(try await fixture.send(text, to: id, by: visitor).message) }
            return messages
        }

        func source(limit: Int = 100) async throws -> SummarySource? {
            let (id, workspaceId) = (id, fixture.workspace.id)
            return try await fixture.store.read { try $0.summarySource(of: id, in: workspaceId, limit: limit) }
        }

        func keep(_ text: String, upTo seq: Int64, from source: SummarySource?) async throws -> Bool {
            let source = try #require(source)
            return try await fixture.store.write(to: id) { try $0.keepSummary(text, upTo: seq, from: source) }
        }

        var summary: ConversationSummary? {
            get async throws {
                let (id, workspaceId) = (id, fixture.workspace.id)
                return try await fixture.store.read { try $0.replyContext(of: id, in: workspaceId).summary }
            }
        }
    }

    @Test(arguments: TestDatabase.all)
    func aSummaryIsKeptAndTheNextIsMadeFromItAndWhatCameSince(on database: TestDatabase) async throws {
        let world = try await World(on: database)
        let said = try await world.say("order A-10023", "where is it?", "hello?")
        let admin = world.fixture.admin
        _ = try await world.fixture.send("the customer is rich", kind: .note, to: world.id, by: admin)
        let first = try #require(try await world.source())
        #expect(first.summary == nil && first.messages.map(\.content) == said.map(\.content), "no notes")
        #expect(try await world.keep("asks for A-10023", upTo: said[1].seq, from: first))
        #expect(
            try await world.summary == ConversationSummary(upToSeq: said[1].seq, version: 1, text: "asks for A-10023"))
        let second = try #require(try await world.source())
        #expect(second.summary?.version == 1 && second.messages.map(\.content) == ["hello?"])
        let length = try await world.fixture.store.read { try $0.unsummedLength(of: world.id) }
        #expect(length.messages == 2 && length.characters == 26)
        let (id, visitor) = (world.id, world.visitor)
        let spoken = try await world.fixture.store.read {
            try $0.spoken(in: id, after: said[0].seq, upTo: said[2].seq, limit: 1, by: visitor)
        }
        #expect(spoken.items.map(\.content) == ["hello?"] && spoken.hasMore)
        #expect(try await world.keep("更新 👍", upTo: said[2].seq, from: second))
        #expect(try await world.summary == ConversationSummary(upToSeq: said[2].seq, version: 2, text: "更新 👍"))
        #expect(try await !world.keep("back", upTo: said[1].seq, from: try await world.source()), "never backwards")
    }

    @Test(arguments: TestDatabase.all)
    func ofTwoThatSumUpTheSameOneIsKept(on database: TestDatabase) async throws {
        let world = try await World(on: database)
        let said = try await world.say("a", "b", "c")
        for round in 0..<2 {
            let source = try await world.source()
            let kept = try await [
                world.keep("one \(round)", upTo: said[round + 1].seq, from: source),
                world.keep("two \(round)", upTo: said[round + 1].seq, from: source),
            ]
            #expect(kept == [true, false])
            #expect(try await world.summary?.text == "one \(round)")
            #expect(try await world.summary?.version == Int64(round + 1))
        }
    }

    @Test(.enabled(if: MySQLTestServer.isThere)) func ofTwoNodesThatSumUpTheSameOneIsKept() async throws {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let first = try await StoreFixture(on: scope.driver(on: address))
        let second = StoreFixture(besides: first, on: scope.driver(on: address), number: 1)
        let world = try await World(first)
        for round in 0..<20 {
            let said = try await world.say("\(round)")
            let source = try #require(try await world.source())
            let kept = try await withThrowingTaskGroup(of: Bool.self) { group in
                for node in [first, second] {
                    group.addTask {
                        try await node.store.write(to: world.id) {
                            try $0.keepSummary("by \(node === first)", upTo: said[0].seq, from: source)
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(kept == 1)
            #expect(try await world.summary?.version == Int64(round + 1))
        }
    }

    @Test(arguments: TestDatabase.all)
    func whatIsEditedOrDeletedIsForgotten(on database: TestDatabase) async throws {
        let world = try await World(on: database)
        let (id, visitor, admin) = (world.id, world.visitor, world.fixture.admin)
        let said = try await world.say("my card is 4111", "b", "c")
        // Of what comes behind it, nothing is in it.
        #expect(try await world.keep("s", upTo: said[1].seq, from: try await world.source()))
        _ = try await world.fixture.store.write { try $0.edit(said[2].id, in: id, content: "d", by: visitor) }
        #expect(try await world.summary != nil)
        _ = try await world.fixture.store.write { try $0.edit(said[1].id, in: id, content: "b2", by: visitor) }
        #expect(try await world.summary == nil)
        #expect(try await world.keep("s", upTo: said[1].seq, from: try await world.source()))
        _ = try await world.fixture.store.write { try $0.delete(said[0].id, in: id, by: admin) }
        #expect(try await world.summary == nil)
        #expect(try await world.source()?.messages.map(\.content) == ["b2", "d"])
    }

    @Test(arguments: TestDatabase.all)
    func aSummaryOfWhatWasTakenBackMeanwhileIsNotKept(on database: TestDatabase) async throws {
        let world = try await World(on: database)
        let (id, visitor, admin) = (world.id, world.visitor, world.fixture.admin)
        let said = try await world.say("my card is 4111", "b", "c")
        let before = try await world.source()
        _ = try await world.fixture.store.write { try $0.delete(said[0].id, in: id, by: admin) }
        #expect(try await !world.keep("card 4111", upTo: said[1].seq, from: before))
        let again = try await world.source()
        _ = try await world.fixture.store.write { try $0.edit(said[1].id, in: id, content: "x", by: visitor) }
        #expect(try await !world.keep("b", upTo: said[1].seq, from: again))
        #expect(try await world.summary == nil)
        // What is merely said meanwhile does not matter.
        let last = try await world.source()
        _ = try await world.say("d")
        #expect(try await world.keep("x", upTo: said[1].seq, from: last))
    }

    @Test(arguments: TestDatabase.all)
    func aForgottenContactLeavesNoSummary(on database: TestDatabase) async throws {
        let world = try await World(on: database)
        let (contactId, admin) = (world.session.contactId, world.fixture.admin)
        let said = try await world.say("I am Wang", "b")
        #expect(try await world.keep("Wang asks", upTo: said[0].seq, from: try await world.source()))
        let before = try await world.source()
        _ = try await world.fixture.store.write { try $0.deleteContact(contactId, by: admin) }
        #expect(try await world.summary == nil)
        #expect(try await !world.keep("Wang asks", upTo: said[1].seq, from: before))
        #expect(try await world.source() == nil)
    }

    @Test(arguments: TestDatabase.all)
    func mergedContactsLeaveNoSummary(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (one, other) = (try await World(fixture), try await World(fixture))
        var sources: [SummarySource?] = []
        for world in [one, other] {
            let said = try await world.say("I am Wang")
            #expect(try await world.keep("Wang asks", upTo: said[0].seq, from: try await world.source()))
            _ = try await world.say("more")
            sources.append(try await world.source())
        }
        _ = try await fixture.store.mergeContact(
            other.session.contactId, into: one.session.contactId, by: fixture.admin)
        #expect(try await one.summary == nil)
        #expect(try await other.summary == nil)
        #expect(try await !other.keep("Wang asks", upTo: 100, from: sources[1]), "it is somebody else's now")
    }
}
