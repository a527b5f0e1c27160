import Domain
import Storage
import Testing

@Suite(.databases) struct SessionTests {
    @Test(arguments: TestDatabase.all)
    func aTicketOpensOnceAndNotLate(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let digest = StoreFixture.bytes()
        let (session, _) = try await fixture.visitor(ticket: digest)
        let first = try await fixture.store.write { try $0.redeemTicket(digest)?.0 }
        #expect(first == .session(session.id))
        #expect(try await fixture.store.write { try $0.redeemTicket(digest)?.0 } == nil)
        let late = StoreFixture.bytes()
        let workspaceId = fixture.workspace.id
        try await fixture.store.write { try $0.issueTicket(late, to: .session(session.id), in: workspaceId) }
        fixture.clock.advance(seconds: 60)
        #expect(try await fixture.store.write { try $0.redeemTicket(late)?.0 } == nil)
    }

    @Test(arguments: TestDatabase.all)
    func aTicketThatManyBringAtOnceOpensOne(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let digest = StoreFixture.bytes()
        _ = try await fixture.visitor(ticket: digest)
        let opened = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask { (try? await fixture.store.write { try $0.redeemTicket(digest) != nil }) ?? false }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(opened == 1)
    }

    @Test(arguments: TestDatabase.all)
    func sessionsGoIdleComeBackExpireAndStayOver(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database, lifetime: .init(idleSeconds: 10, expirySeconds: 100))
        let (session, visitor) = try await fixture.visitor()
        func status() async throws -> ChatSession.Status? {
            try await fixture.store.read { try $0.session(session.id)?.status }
        }
        fixture.clock.advance(seconds: 10)
        #expect(try await status() == .idle, "also before a sweep has come by")
        _ = try await fixture.store.write { try $0.sweepSessions(limit: 100) }
        #expect(try await status() == .idle)
        _ = try await fixture.send("back", to: session.conversationId, by: visitor)
        #expect(try await status() == .active)
        fixture.clock.advance(seconds: 99)
        #expect(try await status() == .idle)
        fixture.clock.advance(seconds: 1)
        #expect(try await status() == .expired)
        await #expect(throws: Refusal.sessionOver) {
            try await fixture.send("late", to: session.conversationId, by: visitor)
        }
        _ = try await fixture.store.write { try $0.sweepSessions(limit: 100) }
        #expect(fixture.commits.endedSessions == [session.id])
    }

    @Test(arguments: TestDatabase.all)
    func aClosedSessionIsOverAtOnce(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        try await fixture.store.write { try $0.closeSession(session.id, by: visitor) }
        #expect(fixture.commits.endedSessions == [session.id])
        await #expect(throws: Refusal.sessionOver) {
            try await fixture.send("x", to: session.conversationId, by: visitor)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aClaimAttachesToNobodyAndAProofToItsContact(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let workspaceId = fixture.workspace.id
        let inboxId = fixture.inbox.id
        func open(
            _ visitor: SessionRequest.Visitor, email: String? = nil, externalId: String? = nil
        ) async throws -> Contact {
            let request = SessionRequest(
                inboxId: inboxId, visitor: visitor, email: email, externalId: externalId,
                ticketDigest: StoreFixture.bytes())
            let session = try await fixture.store.write { try $0.openSession(request, in: workspaceId) }
            return try await fixture.store.read { try $0.contact(session.contactId, by: fixture.admin) }
        }
        let known = try await open(.proven(externalId: "42", email: "eve@example.com", name: "Eve"))
        let claimant = try await open(.stranger, email: "eve@example.com", externalId: "42")
        #expect(claimant.id != known.id && claimant.email == nil && claimant.externalId == nil)
        #expect(claimant.claimedEmail == "eve@example.com" && claimant.claimedExternalId == "42")
        #expect(try await open(.proven(externalId: "42", email: nil, name: nil)).id == known.id)
    }

    @Test(arguments: TestDatabase.all)
    func aRefreshTokenWorksOnceAndItsReuseEndsTheSignIn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        guard let staff = fixture.admin.staff else { return }
        let (first, second, third) = (StoreFixture.bytes(), StoreFixture.bytes(), StoreFixture.bytes())
        let unused = StoreFixture.bytes()
        let (_, login) = try await fixture.store.write { try $0.beginLogin(of: staff.userId, refreshDigest: first) }
        for (token, next) in [(first, second), (second, third)] {
            guard case .rotated = try await fixture.store.write(run: { try $0.rotateRefreshToken(token, to: next) })
            else {
                Issue.record("the first use must rotate")
                return
            }
        }
        #expect(try await fixture.store.write { try $0.rotateRefreshToken(first, to: unused) } == .reused)
        #expect(try await fixture.store.write { try $0.rotateRefreshToken(third, to: unused) } == .refused)
        #expect(fixture.commits.endedLogins == [login.id])
    }
}
