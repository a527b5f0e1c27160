import Domain
import Testing

@testable import Storage

/// Commands under an `Idempotency-Key`.
@Suite(.databases) struct IdempotencyTests {
    private func key(_ name: String, _ fixture: StoreFixture, of route: String = "POST /things") -> IdempotencyKey {
        IdempotencyKey(name, of: route, by: fixture.admin)
    }

    /// Adds a contact as a request with a key does. Returns its id, or the record that stood in the way.
    private func add(
        _ key: IdempotencyKey, digest: [UInt8] = [1], named name: String = "Kim", on node: StoreFixture
    ) async throws -> Result<Identifier<Contact>, RepeatedRequest> {
        let claim = IdempotencyClaim(key, requestDigest: digest)
        let admin = node.admin
        do {
            let contact = try await IdempotencyClaim.$current.withValue(claim) {
                try await node.store.write { transaction in
                    var patch = ContactPatch()
                    patch.name = .some(name)
                    return try transaction.createContact(patch, by: admin)
                }
            }
            #expect(claim.close())
            return .success(contact.id)
        } catch let repeated as RepeatedRequest {
            #expect(!claim.close())
            return .failure(repeated)
        }
    }

    private func contacts(_ fixture: StoreFixture) async throws -> Int {
        let admin = fixture.admin
        return try await fixture.store.read { try $0.contacts(ContactFilter(), after: nil, limit: 100, by: admin) }
            .items
            .count
    }

    @Test(arguments: TestDatabase.all) func aCommandMakesTheKeyItsOwn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let key = key("k1", fixture)
        #expect(try await fixture.store.read { try $0.idempotencyRecord(key) } == nil)
        _ = try await add(key, digest: [1, 2, 3], on: fixture).get()
        let claimed = try #require(try await fixture.store.read { try $0.idempotencyRecord(key) })
        #expect(claimed == IdempotencyRecord(requestDigest: [1, 2, 3], claimedAt: fixture.clock.now(), answer: nil))
        #expect(try await add(key, digest: [9], on: fixture) == .failure(RepeatedRequest(record: claimed)))

        let answer = IdempotencyRecord.Answer(
            status: 201, headers: ["ETag": "\"1\"", "Content-Type": "application/json"], body: Array("{\"ä\":0}".utf8))
        try await fixture.store.write { try $0.keepAnswer(answer, of: key) }
        #expect(try await fixture.store.read { try $0.idempotencyRecord(key)?.answer } == answer)
        guard case .failure(let repeated) = try await add(key, on: fixture) else {
            Issue.record("carried out twice")
            return
        }
        #expect(repeated.record.answer == answer)
        #expect(try await contacts(fixture) == 1)

        let withheld = IdempotencyRecord.Answer(status: 201, headers: [:], body: nil)
        try await fixture.store.write { try $0.keepAnswer(withheld, of: key) }
        #expect(try await fixture.store.read { try $0.idempotencyRecord(key)?.answer } == withheld)
    }

    @Test(arguments: TestDatabase.all)
    func aKeyIsOfAWorkspaceACallerAndARoute(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (_, visitor) = try await fixture.visitor()
        let (_, other) = try await fixture.visitor()
        var ofKey = fixture.admin
        guard case .staff(var staff) = ofKey.principal else { return }
        staff.credential = .apiKey(Identifier(7))
        ofKey.principal = .staff(staff)
        var elsewhere = fixture.admin
        elsewhere.workspaceId = Identifier(999)
        let keys = [
            IdempotencyKey("same", of: "POST /a", by: fixture.admin),
            IdempotencyKey("Same", of: "POST /a", by: fixture.admin),
            IdempotencyKey("same", of: "POST /b", by: fixture.admin),
            IdempotencyKey("same", of: "POST /a", by: ofKey),
            IdempotencyKey("same", of: "POST /a", by: visitor),
            IdempotencyKey("same", of: "POST /a", by: other),
            IdempotencyKey("same", of: "POST /a", by: elsewhere),
        ]
        #expect(Set(keys).count == keys.count)
        for key in keys { _ = try await add(key, on: fixture).get() }
        for key in keys {
            guard case .failure = try await add(key, on: fixture) else {
                Issue.record("\(key) was carried out twice")
                continue
            }
        }
        // Another sign-in of the same user is the same caller.
        staff.credential = .login(Identifier(2))
        ofKey.principal = .staff(staff)
        #expect(IdempotencyKey("same", of: "POST /a", by: ofKey) == keys[0])
    }

    @Test(arguments: TestDatabase.all) func aRefusedCommandLeavesTheKeyFree(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let key = key("k", fixture)
        let claim = IdempotencyClaim(key, requestDigest: [1])
        await #expect(throws: Refusal.forbidden) {
            try await IdempotencyClaim.$current.withValue(claim) {
                try await fixture.store.write { _ in throw Refusal.forbidden }
            }
        }
        #expect(try await fixture.store.read { try $0.idempotencyRecord(key) } == nil)
        // The same request may come to another command after all.
        try await IdempotencyClaim.$current.withValue(claim) {
            try await fixture.store.write { _ in }
            // A second command of the same request goes along.
            try await fixture.store.write { _ in }
        }
        #expect(claim.close())
        #expect(try await fixture.store.read { try $0.idempotencyRecord(key) } != nil)
    }

    @Test(arguments: TestDatabase.all)
    func whatTasksOfAHandledRequestStillWriteIsNotItsCommand(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let key = key("k", fixture)
        let claim = IdempotencyClaim(key, requestDigest: [1])
        #expect(!claim.close())
        try await IdempotencyClaim.$current.withValue(claim) { try await fixture.store.write { _ in } }
        #expect(try await fixture.store.read { try $0.idempotencyRecord(key) } == nil)
    }

    @Test(arguments: TestDatabase.all)
    func aCommitThatFailsIsNotHeld(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let key = key("k", fixture)
        fixture.driver.failCommits(with: .unavailable("broken"))
        await #expect(throws: StorageFailure.self) { try await add(key, on: fixture) }
        fixture.driver.failCommits(with: nil)
        #expect(try await fixture.store.read { try $0.idempotencyRecord(key) } == nil)
        _ = try await add(key, on: fixture).get()
        #expect(try await contacts(fixture) == 1)
    }

    @Test(arguments: TestDatabase.all) func aKeyIsForgottenAfterADay(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let key = key("k", fixture)
        _ = try await add(key, digest: [1], on: fixture).get()
        try await fixture.store.write {
            try $0.keepAnswer(IdempotencyRecord.Answer(status: 201, headers: [:], body: [1]), of: key)
        }
        fixture.clock.advance(seconds: 86_399)
        #expect(try await fixture.store.read { try $0.idempotencyRecord(key) } != nil)
        guard case .failure = try await add(key, on: fixture) else {
            Issue.record("forgotten too early")
            return
        }
        fixture.clock.advance(seconds: 1)
        #expect(try await fixture.store.read { try $0.idempotencyRecord(key) } == nil)
        _ = try await add(key, digest: [2], on: fixture).get()
        let record = try #require(try await fixture.store.read { try $0.idempotencyRecord(key) })
        #expect(record == IdempotencyRecord(requestDigest: [2], claimedAt: fixture.clock.now(), answer: nil))
        #expect(try await contacts(fixture) == 2)
    }

    @Test(arguments: TestDatabase.all) func forgottenKeysAreSweptInParts(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        for number in 0..<5 {
            _ = try await add(key("old \(number)", fixture), on: fixture).get()
            fixture.clock.advance(milliseconds: 1)
        }
        fixture.clock.advance(seconds: 86_399)
        _ = try await add(key("new", fixture), on: fixture).get()
        #expect(try await fixture.store.write { try $0.sweepIdempotencyKeys(limit: 2) } == 0)
        fixture.clock.advance(seconds: 1)
        #expect(try await fixture.store.read { try $0.hasSweepWork() })
        #expect(try await fixture.store.write { try $0.sweepIdempotencyKeys(limit: 2) } == 2)
        #expect(try await fixture.store.write { try $0.sweepIdempotencyKeys(limit: 2) } == 2)
        #expect(try await fixture.store.write { try $0.sweepIdempotencyKeys(limit: 2) } == 1)
        #expect(try await fixture.store.write { try $0.sweepIdempotencyKeys(limit: 2) } == 0)
        #expect(try await !fixture.store.read { try $0.hasSweepWork() })
        let new = key("new", fixture)
        #expect(try await fixture.store.read { try $0.idempotencyRecord(new) } != nil)
    }

    @Test(arguments: TestDatabase.all)
    func aRequestThatComesManyTimesAtOnceIsCarriedOutOnce(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let key = key("k", fixture)
        let done = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 {
                group.addTask { if case .success = try await add(key, on: fixture) { true } else { false } }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(done == 1)
        #expect(try await contacts(fixture) == 1)
    }

    /// On connections of their own: the second waits for the first one's row, committed or not.
    @Test(.enabled(if: MySQLTestServer.isThere)) func ofManyNodesOneCarriesItOut() async throws {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let first = try await StoreFixture(on: scope.driver(on: address))
        let nodes = [first] + (1...3).map { StoreFixture(besides: first, on: scope.driver(on: address), number: $0) }
        let keys = (0..<20).map { key("k\($0)", first) }
        let done = try await withThrowingTaskGroup(of: IdempotencyKey?.self) { group in
            for (number, node) in nodes.enumerated() {
                // In different orders, so that batches meet each other's rows in a circle.
                for key in number.isMultiple(of: 2) ? keys : keys.reversed() {
                    group.addTask { if case .success = try await add(key, on: node) { key } else { nil } }
                }
            }
            return try await group.reduce(into: [IdempotencyKey?]()) { $0.append($1) }
        }.compactMap { $0 }
        #expect(done.count == keys.count)
        #expect(Set(done) == Set(keys))
        #expect(try await contacts(first) == keys.count)
    }
}
