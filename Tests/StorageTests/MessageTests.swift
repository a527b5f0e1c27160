import Domain
import Storage
import Testing

@Suite(.databases) struct MessageTests {
    @Test(arguments: TestDatabase.all)
    func sendsAreNumberedWithoutHolesFromTheConversationsFirstEventOn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        for index in 1...5 { _ = try await fixture.send("m\(index)", to: session.conversationId, by: visitor) }
        let events = try await fixture.events(of: session.conversationId)
        #expect(events.map(\.seq) == Array(1...6))
        #expect(events.first?.kind == .conversationCreated)
        #expect(events.compactMap { $0.message?.content } == ["m1", "m2", "m3", "m4", "m5"])
        #expect(fixture.commits.events.map(\.seq) == Array(1...6))
    }

    @Test(arguments: TestDatabase.all)
    func aRetryGivesTheSameMessageAndOtherContentIsAConflict(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let first = try await fixture.send("hello", clientId: "a", to: session.conversationId, by: visitor)
        let again = try await fixture.send("hello", clientId: "a", to: session.conversationId, by: visitor)
        #expect(!first.isDuplicate && again.isDuplicate)
        #expect(first.message.id == again.message.id && first.message.seq == again.message.seq)
        await #expect(throws: Refusal.idempotencyConflict) {
            try await fixture.send("other", clientId: "a", to: session.conversationId, by: visitor)
        }
        // Client ids are compared byte by byte and belong to their sender.
        #expect(try await !fixture.send("hello", clientId: "A", to: session.conversationId, by: visitor).isDuplicate)
        #expect(
            try await !fixture.send("hello", clientId: "a", to: session.conversationId, by: fixture.admin).isDuplicate)
    }

    @Test(arguments: TestDatabase.all)
    func theSameSendFromManyTasksIsOneMessage(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let sent = try await withThrowingTaskGroup(of: SentMessage.self) { group in
            for _ in 0..<40 {
                group.addTask { try await fixture.send("once", clientId: "x", to: session.conversationId, by: visitor) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(sent.map(\.message.id)).count == 1)
        #expect(sent.filter { !$0.isDuplicate }.count == 1)
        #expect(try await fixture.events(of: session.conversationId).filter { $0.kind == .messageCreated }.count == 1)
    }

    @Test(arguments: TestDatabase.all)
    func manySendersAtOnceLeaveNoHoleAndTheirEventsComeInCommitOrder(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        var visitors: [(ChatSession, Access)] = []
        for _ in 0..<8 { visitors.append(try await fixture.visitor()) }
        await withThrowingTaskGroup(of: Void.self) { group in
            for (session, access) in visitors {
                for index in 0..<25 {
                    group.addTask {
                        _ = try await fixture.send(
                            "\(index)", clientId: "\(index)", to: session.conversationId, by: access)
                    }
                }
            }
        }
        for (session, _) in visitors {
            let published = fixture.commits.events.filter { $0.conversationId == session.conversationId }
            #expect(published.map(\.seq) == Array(1...26))
            #expect(try await fixture.events(of: session.conversationId).map(\.seq) == Array(1...26))
        }
        #expect(fixture.commits.batchSizes.contains { $0 > 1 }, "commands of one moment share a commit")
    }

    @Test(arguments: TestDatabase.all)
    func aClosedConversationTakesNoMessageButKnowsAnEarlierSend(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let sent = try await fixture.send("before", clientId: "a", to: session.conversationId, by: visitor)
        var patch = ConversationPatch()
        patch.status = .closed
        let closing = patch
        _ = try await fixture.store.write { try $0.update(session.conversationId, closing, by: fixture.admin) }
        await #expect(throws: Refusal.conversationClosed) {
            try await fixture.send("after", clientId: "b", to: session.conversationId, by: visitor)
        }
        let retried = try await fixture.send("before", clientId: "a", to: session.conversationId, by: visitor)
        #expect(retried.isDuplicate && retried.message.id == sent.message.id)
    }

    @Test(arguments: TestDatabase.all)
    func aContactsMessageOpensAResolvedConversation(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        _ = try await fixture.send("1", to: session.conversationId, by: visitor)
        var patch = ConversationPatch()
        patch.status = .resolved
        let resolving = patch
        _ = try await fixture.store.write { try $0.update(session.conversationId, resolving, by: fixture.admin) }
        _ = try await fixture.send("2", to: session.conversationId, by: visitor)
        let conversation = try await fixture.store.read {
            try $0.conversation(session.conversationId, by: fixture.admin)
        }
        #expect(conversation.status == .open)
    }

    @Test(arguments: TestDatabase.all)
    func notesAreHiddenFromTheContactEverywhere(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        _ = try await fixture.send("hello", to: session.conversationId, by: visitor)
        let note = try await fixture.send("secret", kind: .note, to: session.conversationId, by: fixture.admin)
        let (messages, mine, theirs) = try await fixture.store.read { snapshot in
            (
                try snapshot.messages(of: session.conversationId, SeqPage(.after(0)), by: visitor),
                try snapshot.conversation(session.conversationId, by: visitor),
                try snapshot.conversation(session.conversationId, by: fixture.admin)
            )
        }
        #expect(messages.items.map(\.content) == ["hello"])
        #expect(mine.lastMessage?.content == "hello" && theirs.lastMessage?.content == "secret")
        #expect(mine.owner.kind == .ai, "a note takes nothing over")
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.read { try $0.message(note.message.id, in: session.conversationId, by: visitor) }
        }
        await #expect(throws: Refusal.forbidden) {
            try await fixture.send("x", kind: .note, to: session.conversationId, by: visitor)
        }
    }

    @Test(arguments: TestDatabase.all)
    func nobodyReachesAnothersConversation(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, _) = try await fixture.visitor()
        let (_, stranger) = try await fixture.visitor()
        let (other, _) = try await fixture.store.write {
            try $0.createWorkspace(slug: "other", name: "Other", inboxKey: "other", inboxSecret: [])
        }
        let foreigner = Access(workspaceId: other.id, principal: fixture.admin.principal)
        for access in [stranger, foreigner] {
            await #expect(throws: Refusal.notFound) {
                try await fixture.send("x", to: session.conversationId, by: access)
            }
            await #expect(throws: Refusal.notFound) {
                try await fixture.store.read {
                    try $0.events(of: session.conversationId, SeqPage(.after(0)), by: access)
                }
            }
        }
        #expect(try await fixture.events(of: session.conversationId).count == 1)
    }

    @Test(arguments: TestDatabase.all)
    func pagesGoBothWaysAndTellTheHead(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        for index in 1...10 { _ = try await fixture.send("\(index)", to: session.conversationId, by: visitor) }
        let (forward, backward) = try await fixture.store.read { snapshot in
            (
                try snapshot.messages(of: session.conversationId, SeqPage(.after(3), limit: 4), by: visitor),
                try snapshot.messages(of: session.conversationId, SeqPage(.before(nil), limit: 3), by: visitor)
            )
        }
        #expect(forward.items.map(\.seq) == [4, 5, 6, 7] && forward.hasMore && forward.headSeq == 11)
        #expect(backward.items.map(\.seq) == [11, 10, 9] && backward.hasMore)
    }
}
