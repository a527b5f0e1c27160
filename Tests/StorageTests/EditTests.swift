import Domain
import Storage
import Testing

@Suite(.databases) struct EditTests {
    /// Somebody on the staff with another role than admin.
    private static func agent(_ fixture: StoreFixture, _ email: String = "agent@example.com") async throws -> Access {
        let workspaceId = fixture.workspace.id
        let user = try await fixture.store.write {
            try $0.createUser(email: email, name: "Bo", passwordHash: "hash", role: .agent, in: workspaceId)
        }
        return Access(
            workspaceId: workspaceId,
            principal: .staff(
                .init(userId: user.id, name: user.name, role: .agent, credential: .login(Identifier(2)))))
    }

    private static func messages(_ fixture: StoreFixture, _ id: Identifier<Conversation>) async throws -> [Message] {
        let admin = fixture.admin
        return try await fixture.store.read { try $0.messages(of: id, SeqPage(.after(0), limit: 100), by: admin).items }
    }

    @Test(arguments: TestDatabase.all)
    func anEditIsAnEventAndReplayAndListsShowTheTextAsItIsNow(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor(name: "Wang")
        let conversationId = session.conversationId
        let sent = try await fixture.send("helo", clientId: "a", to: conversationId, by: visitor).message
        fixture.clock.advance(seconds: 60)
        let edited = try await fixture.store.write {
            try $0.edit(sent.id, in: conversationId, content: "hello", by: visitor)
        }
        #expect(edited.content == "hello" && edited.seq == sent.seq && edited.status == .sent)
        #expect(edited.editedAt == fixture.clock.now())
        let events = try await fixture.events(of: conversationId)
        #expect(events.map(\.kind) == [.conversationCreated, .messageCreated, .messageUpdated])
        #expect(events.compactMap(\.message).map(\.content) == ["hello", "hello"])
        // What went out live is what replay shows, the name of who did it included.
        #expect(fixture.commits.events.last == events.last && events.last?.actor.name == "Wang")
        #expect(try await Self.messages(fixture, conversationId) == [edited])
        // The same text again is no change.
        let again = try await fixture.store.write {
            try $0.edit(sent.id, in: conversationId, content: "hello", by: visitor)
        }
        #expect(again == edited)
        #expect(try await fixture.events(of: conversationId).count == 3)
        // The original send, repeated, is still the same send.
        let repeated = try await fixture.send("helo", clientId: "a", to: conversationId, by: visitor)
        #expect(repeated.isDuplicate && repeated.message == edited)
        await #expect(throws: Refusal.idempotencyConflict) {
            try await fixture.send("hello", clientId: "a", to: conversationId, by: visitor)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aDeletedMessageIsATombstoneForGood(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (conversationId, admin) = (session.conversationId, fixture.admin)
        let sent = try await fixture.send("secret", clientId: "a", to: conversationId, by: visitor).message
        #expect(try await fixture.store.read { try $0.conversation(conversationId, by: admin).unread } == 1)
        let tombstone = try await fixture.store.write { try $0.delete(sent.id, in: conversationId, by: visitor) }
        #expect(tombstone == sent.tombstone && tombstone.content.isEmpty && tombstone.status == .deleted)
        #expect((tombstone.seq, tombstone.sender, tombstone.createdAt) == (sent.seq, sent.sender, sent.createdAt))
        let events = try await fixture.events(of: conversationId)
        #expect(events.map(\.kind) == [.conversationCreated, .messageCreated, .messageDeleted])
        #expect(events.compactMap(\.message) == [tombstone, tombstone])
        let conversation = try await fixture.store.read { try $0.conversation(conversationId, by: admin) }
        #expect(conversation.lastMessage == tombstone && conversation.unread == 0)
        // Again: nothing happens. Editing it: not any more, not even by those who manage messages.
        _ = try await fixture.store.write { try $0.delete(sent.id, in: conversationId, by: visitor) }
        #expect(try await fixture.events(of: conversationId).count == 3)
        for access in [visitor, admin] {
            await #expect(throws: Refusal.conflict("the message is deleted")) {
                try await fixture.store.write { try $0.edit(sent.id, in: conversationId, content: "x", by: access) }
            }
        }
        let repeated = try await fixture.send("secret", clientId: "a", to: conversationId, by: visitor)
        #expect(repeated.isDuplicate && repeated.message == tombstone)
        await #expect(throws: Refusal.idempotencyConflict) {
            try await fixture.send("", clientId: "a", to: conversationId, by: visitor)
        }
    }

    @Test(arguments: TestDatabase.all)
    func onesOwnMayBeChangedWithinTheWorkspacesWindowAndAnyByThoseWhoManage(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (conversationId, admin) = (session.conversationId, fixture.admin)
        let agent = try await Self.agent(fixture)
        let asked = try await fixture.send("question", to: conversationId, by: visitor).message
        let answer = try await fixture.send("answer", to: conversationId, by: agent).message
        @Sendable func edit(_ message: Message, by access: Access) async throws {
            let content = "edited at \(fixture.clock.now().milliseconds) by \(access.actor.kind)"
            _ = try await fixture.store.write {
                try $0.edit(message.id, in: conversationId, content: content, by: access)
            }
        }
        // Nobody but those who manage changes what others said.
        await #expect(throws: Refusal.forbidden) { try await edit(answer, by: visitor) }
        await #expect(throws: Refusal.forbidden) { try await edit(asked, by: agent) }
        try await edit(asked, by: admin)
        try await edit(asked, by: visitor)
        try await edit(answer, by: agent)
        fixture.clock.advance(seconds: 900)
        for (message, access) in [(asked, visitor), (answer, agent)] {
            await #expect(throws: Refusal.forbidden) { try await edit(message, by: access) }
            await #expect(throws: Refusal.forbidden) {
                try await fixture.store.write { try $0.delete(message.id, in: conversationId, by: access) }
            }
        }
        try await edit(answer, by: admin)
        // The window is what the workspace says it is.
        _ = try await fixture.store.write { transaction in
            var patch = WorkspaceSettingsPatch()
            patch.messageEditSeconds = 1000
            return try transaction.updateSettings(patch, by: admin)
        }
        try await edit(asked, by: visitor)
        try await edit(answer, by: agent)
    }

    @Test(arguments: TestDatabase.all)
    func aClosedConversationIsChangedByThoseWhoManageAlone(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (conversationId, admin) = (session.conversationId, fixture.admin)
        let agent = try await Self.agent(fixture)
        let asked = try await fixture.send("question", to: conversationId, by: visitor).message
        let answer = try await fixture.send("answer", to: conversationId, by: agent).message
        _ = try await fixture.store.write { transaction in
            var patch = ConversationPatch()
            patch.status = .closed
            return try transaction.update(conversationId, patch, by: admin)
        }
        for (message, access) in [(asked, visitor), (answer, agent)] {
            await #expect(throws: Refusal.conversationClosed) {
                try await fixture.store.write { try $0.edit(message.id, in: conversationId, content: "x", by: access) }
            }
            await #expect(throws: Refusal.conversationClosed) {
                try await fixture.store.write { try $0.delete(message.id, in: conversationId, by: access) }
            }
        }
        _ = try await fixture.store.write { try $0.delete(asked.id, in: conversationId, by: admin) }
        #expect(try await fixture.events(of: conversationId).last?.kind == .messageDeleted)
    }

    @Test(arguments: TestDatabase.all)
    func notesAndOtherPlacesDoNotExistForWhoMayNotSeeThem(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (other, stranger) = try await fixture.visitor()
        let note = try await fixture.send("hm", kind: .note, to: session.conversationId, by: fixture.admin).message
        let said = try await fixture.send("hi", to: session.conversationId, by: visitor).message
        for (id, place, access) in [
            (note.id, session.conversationId, visitor), (said.id, session.conversationId, stranger),
            (said.id, other.conversationId, stranger), (said.id, other.conversationId, fixture.admin),
            (Identifier(1), session.conversationId, fixture.admin),
        ] {
            await #expect(throws: Refusal.notFound) {
                try await fixture.store.write { try $0.edit(id, in: place, content: "x", by: access) }
            }
            await #expect(throws: Refusal.notFound) {
                try await fixture.store.write { try $0.delete(id, in: place, by: access) }
            }
        }
        let admin = fixture.admin
        _ = try await fixture.store.write {
            try $0.edit(note.id, in: session.conversationId, content: "aha", by: admin)
        }
        #expect(Audience.visibility(of: try #require(fixture.commits.events.last), to: .contact) == .hidden)
    }

    @Test(arguments: TestDatabase.all)
    func aReplyThatIsBeingWrittenIsLeftAloneAndAFinishedOneIsNot(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (conversationId, admin) = (session.conversationId, fixture.admin)
        _ = try await fixture.send("question", to: conversationId, by: visitor)
        let job = try #require(fixture.commits.replyJobs.last)
        let reply = try await fixture.store.write { try $0.showReply(job, text: "Ans") }
        for access in [admin, visitor] {
            let refusal = access.contact == nil ? Refusal.conflict("the message is still being written") : .forbidden
            await #expect(throws: refusal) {
                try await fixture.store.write { try $0.delete(reply.id, in: conversationId, by: access) }
            }
        }
        _ = try await fixture.store.write {
            try $0.completeReply(job, text: "Answer", sources: [], finish: .stop, isAnswered: true)
        }
        let edited = try await fixture.store.write {
            try $0.edit(reply.id, in: conversationId, content: "Better answer", by: admin)
        }
        #expect(edited.status == .complete && edited.sender.kind == .ai)
        _ = try await fixture.store.write { try $0.delete(reply.id, in: conversationId, by: admin) }
        #expect(try await Self.messages(fixture, conversationId).last?.status == .deleted)
    }
}
