import Domain
import Storage
import Testing

@Suite(.databases) struct UserAdministrationTests {
    @Test(arguments: TestDatabase.all)
    func aUserIsMadeFoundAndChanged(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let made = try await store.write {
            try $0.addUser(
                UserDraft(
                    email: "Lin@Example.com", name: "Lin_Wei", passwordHash: "hash", role: "agent", locale: "zh-CN"),
                by: admin)
        }
        #expect(made.role == .agent && made.status == .active && made.locale == "zh-CN")
        await #expect(throws: Refusal.emailTaken) {
            try await store.write {
                try $0.addUser(
                    UserDraft(email: "lin@EXAMPLE.com", name: "L", passwordHash: "x", role: "agent"), by: admin)
            }
        }
        func found(_ edit: @Sendable (inout UserFilter) -> Void) async throws -> [String] {
            var filter = UserFilter()
            edit(&filter)
            let wanted = filter
            return try await store.read { try $0.users(wanted, after: nil, limit: 10, by: admin).items.map(\.name) }
        }
        #expect(try await found { _ in } == ["Lin_Wei", "Ada"])
        #expect(try await found { $0.role = "agent" } == ["Lin_Wei"])
        #expect(try await found { $0.text = "n_w" } == ["Lin_Wei"])
        #expect(try await found { $0.text = "LIN@" } == ["Lin_Wei"])
        #expect(try await found { $0.text = "%" }.isEmpty)
        #expect(try await found { $0.status = .suspended }.isEmpty)
        let changed = try await fixture.change(made.id, by: admin) {
            $0.name = "Lin"
            $0.email = "wei@example.com"
            $0.locale = .some(nil)
        }
        #expect(changed.name == "Lin" && changed.email == "wei@example.com" && changed.locale == nil)
        #expect(changed.accessVersion == made.accessVersion)
        await #expect(throws: Refusal.emailTaken) {
            try await fixture.change(made.id, by: admin) { $0.email = "ADMIN@example.com" }
        }
        let log = try await fixture.auditLog()
        #expect(log.map(\.action) == [.userUpdated, .userCreated])
        #expect(log[0].before == ["email": "Lin@Example.com", "name": "Lin_Wei", "locale": "zh-CN"])
        #expect(log[0].after == ["email": "wei@example.com", "name": "Lin", "locale": nil])
        #expect(log[0].target == .user(made.id) && log[0].actor.id == admin.userId.rawValue)
    }

    @Test(arguments: TestDatabase.all)
    func usersComeInPages(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        for index in 0..<5 { _ = try await fixture.member("user\(index)") }
        let (store, admin) = (fixture.store, fixture.admin)
        var (names, position): ([String], KeysetPosition?) = ([], nil)
        repeat {
            let after = position
            let page = try await store.read { try $0.users(UserFilter(), after: after, limit: 2, by: admin) }
            names += page.items.map(\.name)
            position = page.next
        } while position != nil
        #expect(names == ["user4", "user3", "user2", "user1", "user0", "Ada"])
    }

    @Test(arguments: TestDatabase.all)
    func whoIsSuspendedIsOutAtOnceAndLeavesNobodyWaiting(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let agent = try await fixture.member("bo")
        let (session, _) = try await fixture.visitor()
        let id = session.conversationId
        _ = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .agent(agent.userId), reason: nil, by: agent)
        }
        let suspended = try await fixture.change(agent.userId, by: fixture.admin) { $0.status = .suspended }
        #expect(suspended.status == .suspended && suspended.accessVersion == 2)
        #expect(fixture.commits.changedUsers.contains(agent.userId))
        #expect(fixture.commits.endedLogins == [agent.staff?.loginId].compactMap { $0 })
        let conversation = try await fixture.store.read { try $0.conversation(id, by: fixture.admin) }
        #expect(conversation.owner.kind == .none)
        #expect(try await fixture.store.read { try $0.hasEnded(agent) })
        // The sign-ins of before do not come back.
        try await fixture.change(agent.userId, by: fixture.admin) { $0.status = .active }
        #expect(try await fixture.store.read { try $0.hasEnded(agent) })
        #expect(try await fixture.signedIn(agent.userId).staff?.accessVersion == 3)
    }

    @Test(arguments: TestDatabase.all)
    func whoIsDeletedLeavesTheNameAndFreesTheAddress(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let agent = try await fixture.member("bo")
        let (session, _) = try await fixture.visitor()
        _ = try await store.write {
            try $0.switchOwner(of: session.conversationId, to: .agent(agent.userId), reason: nil, by: agent)
        }
        _ = try await fixture.send("I am Bo", to: session.conversationId, by: agent)
        let team = try await store.write { try $0.createTeam(name: "T", members: [agent.userId], by: admin) }
        try await store.write { try $0.deleteUser(agent.userId, by: admin) }
        #expect(try await store.read { try $0.user(agent.userId) } == nil)
        await #expect(throws: Refusal.notFound) { try await store.read { try $0.user(agent.userId, by: admin) } }
        await #expect(throws: Refusal.notFound) { try await store.write { try $0.deleteUser(agent.userId, by: admin) } }
        #expect(try await store.read { try $0.team(team.id, by: admin).members }.isEmpty)
        #expect(try await store.read { try $0.hasEnded(agent) })
        let conversation = try await store.read { try $0.conversation(session.conversationId, by: admin) }
        #expect(conversation.owner.kind == .none)
        let said = try await store.read {
            try $0.messages(of: session.conversationId, SeqPage(.after(0)), by: admin).items
        }
        #expect(said.last?.sender.name == "bo")
        // Twice, so that two deleted ones are beside each other.
        let again = try await fixture.member("bo")
        try await store.write { try $0.deleteUser(again.userId, by: admin) }
        _ = try await fixture.member("bo")
        let line = try #require(try await fixture.auditLog().first)
        #expect(line.action == .userDeleted && line.before["email"] == "bo@example.com" && line.after == .null)
    }

    @Test(arguments: TestDatabase.all)
    func aNewPasswordEndsEverySignIn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let agent = try await fixture.member("bo")
        let second = try await fixture.signedIn(agent.userId)
        func logins() async throws -> Int {
            try await store.read {
                try $0.logins(of: agent.userId, in: admin.workspaceId, after: nil, limit: 10).items.count
            }
        }
        #expect(try await logins() == 2)
        let loginId = try #require(second.staff?.loginId)
        try await store.write { try $0.endLogin(loginId, of: agent.userId, by: admin) }
        #expect(try await logins() == 1)
        await #expect(throws: Refusal.notFound) {
            try await store.write { try $0.endLogin(loginId, of: agent.userId, by: admin) }
        }
        _ = try await fixture.signedIn(agent.userId)
        try await store.write { try $0.endLogins(of: agent.userId, by: admin) }
        #expect(try await logins() == 0)
        _ = try await fixture.signedIn(agent.userId)
        try await store.write { try $0.resetPassword(of: agent.userId, hash: "new", by: admin) }
        #expect(try await logins() == 0)
        #expect(
            try await fixture.auditLog().map(\.action) == [.passwordChanged, .loginEnded, .loginEnded])
    }

    @Test(arguments: TestDatabase.all)
    func aRegisteredCustomerWhoIsSuspendedLosesLiveVisits(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let customer = try await fixture.member("kim", .customer)
        let (session, _) = try await fixture.visitor()
        try await fixture.driver.commit {
            try $0.run(
                "UPDATE users SET contact_id = ? WHERE id = ?",
                [.integer(session.contactId.rawValue), .integer(customer.userId.rawValue)])
        }
        try await fixture.change(customer.userId, by: fixture.admin) { $0.status = .suspended }
        #expect(fixture.commits.endedSessions == [session.id])
        #expect(try await fixture.store.read { try $0.session(session.id)?.status } == .closed)
    }

    @Test(arguments: TestDatabase.all)
    func manyConversationsAreGivenBackInSeveralSteps(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let agent = try await fixture.member("bo")
        let (session, _) = try await fixture.visitor()
        let admin = fixture.admin
        for _ in 0...Transaction.releaseLimit {
            _ = try await fixture.store.write { transaction in
                let made = try transaction.openConversation(
                    with: session.contactId, inboxId: nil, subject: nil, priority: .normal, message: nil, by: admin)
                return try transaction.switchOwner(of: made.id, to: .agent(agent.userId), reason: nil, by: admin)
            }
        }
        await #expect(throws: Refusal.forbidden) {
            try await fixture.store.releaseAhead(.agent(agent.userId), by: admin) { _ in throw Refusal.forbidden }
        }
        func owned() async throws -> Int64? {
            try await fixture.driver.number("SELECT count(*) FROM conversations WHERE owner_kind = 'agent'")
        }
        #expect(try await owned() == Int64(Transaction.releaseLimit) + 1)
        try await fixture.store.releaseAhead(.agent(agent.userId), by: admin) { _ in }
        #expect(try await owned() == 0)
        try await fixture.change(agent.userId, by: admin) { $0.status = .suspended }
    }
}
