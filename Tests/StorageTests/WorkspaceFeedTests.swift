import Domain
import Storage
import Testing

/// The feed of one workspace.
@Suite(.databases) struct WorkspaceFeedTests {
    private func stamped(_ fixture: StoreFixture) async throws {
        guard fixture.store.isShared else { return }
        let generation = try #require(try await fixture.store.write { try $0.takeLease(.sequencer, seconds: 60) })
        while try await fixture.store.write(run: { try $0.stampFeed(generation: generation, limit: 100) }) == 100 {}
    }

    private func all(_ fixture: StoreFixture, by access: Access, limit: Int = 3) async throws -> [Event] {
        var events: [Event] = []
        var position: Int64 = 0
        while true {
            let start = position
            let page = try await fixture.store.read { try $0.workspaceFeed(after: start, limit: limit, by: access) }
            #expect(page.events.count <= limit && (page.end > start || page.events.isEmpty))
            events += page.events
            position = page.end
            if !page.hasMore { return events }
        }
    }

    @Test(arguments: TestDatabase.all)
    func itHasEveryEventOfTheWorkspaceOnceInOrderAndNoOther(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (other, otherInbox) = try await fixture.store.write {
            try $0.createWorkspace(slug: "other", name: "Other", inboxKey: "other", inboxSecret: [1])
        }
        let theirs = try await fixture.store.write {
            try $0.openSession(
                SessionRequest(inboxId: otherInbox.id, visitor: .stranger, ticketDigest: StoreFixture.bytes()),
                in: other.id)
        }
        var expected: [Identifier<Conversation>: [Int64]] = [:]
        var visits: [(ChatSession, Access)] = []
        for _ in 0..<3 { visits.append(try await fixture.visitor()) }
        for round in 0..<4 {
            for (session, visitor) in visits {
                _ = try await fixture.send("\(round)", to: session.conversationId, by: visitor)
            }
        }
        _ = try await fixture.send("a note", kind: .note, to: visits[0].0.conversationId, by: fixture.admin)
        try await stamped(fixture)
        let events = try await all(fixture, by: fixture.admin)
        for event in events { expected[event.conversationId, default: []].append(event.seq) }
        for (session, _) in visits {
            let log = try await fixture.events(of: session.conversationId)
            #expect(expected[session.conversationId] == log.map(\.seq))
            #expect(events.filter { $0.conversationId == session.conversationId }.map(\.kind) == log.map(\.kind))
        }
        #expect(expected.count == 3 && !events.contains { $0.conversationId == theirs.conversationId })
        #expect(events.contains { $0.message?.kind == .note })
        let outside = try await all(fixture, by: .server(of: other.id))
        #expect(outside.map(\.conversationId) == [theirs.conversationId])
    }

    @Test(arguments: TestDatabase.all)
    func theEndOfOnePartIsWhereTheNextGoesOn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        try await stamped(fixture)
        let first = try await fixture.store.read { try $0.workspaceFeed(after: 0, limit: 10, by: fixture.admin) }
        #expect(first.events.count == 1 && !first.hasMore)
        let nothing = try await fixture.store.read {
            try $0.workspaceFeed(after: first.end, limit: 10, by: fixture.admin)
        }
        #expect(nothing.events.isEmpty && nothing.end == first.end)
        _ = try await fixture.send("hello", to: session.conversationId, by: visitor)
        try await stamped(fixture)
        let next = try await fixture.store.read {
            try $0.workspaceFeed(after: nothing.end, limit: 10, by: fixture.admin)
        }
        #expect(next.events.first?.message?.content == "hello")
    }

    @Test(arguments: TestDatabase.all)
    func itNeedsTheRightToEveryEvent(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let agent = try await fixture.member("bo")
        await #expect(throws: Refusal.forbidden) {
            _ = try await fixture.store.read { try $0.workspaceFeed(after: 0, limit: 1, by: agent) }
        }
    }

    /// A change of owner tells, on nodes that hear nothing, whose list the conversation leaves.
    @Test(arguments: TestDatabase.all)
    func theInstallationsFeedTellsWhoOwnedBeforeAndAfter(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        _ = try await fixture.store.write {
            try $0.switchOwner(of: session.conversationId, to: .anyHuman, reason: nil, by: visitor)
        }
        try await stamped(fixture)
        let entries = try await fixture.store.read { try $0.feed(after: 0, limit: 10) }
        #expect(
            entries.map(\.owners) == [
                nil, OwnerChange(from: Owner(kind: .ai, epoch: 1), to: Owner(kind: .none, epoch: 2)),
            ])
    }
}
