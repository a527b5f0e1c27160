import Domain
import Testing

@testable import Storage

@Suite(.databases) struct ContactTests {
    private struct World {
        let fixture: StoreFixture
        let session: ChatSession
        let visitor: Access
        let other: ChatSession
        let otherVisitor: Access

        init(on database: TestDatabase) async throws {
            try await self.init(on: try await database.open())
        }

        init(on driver: any DatabaseDriver) async throws {
            fixture = try await StoreFixture(on: driver)
            (session, visitor) = try await fixture.visitor(name: "Ann")
            (other, otherVisitor) = try await fixture.visitor(name: "Annabel")
            _ = try await fixture.send("hello", clientId: "a", to: session.conversationId, by: visitor)
            _ = try await fixture.send("hi", clientId: "b", to: other.conversationId, by: otherVisitor)
            let (conversation, otherVisitor) = (other.conversationId, otherVisitor)
            _ = try await fixture.send("answer", to: conversation, by: fixture.admin)
            _ = try await fixture.store.write { try $0.markRead(conversation, upTo: 2, by: otherVisitor) }
        }

        func edit(_ id: Identifier<Contact>, _ change: @Sendable (inout ContactPatch) -> Void) async throws {
            var patch = ContactPatch()
            change(&patch)
            let (entered, admin) = (patch, fixture.admin)
            _ = try await fixture.store.write { try $0.updateContact(id, entered, by: admin) }
        }

        func merge(_ other: Identifier<Contact>, into id: Identifier<Contact>) async throws -> Contact {
            try await fixture.store.mergeContact(other, into: id, by: fixture.admin)
        }

        func found(_ text: String) async throws -> [Identifier<Contact>] {
            var filter = ContactFilter()
            filter.text = text
            let (asked, admin) = (filter, fixture.admin)
            return try await fixture.store.read {
                try $0.contacts(asked, after: nil, limit: 10, by: admin).items.map(\.id)
            }
        }
    }

    @Test(arguments: TestDatabase.all)
    func ofADeletedContactNothingPersonalIsLeft(on database: TestDatabase) async throws {
        let world = try await World(on: database)
        let (fixture, id) = (world.fixture, world.session.contactId)
        try await world.edit(id) {
            $0.email = "ann@example.com"
            $0.phone = "+49 170 1234567"
            $0.externalId = "customer-1"
            $0.attributes = .object(["plan": "gold"])
        }
        #expect(try await world.found("1234567") == [id])
        try await fixture.store.write { try $0.deleteContact(id, by: fixture.admin) }
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.read { try $0.contact(id, by: fixture.admin) }
        }
        for word in ["ann", "1234567", "customer"] { #expect(try await !world.found(word).contains(id)) }
        let row = try await fixture.store.read {
            try $0.connection.row(
                """
                SELECT count(*) FROM contacts WHERE id = ? AND name IS NULL AND email IS NULL AND email_key IS NULL \
                AND phone IS NULL AND external_id IS NULL AND claimed_email IS NULL AND claimed_external_id IS NULL \
                AND attributes = '{}' AND locale IS NULL AND deleted_at IS NOT NULL
                """, [.identifier(id)]
            ) { $0.integer(0) }
        }
        #expect(row == 1)
        #expect(fixture.commits.endedSessions == [world.session.id])
        await #expect(throws: Refusal.sessionOver) {
            try await fixture.send("more", to: world.session.conversationId, by: world.visitor)
        }
        // Nor may an old token open another visit.
        let request = SessionRequest(
            inboxId: fixture.inbox.id, visitor: .returning(id), ticketDigest: StoreFixture.bytes())
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.write { try $0.openSession(request, in: fixture.workspace.id) }
        }
        let messages = try await fixture.store.read {
            try $0.messages(of: world.session.conversationId, SeqPage(.after(0)), by: fixture.admin).items
        }
        #expect(messages.first?.content == "hello" && messages.first?.sender.name == nil)
        let audit = try await fixture.store.read {
            try $0.auditLog(AuditFilter(), after: nil, limit: 10, by: fixture.admin).items
        }
        let line = try #require(audit.first { $0.action == .contactDeleted })
        #expect(line.target == .contact(id) && !"\(line)".contains("ann@example.com"))
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.write { try $0.deleteContact(id, by: fixture.admin) }
        }
        // Its external id is free again.
        try await world.edit(world.other.contactId) { $0.externalId = "customer-1" }
    }

    @Test(arguments: TestDatabase.all)
    func aMergedContactsConversationsVisitsAndMessagesAreTheOthers(on database: TestDatabase) async throws {
        let world = try await World(on: database)
        let (fixture, id, merged) = (world.fixture, world.session.contactId, world.other.contactId)
        try await world.edit(id) {
            $0.email = "ann@example.com"
            $0.attributes = .object(["plan": "gold", "since": 1])
        }
        try await world.edit(merged) {
            $0.email = "annabel@example.com"
            $0.phone = "123456"
            $0.externalId = "customer-2"
            $0.attributes = .object(["plan": "free", "shop": "b"])
        }
        let united = try await world.merge(merged, into: id)
        #expect(united.name == "Ann" && united.email == "ann@example.com" && united.phone == "123456")
        #expect(united.externalId == "customer-2")
        #expect(united.attributes == .object(["plan": "gold", "since": 1, "shop": "b"]))
        #expect(try await fixture.store.read { try $0.contact(id, by: fixture.admin) } == united)
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.read { try $0.contact(merged, by: fixture.admin) }
        }
        #expect(try await world.found("123456") == [id])
        #expect(try await world.found("annabel").isEmpty)

        var filter = ConversationFilter()
        filter.contactId = id
        let asked = filter
        let conversations = try await fixture.store.read {
            try $0.conversations(asked, after: nil, limit: 10, by: fixture.admin).items
        }
        #expect(Set(conversations.map(\.id)) == [world.session.conversationId, world.other.conversationId])
        #expect(conversations.allSatisfy { $0.contact.id == id })
        let messages = try await fixture.store.read {
            try $0.messages(of: world.other.conversationId, SeqPage(.after(0)), by: fixture.admin).items
        }
        #expect(messages.first?.sender == Actor(kind: .contact, id: id.rawValue, name: "Ann"))

        // Whoever acts under the visit acts for the one that is left, and for nobody else.
        #expect(fixture.commits.movedSessions == [world.other.id])
        await #expect(throws: Refusal.notFound) {
            try await fixture.send("as before", to: world.other.conversationId, by: world.otherVisitor)
        }
        let session = try #require(try await fixture.store.read { try $0.session(world.other.id) })
        #expect(session.contactId == id && session.status == .active)
        let now = Access(
            workspaceId: fixture.workspace.id,
            principal: .contact(
                .init(contactId: id, sessionId: session.id, conversationId: session.conversationId)))
        let again = try await fixture.send("hi", clientId: "b", to: world.other.conversationId, by: now)
        #expect(again.isDuplicate && again.message.id == messages.first?.id)
        let sent = try await fixture.send("more", clientId: "c", to: world.other.conversationId, by: now)
        #expect(sent.message.sender.id == id.rawValue)
        #expect(try await fixture.store.read { try $0.readPosition(in: session.conversationId, of: now.actor) } == 2)
        let ended = try await fixture.store.read { try $0.endedAccess(since: fixture.clock.now().adding(seconds: -1)) }
        #expect(ended.movedSessions.map(\.id) == [world.other.id] && ended.sessions.isEmpty)
    }

    @Test(arguments: TestDatabase.all)
    func whatCannotBeMergedIsLeftAsItIs(on database: TestDatabase) async throws {
        let world = try await World(on: database)
        let (fixture, id, other) = (world.fixture, world.session.contactId, world.other.contactId)
        await #expect(throws: (any Error).self) { try await world.merge(id, into: id) }
        await #expect(throws: Refusal.notFound) { try await world.merge(Identifier(1), into: id) }
        await #expect(throws: Refusal.notFound) { try await world.merge(id, into: Identifier(1)) }
        try await world.edit(id) { $0.externalId = "x" }
        try await world.edit(other) { $0.externalId = "y" }
        await #expect(throws: (any Error).self) { try await world.merge(other, into: id) }
        for contact in [id, other] {
            _ = try await fixture.store.read { try $0.contact(contact, by: fixture.admin) }
        }
        let (elsewhere, _) = try await fixture.store.write {
            try $0.createWorkspace(slug: "other", name: "Other", inboxKey: "other", inboxSecret: [1])
        }
        var stranger = fixture.admin
        stranger.workspaceId = elsewhere.id
        let foreign = stranger
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.mergeContact(other, into: id, by: foreign)
        }
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.write { try $0.deleteContact(id, by: foreign) }
        }
        #expect(fixture.commits.movedSessions.isEmpty && fixture.commits.endedSessions.isEmpty)
    }

    /// Two merges in opposite directions, on two nodes, while messages are on their way.
    @Test(arguments: TestDatabase.all)
    func mergesAmidSendsLeaveEveryMessageWithItsConversationsContact(on database: TestDatabase) async throws {
        let drivers: (any DatabaseDriver, any DatabaseDriver)
        if let server = MySQLTestServer.environment, database == .mysql, let scope = DatabaseScope.current {
            let address = try await server.newDatabase()
            drivers = (scope.driver(on: address), scope.driver(on: address))
        } else {
            let driver = try await database.open()
            drivers = (driver, driver)
        }
        let world = try await World(on: drivers.0)
        let fixture = world.fixture
        let second = StoreFixture(besides: fixture, on: drivers.1, number: 2)
        let (id, other) = (world.session.contactId, world.other.contactId)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for (session, access) in [(world.session, world.visitor), (world.other, world.otherVisitor)] {
                for index in 0..<30 {
                    group.addTask {
                        do {
                            let node = index % 2 == 0 ? fixture : second
                            _ = try await node.send("m", clientId: "s\(index)", to: session.conversationId, by: access)
                        } catch Refusal.notFound {}
                        return 0
                    }
                }
            }
            for (node, from, into) in [(fixture, id, other), (second, other, id)] {
                group.addTask {
                    do {
                        _ = try await node.store.mergeContact(from, into: into, by: node.admin)
                        return 1
                    } catch Refusal.notFound {
                        return 0
                    }
                }
            }
            var merged = 0
            for try await count in group { merged += count }
            #expect(merged == 1)
        }
        let wrong = try await fixture.driver.number(
            """
            SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id \
            JOIN conversation_heads h ON h.conversation_id = c.id JOIN contacts x ON x.id = c.contact_id \
            WHERE (m.sender_kind = 'contact' AND m.sender_id <> c.contact_id) OR h.contact_id <> c.contact_id \
            OR x.deleted_at IS NOT NULL
            """)
        #expect(wrong == 0)
        #expect(
            try await fixture.driver.number("SELECT count(*) FROM contacts WHERE merged_into IS NOT NULL") == 1)
    }
}
