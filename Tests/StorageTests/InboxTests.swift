import Domain
import Testing

@testable import Storage

@Suite(.databases) struct InboxTests {
    private static let key = Array("a-key-of-at-least-thirty-two-bytes".utf8)
    private static let newer = Array("a-newer-key-of-thirty-two-or-more!".utf8)

    private func create(_ fixture: StoreFixture, _ name: String = "Shop") async throws -> Inbox {
        let admin = fixture.admin
        return try await fixture.store.write {
            try $0.createInbox(InboxPatch(), name: name, key: "key of \(name)", secret: [7], by: admin)
        }
    }

    private func stored(_ fixture: StoreFixture, _ column: String = "secret") async throws -> [[UInt8]?] {
        try await fixture.store.read {
            try $0.connection.rows("SELECT \(column) FROM inboxes ORDER BY id", []) { $0.optionalBlob(0) }
        }
    }

    @Test(arguments: TestDatabase.all)
    func anInboxIsMadeChangedAndDeleted(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (admin, inbox) = (fixture.admin, try await create(fixture))
        var patch = InboxPatch()
        patch.greeting = .some("Hello")
        patch.allowedOrigins = ["https://shop.example"]
        let changed = try await fixture.store.write { [patch] in try $0.updateInbox(inbox.id, patch, by: admin) }
        #expect(changed.greeting == "Hello" && !changed.allows(origin: "https://other.example"))
        #expect(try await fixture.store.read { try $0.inbox(inbox.id, by: admin) } == changed)
        try await fixture.store.write { try $0.deleteInbox(inbox.id, by: admin) }
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.read { try $0.inbox(inbox.id, by: admin) }
        }
        #expect(try await fixture.store.read { try $0.inbox(key: inbox.key) } == nil)
        let list = try await fixture.store.read { try $0.inboxes(after: nil, limit: 10, by: admin).items }
        #expect(list.map(\.id) == [fixture.inbox.id])
        #expect(try await fixture.audited() == [.inboxDeleted, .inboxUpdated, .inboxCreated])
    }

    @Test(arguments: TestDatabase.all)
    func ofTwoThatAreDeletedAtOnceOneStays(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (admin, second) = (fixture.admin, try await create(fixture))
        let deleted = await withTaskGroup(of: Bool.self) { group in
            for id in [fixture.inbox.id, second.id] {
                group.addTask { (try? await fixture.store.write { try $0.deleteInbox(id, by: admin) }) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(deleted == 1)
    }

    @Test(arguments: TestDatabase.all)
    func aDeletedInboxTakesNoSessionsAndItsConversationsGoOn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (admin, inbox) = (fixture.admin, fixture.inbox)
        _ = try await create(fixture)
        try await fixture.store.write { try $0.deleteInbox(inbox.id, by: admin) }
        await #expect(throws: Refusal.notFound) { try await fixture.visitor() }
        _ = try await fixture.send("still here", to: session.conversationId, by: visitor)
        let conversation = try await fixture.store.read { try $0.conversation(session.conversationId, by: admin) }
        #expect(conversation.inboxId == inbox.id)
    }

    // MARK: Secrets

    @Test(arguments: TestDatabase.all)
    func aRotatedSecretIsGoodForADayAndTwiceRotatedNotAtAll(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (admin, inbox) = (fixture.admin, fixture.inbox)
        func secrets() async throws -> [[UInt8]] {
            try await fixture.store.read { try $0.inboxSecrets(of: inbox.id) }
        }
        #expect(try await secrets() == [[1, 2, 3]])
        _ = try await fixture.store.write { try $0.rotateInboxSecret(inbox.id, to: [4], by: admin) }
        #expect(try await secrets() == [[4], [1, 2, 3]])
        fixture.clock.advance(seconds: 86_400)
        #expect(try await secrets() == [[4]])
        _ = try await fixture.store.write { try $0.rotateInboxSecret(inbox.id, to: [5], by: admin) }
        _ = try await fixture.store.write { try $0.rotateInboxSecret(inbox.id, to: [6], by: admin) }
        #expect(try await secrets() == [[6], [5]])
        for column in ["secret", "previous_secret"] {
            for bytes in try await stored(fixture, column) { #expect(SecretBox.form(of: bytes ?? []) != .plain) }
        }
    }

    @Test(arguments: TestDatabase.all)
    func whatIsPlainOrUnderAnOlderKeyIsSealedAnewOnce(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(
            on: database.open(), settings: StoreSettings(secrets: SecretBox(key: Self.key)))
        let (admin, inbox) = (fixture.admin, fixture.inbox)
        _ = try await fixture.store.write { try $0.rotateInboxSecret(inbox.id, to: [4], by: admin) }
        let plain = try await create(fixture)
        _ = try await fixture.store.write {
            try $0.connection.run(
                "UPDATE inboxes SET secret = ? WHERE id = ?", [.blob([9, 9]), .identifier(plain.id)])
        }
        let rotated = fixture.reopened(secrets: SecretBox(key: Self.newer, former: [Self.key]))
        let (survey, next) = try await rotated.read { try $0.surveySecrets(after: nil, limit: 10) }
        #expect(survey.outdated == [inbox.id, plain.id] && survey.unknownKeys.isEmpty && survey.count == 3)
        #expect(next == nil)
        let renewed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                for id in survey.outdated {
                    group.addTask { try await rotated.write { try $0.renewSecrets(of: id) } ? 1 : 0 }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(renewed == 2)
        let later = fixture.reopened(secrets: SecretBox(key: Self.newer))
        #expect(try await later.read { try $0.surveySecrets(after: nil, limit: 10).found.outdated } == [])
        #expect(try await later.read { try $0.inboxSecrets(of: inbox.id) } == [[4], [1, 2, 3]])
        #expect(try await later.read { try $0.inboxSecrets(of: plain.id) } == [[9, 9]])
        let (pages, end) = try await later.read { try $0.surveySecrets(after: nil, limit: 1) }
        #expect(pages.count == 2 && end == inbox.id)
    }

    @Test(arguments: TestDatabase.all)
    func aKeyThatIsNotOursIsNamedAndNothingIsChanged(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(
            on: database.open(), settings: StoreSettings(secrets: SecretBox(key: Self.key)))
        let stranger = fixture.reopened(secrets: SecretBox(key: Self.newer))
        let before = try await stored(fixture)
        let survey = try await stranger.read { try $0.surveySecrets(after: nil, limit: 10).found }
        #expect(survey.unknownKeys == [SecretBox(key: Self.key).keyId] && survey.outdated.isEmpty)
        let id = fixture.inbox.id
        #expect(try await stranger.write { try $0.renewSecrets(of: id) } == false)
        #expect(try await stored(fixture) == before)
        await #expect(throws: StorageFailure.self) { try await stranger.read { try $0.inboxSecrets(of: id) } }
    }
}

extension StoreFixture {
    /// The same database under other keys.
    fileprivate func reopened(secrets: SecretBox) -> ChatStore {
        ChatStore(
            driver: driver, settings: StoreSettings(secrets: secrets), clock: clock,
            identifiers: IdentifierGenerator(clock: clock, node: 3), observer: CommitFeed(), logger: .silent)
    }
}
