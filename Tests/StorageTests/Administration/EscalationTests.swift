import Domain
import Storage
import Testing

/// Nobody comes by rights that nobody gave them, and somebody can always give them.
@Suite(.databases) struct EscalationTests {
    @Test(arguments: TestDatabase.all)
    func nobodyHandlesWhoeverMayDoMore(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let store = fixture.store
        let role = try await fixture.role(
            "hr", "users:read", "users:write", "roles:read", "roles:write", "contacts:read")
        let hr = try await fixture.member("hr", role)
        let boss = fixture.admin.userId
        let bossLogin = try await fixture.signedIn(boss).staff?.loginId ?? Identifier(0)
        let attempts: [@Sendable (Transaction) throws -> Void] = [
            { _ = try $0.updateUser(boss, UserPatch.renaming, by: hr) },
            { try $0.deleteUser(boss, by: hr) },
            { try $0.resetPassword(of: boss, hash: "mine", by: hr) },
            { try $0.endLogin(bossLogin, of: boss, by: hr) },
            { try $0.endLogins(of: boss, by: hr) },
            {
                _ = try $0.addUser(
                    UserDraft(email: "x@example.com", name: "X", passwordHash: "x", role: "admin"), by: hr)
            },
            {
                _ = try $0.addUser(
                    UserDraft(email: "x@example.com", name: "X", passwordHash: "x", role: "agent"), by: hr)
            },
            { _ = try $0.createRole(name: "more", grants: Grants([Permission(.auditRead)]), by: hr) },
            { _ = try $0.createRole(name: "more", grants: .all, by: hr) },
            { _ = try $0.updateRole(role.id ?? Identifier(0), RolePatch(grants: .all), by: hr) },
            { _ = try $0.createTeam(name: "T", members: [], by: hr) },
        ]
        for attempt in attempts {
            await #expect(throws: Refusal.forbidden) { try await store.write { try attempt($0) } }
        }
        // What goes in nothing beyond one's own rights is allowed.
        let small = try await store.write {
            try $0.createRole(name: "reader", grants: Grants([Permission(.contactsRead)]), by: hr)
        }
        let reader = try await store.write {
            try $0.addUser(
                UserDraft(email: "r@example.com", name: "R", passwordHash: "x", role: small.name), by: hr)
        }
        try await fixture.change(reader.id, by: hr) { $0.role = "customer" }
        await #expect(throws: Refusal.forbidden) {
            try await fixture.change(reader.id, by: hr) { $0.role = "supervisor" }
        }
    }

    @Test(arguments: TestDatabase.all)
    func aScopeIsARightToo(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let lead = try await fixture.member(
            "lead", try await fixture.role("lead", "roles:write", "conversations:read:team"))
        await #expect(throws: Refusal.forbidden) {
            try await fixture.store.write {
                try $0.createRole(name: "all", grants: Grants([Permission(.conversationsRead)]), by: lead)
            }
        }
        _ = try await fixture.store.write {
            try $0.createRole(name: "own", grants: Grants([Permission(.conversationsRead, .own)]), by: lead)
        }
    }

    @Test(arguments: TestDatabase.all)
    func whoHasMoreIsOutOfReachOfWhoHasLessEvenWithAKey(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let agent = try await fixture.member("bo")
        let staff = try #require(fixture.admin.staff)
        // A key of the admin's that may only handle users.
        let key = Access(
            workspaceId: fixture.workspace.id,
            principal: .staff(
                .init(
                    userId: staff.userId, name: staff.name, role: .admin, credential: .apiKey(Identifier(1)),
                    limit: Grants([Permission(.usersWrite)]))))
        await #expect(throws: Refusal.forbidden) { try await fixture.change(agent.userId, by: key) { $0.name = "B" } }
        let customer = try await fixture.member("kim", .customer)
        try await fixture.change(customer.userId, by: key) { $0.name = "K" }
    }

    @Test(arguments: TestDatabase.all)
    func nobodyChangesTheirOwnRights(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, try await fixture.member("second", .admin))
        let own = "nobody changes their own role or status"
        await #expect(throws: Refusal.conflict(own)) {
            try await fixture.change(admin.userId, by: admin) { $0.role = "agent" }
        }
        await #expect(throws: Refusal.conflict(own)) {
            try await fixture.change(admin.userId, by: admin) { $0.status = .suspended }
        }
        await #expect(throws: Refusal.conflict("nobody suspends or deletes themselves")) {
            try await store.write { try $0.deleteUser(admin.userId, by: admin) }
        }
        await #expect(throws: Refusal.conflict("one's own password is changed with the present one")) {
            try await store.write { try $0.resetPassword(of: admin.userId, hash: "x", by: admin) }
        }
        // What stays the same is no change.
        let same = try await fixture.change(admin.userId, by: admin) {
            $0.role = "admin"
            $0.status = .active
            $0.name = "Second"
        }
        #expect(same.accessVersion == 1 && same.name == "Second")
    }

    @Test(arguments: TestDatabase.all)
    func theLastAdminStays(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let all = Role(id: Identifier(7), name: "everything", grants: .all, updatedAt: fixture.clock.now())
        let twin = try await fixture.member("twin", try await fixture.role(all.name, all.permissions.map(\.text)))
        let last = Refusal.conflict("this is the last active admin")
        let admin = fixture.admin.userId
        await #expect(throws: last) { try await fixture.change(admin, by: twin) { $0.role = "agent" } }
        await #expect(throws: last) { try await fixture.change(admin, by: twin) { $0.status = .suspended } }
        await #expect(throws: last) { try await fixture.store.write { try $0.deleteUser(admin, by: twin) } }
        // A suspended admin is none.
        let second = try await fixture.member("second", .admin)
        try await fixture.change(second.userId, by: twin) { $0.status = .suspended }
        await #expect(throws: last) { try await fixture.change(admin, by: twin) { $0.role = "agent" } }
        try await fixture.change(second.userId, by: twin) { $0.status = .active }
        try await fixture.change(admin, by: twin) { $0.role = "agent" }
    }

    @Test(arguments: TestDatabase.all)
    func ofAdminsWhoThrowEachOtherOutOneStays(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        try await Self.everybodyAgainstEverybody([fixture], fixture)
    }

    @Test(.enabled(if: MySQLTestServer.isThere))
    func ofAdminsOnTwoNodesWhoThrowEachOtherOutOneStays() async throws {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let first = try await StoreFixture(on: scope.driver(on: address))
        let second = StoreFixture(besides: first, on: scope.driver(on: address), number: 1)
        for _ in 0..<5 { try await Self.everybodyAgainstEverybody([first, second], first) }
    }

    private static func everybodyAgainstEverybody(_ nodes: [StoreFixture], _ fixture: StoreFixture) async throws {
        var admins: [Access] = []
        for _ in 0..<6 { admins.append(try await fixture.member("admin\(UInt32.random(in: .min ... .max))", .admin)) }
        // Whoever was one before is none of them.
        let first = try #require(admins.first)
        let before = try await fixture.store.read { snapshot in
            var filter = UserFilter()
            filter.role = Role.admin.name
            return try snapshot.users(filter, after: nil, limit: 100, by: first).items.map(\.id)
        }
        for id in before where !admins.contains(where: { $0.userId == id }) {
            try await fixture.change(id, by: first) { $0.role = "agent" }
        }
        await withTaskGroup(of: Void.self) { group in
            for (number, admin) in admins.enumerated() {
                for other in admins where other.userId != admin.userId {
                    let node = nodes[number % nodes.count]
                    group.addTask {
                        _ = try? await node.change(other.userId, by: admin) { $0.role = "agent" }
                    }
                }
            }
        }
        let left = try await fixture.driver.number(
            "SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active' AND deleted_at IS NULL")
        #expect(left == 1)
    }

    @Test(arguments: TestDatabase.all)
    func whoHasLostTheRightMeanwhileChangesNothing(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let second = try await fixture.member("second", .admin)
        let agent = try await fixture.member("bo")
        try await fixture.change(second.userId, by: fixture.admin) { $0.role = "agent" }
        // The access is from before, as of a request that waited for its turn.
        await #expect(throws: Refusal.forbidden) {
            try await fixture.change(agent.userId, by: second) { $0.name = "B" }
        }
    }

    @Test(arguments: TestDatabase.all)
    func anotherWorkspacesUsersAreNotThere(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let agent = try await fixture.member("bo")
        let (other, _) = try await fixture.store.write {
            try $0.createWorkspace(slug: "other", name: "Other", inboxKey: "k2", inboxSecret: [1])
        }
        let stranger = Access.server(of: other.id)
        await #expect(throws: Refusal.notFound) {
            try await fixture.change(agent.userId, by: stranger) { $0.name = "B" }
        }
        let role = try await fixture.role("own", "contacts:read")
        let team = try await fixture.store.write { try $0.createTeam(name: "T", members: [], by: fixture.admin) }
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.write { try $0.deleteRole(role.id ?? Identifier(0), by: stranger) }
        }
        await #expect(throws: Refusal.notFound) {
            try await fixture.store.write { try $0.addMember(agent.userId, to: team.id, by: stranger) }
        }
        await #expect(throws: Refusal.self) {
            try await fixture.store.write { try $0.createTeam(name: "T", members: [agent.userId], by: stranger) }
        }
        let users = try await fixture.store.read {
            try $0.users(UserFilter(), after: nil, limit: 9, by: stranger).items
        }
        let lines = try await fixture.store.read {
            try $0.auditLog(AuditFilter(), after: nil, limit: 9, by: stranger).items
        }
        #expect(users.isEmpty && lines.isEmpty)
    }
}

extension UserPatch {
    fileprivate static var renaming: UserPatch {
        var patch = UserPatch()
        patch.name = "Renamed"
        return patch
    }
}
