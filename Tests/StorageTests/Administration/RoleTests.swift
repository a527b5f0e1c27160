import Domain
import Storage
import Testing

@Suite(.databases) struct RoleTests {
    @Test(arguments: TestDatabase.all)
    func aRoleIsMadeGivenChangedAndDeleted(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let role = try await fixture.role("Support lead", "conversations:read:team", "contacts:read")
        let id = try #require(role.id)
        let bo = try await fixture.member("bo", role)
        #expect(bo.staff?.grants == role.grants)
        let other = try await fixture.member("ann")
        fixture.clock.advance(seconds: 1)
        let grants = Grants([Permission(.conversationsRead), Permission(.usersRead)])
        let changed = try await store.write {
            try $0.updateRole(id, RolePatch(name: "Chief", grants: grants), by: admin)
        }
        #expect(changed.users == 1 && changed.role.name == "Chief" && changed.role.updatedAt == fixture.clock.now())
        // Everybody who has it, and nobody else.
        #expect(fixture.commits.changedAccess.last == ChangedAccess(userId: bo.userId, version: 2))
        #expect(!fixture.commits.changedUsers.contains(other.userId))
        let user = try #require(try await store.read { try $0.user(bo.userId) })
        #expect(user.role.grants == grants && user.role.name == "Chief" && user.accessVersion == 2)
        #expect(try await store.read { try $0.endedAccess(since: fixture.clock.now()).users }.count == 1)
        let unchanged = try await store.write { try $0.updateRole(id, RolePatch(name: "Chief"), by: admin) }
        #expect(unchanged.users == 1 && unchanged.role.updatedAt == changed.role.updatedAt)
        await #expect(throws: Refusal.conflict("users have this role: give them another one first")) {
            try await store.write { try $0.deleteRole(id, by: admin) }
        }
        try await store.write { try $0.deleteUser(bo.userId, by: admin) }
        try await store.write { try $0.deleteRole(id, by: admin) }
        await #expect(throws: Refusal.notFound) { try await store.read { try $0.role(id, by: admin) } }
        let log = try await fixture.auditLog()
        #expect(log.map(\.action) == [.roleDeleted, .userDeleted, .roleUpdated, .roleCreated])
        #expect(
            log[2].before == ["name": "Support lead", "permissions": ["contacts:read", "conversations:read:team"]])
        #expect(log[2].after == ["name": "Chief", "permissions": ["conversations:read", "users:read"]])
    }

    @Test(arguments: TestDatabase.all)
    func namesAreToldApartByPeople(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let lead = try await fixture.role("Lead", "contacts:read")
        for name in ["Lead", "lead", " LEAD ", "Le\u{61}d"] {
            await #expect(throws: Refusal.conflict("another role has this name"), "\(name)") {
                try await fixture.role(name, [])
            }
        }
        for name in ["admin", "Admin", " agent", "CUSTOMER"] {
            await #expect(throws: Refusal.self, "\(name)") { try await fixture.role(name, []) }
        }
        let second = try await fixture.role("Second", [])
        for name in ["lead ", "Supervisor"] {
            await #expect(throws: Refusal.self, "\(name)") {
                try await fixture.store.write {
                    try $0.updateRole(second.id ?? Identifier(0), RolePatch(name: name), by: fixture.admin)
                }
            }
        }
        // One's own name in another form is free.
        let renamed = try await fixture.store.write {
            try $0.updateRole(lead.id ?? Identifier(0), RolePatch(name: "LEAD"), by: fixture.admin)
        }
        #expect(renamed.role.name == "LEAD")
    }

    @Test(arguments: TestDatabase.all)
    func rolesAreListedInPagesWithHowManyHaveThem(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        for index in 0..<3 { _ = try await fixture.role("role \(index)", []) }
        let role = try await store.read { try $0.role(named: "role 1", in: admin.workspaceId) }
        _ = try await fixture.member("bo", try #require(role))
        var (seen, position): ([String], KeysetPosition?) = ([], nil)
        repeat {
            let after = position
            let page = try await store.read { try $0.roles(after: after, limit: 3, by: admin) }
            seen += page.items.map { "\($0.role.name): \($0.users)" }
            position = page.next
        } while position != nil
        #expect(
            seen == [
                "admin: 1", "supervisor: 0", "agent: 0", "customer: 0", "role 0: 0", "role 1: 1", "role 2: 0",
            ])
    }

    @Test(arguments: TestDatabase.all)
    func aRoleThatAnInvitationPromisesStays(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let role = try await fixture.role("Guest", [])
        let (id, now) = (try #require(role.id), fixture.clock.now())
        let workspace = fixture.workspace.id.rawValue
        try await fixture.driver.commit {
            try $0.run(
                """
                INSERT INTO invitations (id, workspace_id, role, digest, created_at, expires_at) \
                VALUES (1, ?, 'Guest', ?, ?, ?)
                """,
                [
                    .integer(workspace), .blob([1]), .integer(now.milliseconds),
                    .integer(now.adding(seconds: 60).milliseconds),
                ])
        }
        let promised = Refusal.conflict("an open invitation is for this role: delete it first")
        await #expect(throws: promised) {
            try await fixture.store.write { try $0.deleteRole(id, by: fixture.admin) }
        }
        fixture.clock.advance(seconds: 61)
        try await fixture.store.write { try $0.deleteRole(id, by: fixture.admin) }
    }

    @Test(arguments: TestDatabase.all)
    func rolesAreLimited(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        for index in 0..<Transaction.maximumRoles { _ = try await fixture.role("role \(index)", []) }
        await #expect(throws: Refusal.self) { try await fixture.role("one more", []) }
    }
}
