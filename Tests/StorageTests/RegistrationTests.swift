import Domain
import Testing

@testable import Storage

@Suite(.databases) struct RegistrationTests {
    private func registration(
        _ email: String = "ann@example.com", _ invitation: [UInt8]? = nil
    ) -> Registration {
        Registration(
            email: email, name: "Ann", passwordHash: "hash", invitation: invitation,
            refreshDigest: StoreFixture.bytes(), origin: LoginOrigin(address: "192.0.2.7"))
    }

    private func register(_ fixture: StoreFixture, _ registration: Registration) async throws -> User {
        let workspaceId = fixture.workspace.id
        return try await fixture.store.write { try $0.register(registration, in: workspaceId).0 }
    }

    private func invite(
        _ fixture: StoreFixture, _ email: String? = nil, as role: String = "agent", by access: Access? = nil
    ) async throws -> [UInt8] {
        let (digest, access) = (StoreFixture.bytes(), access ?? fixture.admin)
        _ = try await fixture.store.write { try $0.invite(email, as: role, digest: digest, by: access) }
        return digest
    }

    @Test(arguments: TestDatabase.all)
    func whoRegistersIsACustomerAndSignedIn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let user = try await register(fixture, registration())
        #expect(user.role == .customer && user.lastLoginAt == fixture.clock.now() && user.contactId == nil)
        let newest = registration("ANN@example.com")
        await #expect(throws: Refusal.emailTaken) { try await self.register(fixture, newest) }
        #expect(try await fixture.audited().first == .userRegistered)
    }

    @Test(arguments: TestDatabase.all)
    func ofManyWhoRegisterOneAddressAtOnceOneDoes(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let made = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask { (try? await self.register(fixture, self.registration())) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(made == 1)
    }

    @Test(arguments: TestDatabase.all)
    func anInvitationGivesItsRoleOnce(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let digest = try await invite(fixture)
        let made = await withTaskGroup(of: User?.self) { group in
            for index in 0..<8 {
                group.addTask {
                    try? await self.register(fixture, self.registration("agent\(index)@example.com", digest))
                }
            }
            return await group.reduce(into: [User]()) { if let user = $1 { $0.append(user) } }
        }
        #expect(made.map(\.role) == [.agent])
        let admin = fixture.admin
        let invitations = try await fixture.store.read { try $0.invitations(after: nil, limit: 10, by: admin).items }
        #expect(invitations.map(\.usedAt) == [fixture.clock.now()])
    }

    @Test(arguments: TestDatabase.all)
    func anInvitationIsGoodForItsAddressForSevenDaysAndForItsWorkspace(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let refused = Refusal.invalid([Invitation.problem])
        let bound = try await invite(fixture, "Bea@example.com")
        await #expect(throws: refused) { try await self.register(fixture, self.registration("eve@example.com", bound)) }
        // A refused attempt uses nothing up, and neither does a taken e-mail.
        _ = try await register(fixture, registration("bea@EXAMPLE.com", bound))
        let open = try await invite(fixture)
        await #expect(throws: Refusal.emailTaken) {
            try await self.register(fixture, self.registration("bea@example.com", open))
        }
        _ = try await register(fixture, registration("cid@example.com", open))
        let late = try await invite(fixture)
        fixture.clock.advance(seconds: 7 * 86_400)
        await #expect(throws: refused) { try await self.register(fixture, self.registration("dan@example.com", late)) }
        await #expect(throws: refused) {
            try await self.register(fixture, self.registration("dan@example.com", StoreFixture.bytes()))
        }
        let other = try await fixture.store.write {
            try $0.createWorkspace(slug: "other", name: "Other", inboxKey: "other", inboxSecret: []).0.id
        }
        let here = try await invite(fixture)
        await #expect(throws: refused) {
            try await fixture.store.write { try $0.register(self.registration("dan@example.com", here), in: other) }
        }
    }

    @Test(arguments: TestDatabase.all)
    func nobodyInvitesToMoreThanTheyMay(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let limited = Access(
            workspaceId: fixture.workspace.id,
            principal: .staff(
                .init(
                    userId: try fixture.adminId, name: "Ada", role: .admin, credential: .login(Identifier(1)),
                    limit: Grants([Permission(.usersWrite)]))))
        for role in ["admin", "agent"] {
            await #expect(throws: Refusal.forbidden) { try await self.invite(fixture, as: role, by: limited) }
        }
        _ = try await invite(fixture, as: "customer", by: limited)
        await #expect(
            throws: Refusal.invalid([
                FieldProblem(field: "role", code: "unknown_role", message: "is not a role here")
            ])
        ) { try await self.invite(fixture, as: "no-such-role") }
        await #expect(throws: Refusal.emailTaken) { try await self.invite(fixture, "admin@example.com") }
    }

    // MARK: The contact of a customer

    @Test(arguments: TestDatabase.all)
    func aCustomerAlwaysWritesAsTheSameContact(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let user = try await register(fixture, registration())
        let (inboxId, workspaceId) = (fixture.inbox.id, fixture.workspace.id)
        let contacts = try await withThrowingTaskGroup(of: Identifier<Contact>.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let request = SessionRequest(
                        inboxId: inboxId, visitor: .customer(user.id), ticketDigest: StoreFixture.bytes())
                    return try await fixture.store.write { try $0.openSession(request, in: workspaceId).contactId }
                }
            }
            return try await group.reduce(into: Set<Identifier<Contact>>()) { $0.insert($1) }
        }
        let contactId = try #require(contacts.count == 1 ? contacts.first : nil)
        #expect(try await fixture.store.read { try $0.user(user.id)?.contactId } == contactId)
        let admin = fixture.admin
        let contact = try await fixture.store.read { try $0.contact(contactId, by: admin) }
        #expect(contact.name == "Ann" && contact.email == nil && contact.claimedEmail == "ann@example.com")
    }

    @Test(arguments: TestDatabase.all)
    func staffAndSuspendedCustomersHaveNone(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let user = try await register(fixture, registration())
        _ = try await fixture.store.write { try $0.changeAccess(of: user.id, status: .suspended) }
        let (inboxId, workspaceId) = (fixture.inbox.id, fixture.workspace.id)
        for id in [user.id, try fixture.adminId] {
            let request = SessionRequest(inboxId: inboxId, visitor: .customer(id), ticketDigest: StoreFixture.bytes())
            await #expect(throws: Refusal.forbidden) {
                try await fixture.store.write { try $0.openSession(request, in: workspaceId) }
            }
        }
    }
}
