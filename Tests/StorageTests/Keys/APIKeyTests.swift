import Domain
import Storage
import Testing

@Suite(.databases) struct APIKeyTests {
    private let reading = Grants([Permission(.conversationsRead)])

    private func key(
        _ fixture: StoreFixture, _ grants: Grants, expiresAt: Timestamp? = nil, by access: Access,
        digest: [UInt8] = StoreFixture.bytes()
    ) async throws -> APIKey {
        try await fixture.store.write {
            try $0.createAPIKey(name: "Exports", grants: grants, expiresAt: expiresAt, digest: digest, by: access)
        }
    }

    /// Who comes with the key, as of now.
    private func standing(_ fixture: StoreFixture, _ digest: [UInt8]) async throws -> Standing {
        try await fixture.store.read {
            guard let key = try $0.apiKey(digest: digest) else { return .unknown }
            return try $0.standing(of: key)
        }
    }

    private func access(_ standing: Standing, in workspace: Workspace) throws -> Access {
        guard case .good(let staff, _) = standing else { throw Refusal.forbidden }
        return Access(workspaceId: workspace.id, principal: .staff(staff))
    }

    @Test(arguments: TestDatabase.all)
    func aKeyIsFoundByItsDigestAndActsForWhoMadeIt(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let digest = StoreFixture.bytes()
        let made = try await key(fixture, reading, by: fixture.admin, digest: digest)
        let known = try access(try await standing(fixture, digest), in: fixture.workspace)
        #expect(known.staff?.credential == .apiKey(made.id) && known.userId == fixture.admin.userId)
        #expect(known.staff?.grants == reading && known.allows(.conversationsRead) && !known.allows(.messagesWrite))
        #expect(known.actor == fixture.admin.actor)
        #expect(try await standing(fixture, StoreFixture.bytes()) == .unknown)
        let admin = fixture.admin
        let listed = try await fixture.store.read { try $0.apiKeys(after: nil, limit: 10, by: admin) }
        #expect(listed.items == [made] && listed.next == nil)
    }

    @Test(arguments: TestDatabase.all)
    func noKeyGoesBeyondWhoMakesIt(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let role = try await fixture.role("keeper", "api_keys:write", "conversations:read:team")
        let keeper = try await fixture.member("keeper", role)
        for text in ["users:write", "conversations:read", "messages:write:own"] {
            let wanted = Grants([Permission(text)].compactMap { $0 })
            await #expect(throws: Refusal.forbidden, "\(text)") { _ = try await key(fixture, wanted, by: keeper) }
        }
        let made = try await key(fixture, Grants([Permission(.conversationsRead, .own)]), by: keeper)
        #expect(made.userId == keeper.userId)
        // Nor by a key.
        let digest = StoreFixture.bytes()
        _ = try await key(fixture, Grants([Permission(.apiKeysWrite)]), by: keeper, digest: digest)
        let byKey = try access(try await standing(fixture, digest), in: fixture.workspace)
        await #expect(throws: Refusal.forbidden) {
            _ = try await key(fixture, Grants([Permission(.conversationsRead, .own)]), by: byKey)
        }
        let agent = try await fixture.member("agent")
        await #expect(throws: Refusal.forbidden) { _ = try await key(fixture, reading, by: agent) }
    }

    @Test(arguments: TestDatabase.all)
    func aKeyMakesNoneThatOutlivesIt(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let digest = StoreFixture.bytes()
        let end = fixture.clock.now().adding(seconds: 3600)
        _ = try await key(
            fixture, Grants([Permission(.apiKeysWrite)]), expiresAt: end, by: fixture.admin, digest: digest)
        let byKey = try access(try await standing(fixture, digest), in: fixture.workspace)
        let wanted = Grants([Permission(.apiKeysWrite)])
        for later in [nil, end.adding(seconds: 1)] {
            await #expect(throws: Refusal.self) { _ = try await key(fixture, wanted, expiresAt: later, by: byKey) }
        }
        #expect(try await key(fixture, wanted, expiresAt: end, by: byKey).expiresAt == end)
    }

    @Test(arguments: TestDatabase.all)
    func aKeyEndsByTimeByRevocationAndWithItsUser(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let role = try await fixture.role("keeper", "api_keys:write", "conversations:read")
        let keeper = try await fixture.member("keeper", role)
        let (timed, revoked, orphaned) = (StoreFixture.bytes(), StoreFixture.bytes(), StoreFixture.bytes())
        let end = fixture.clock.now().adding(seconds: 60)
        _ = try await key(fixture, reading, expiresAt: end, by: keeper, digest: timed)
        let gone = try await key(fixture, reading, by: keeper, digest: revoked)
        _ = try await key(fixture, reading, by: keeper, digest: orphaned)
        fixture.clock.advance(seconds: 60)
        #expect(try await standing(fixture, timed) == .expired)
        try await fixture.store.write { try $0.revokeAPIKey(gone.id, by: fixture.admin) }
        #expect(try await standing(fixture, revoked) == .ended)
        #expect(fixture.commits.endedKeys == [gone.id])
        let since = fixture.clock.now()
        #expect(try await fixture.store.read { try $0.endedAccess(since: since).keys } == [gone.id])
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.write { try $0.revokeAPIKey(gone.id, by: fixture.admin) }
        }
        await #expect(throws: Refusal.notFound) {
            _ = try await fixture.store.read { try $0.apiKey(gone.id, by: fixture.admin) }
        }
        guard case .good = try await standing(fixture, orphaned) else { return #expect(Bool(false)) }
        try await fixture.change(keeper.userId, by: fixture.admin) { $0.status = .suspended }
        #expect(try await standing(fixture, orphaned) == .ended)
    }

    @Test(arguments: TestDatabase.all)
    func aRoleThatChangesNarrowsItsKeysAtOnce(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let wide = try await fixture.role("wide", "api_keys:write", "conversations:read", "contacts:read")
        let narrow = try await fixture.role("narrow", "conversations:read:own")
        let keeper = try await fixture.member("keeper", wide)
        let digest = StoreFixture.bytes()
        _ = try await key(
            fixture, Grants([Permission(.conversationsRead), Permission(.contactsRead)]), by: keeper, digest: digest)
        let before = try access(try await standing(fixture, digest), in: fixture.workspace)
        #expect(before.scope(of: .conversationsRead) == .all && before.allows(.contactsRead))
        _ = try await fixture.store.write { try $0.changeAccess(of: keeper.userId, role: narrow) }
        let after = try access(try await standing(fixture, digest), in: fixture.workspace)
        #expect(after.scope(of: .conversationsRead) == .own && !after.allows(.contactsRead))
    }

    @Test(arguments: TestDatabase.all)
    func useIsNotedToTheMinute(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let made = try await key(fixture, reading, by: fixture.admin)
        func use() async throws -> Timestamp? {
            try await fixture.store.write { try $0.noteUse(of: made.id, atMostEvery: APIKey.useGranularitySeconds) }
            return try await fixture.store.read { try $0.apiKey(made.id)?.lastUsedAt }
        }
        let first = fixture.clock.now()
        #expect(try await use() == first)
        fixture.clock.advance(seconds: 59)
        #expect(try await use() == first)
        fixture.clock.advance(seconds: 1)
        #expect(try await use() == first.adding(seconds: 60))
    }

    @Test(arguments: TestDatabase.all)
    func everyChangeIsInTheAuditLogWithoutTheKey(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let made = try await key(fixture, reading, by: fixture.admin)
        _ = try await fixture.store.write { try $0.renameAPIKey(made.id, to: "Reports", by: fixture.admin) }
        try await fixture.store.write { try $0.revokeAPIKey(made.id, by: fixture.admin) }
        var filter = AuditFilter()
        filter.target = .apiKey(made.id)
        let lines = try await fixture.auditLog(filter)
        #expect(lines.map(\.action) == [.apiKeyDeleted, .apiKeyUpdated, .apiKeyCreated])
        #expect(lines.last?.after["permissions"] == ["conversations:read"])
        #expect(lines.first?.before["name"] == "Reports")
    }

    @Test(arguments: TestDatabase.all)
    func keysOfAnotherWorkspaceAreNotThere(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let made = try await key(fixture, reading, by: fixture.admin)
        let (other, _) = try await fixture.store.write {
            try $0.createWorkspace(slug: "other", name: "Other", inboxKey: "other", inboxSecret: [1])
        }
        let stranger = Access.server(of: other.id)
        await #expect(throws: Refusal.notFound) {
            _ = try await fixture.store.read { try $0.apiKey(made.id, by: stranger) }
        }
        await #expect(throws: Refusal.notFound) {
            _ = try await fixture.store.write { try $0.renameAPIKey(made.id, to: "Mine", by: stranger) }
        }
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.write { try $0.revokeAPIKey(made.id, by: stranger) }
        }
        #expect(try await fixture.store.read { try $0.apiKeys(after: nil, limit: 9, by: stranger) }.items.isEmpty)
    }
}
