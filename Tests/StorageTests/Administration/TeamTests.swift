import Domain
import Storage
import Testing

@Suite(.databases) struct TeamTests {
    @Test(arguments: TestDatabase.all)
    func aTeamIsMadeChangedAndDeleted(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let (bo, ann) = (try await fixture.member("bo"), try await fixture.member("ann"))
        let team = try await store.write {
            try $0.createTeam(name: "Night", members: [ann.userId, bo.userId, ann.userId], by: admin)
        }
        #expect(team.members == [bo.userId, ann.userId])
        #expect(Set(fixture.commits.changedUsers) == [bo.userId, ann.userId])
        // Nobody's tokens end with it.
        #expect(fixture.commits.changedAccess.allSatisfy { $0.version == 1 })
        let (day, night) = (TeamPatch(name: "Day", members: [ann.userId]), team.id)
        let changed = try await store.write { try $0.updateTeam(night, day, by: admin) }
        #expect(changed.name == "Day" && changed.members == [ann.userId])
        // Who leaves is told as well as who stays.
        #expect(fixture.commits.changedUsers.count == 4)
        let added = try await store.write { try $0.addMember(bo.userId, to: night, by: admin) }
        #expect(added.members == [bo.userId, ann.userId])
        #expect(try await store.write { try $0.addMember(bo.userId, to: night, by: admin) } == added)
        try await store.write { try $0.removeMember(bo.userId, from: night, by: admin) }
        await #expect(throws: Refusal.notFound) {
            try await store.write { try $0.removeMember(bo.userId, from: night, by: admin) }
        }
        #expect(try await store.read { try $0.team(night, by: admin).members } == [ann.userId])
        await #expect(throws: Refusal.conflict("another team has this name")) {
            try await store.write { try $0.createTeam(name: "Day", members: [], by: admin) }
        }
        try await store.write { try $0.deleteTeam(night, by: admin) }
        await #expect(throws: Refusal.notFound) { try await store.read { try $0.team(night, by: admin) } }
        let log = try await fixture.auditLog()
        #expect(
            log.map(\.action) == [.teamDeleted, .teamUpdated, .teamUpdated, .teamUpdated, .teamCreated])
        #expect(log[3].before == ["name": "Night", "members": ["bo@example.com", "ann@example.com"]])
        #expect(log[3].after == ["name": "Day", "members": ["ann@example.com"]])
    }

    @Test(arguments: TestDatabase.all)
    func membersAreActiveStaff(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let (bo, ann) = (try await fixture.member("bo"), try await fixture.member("ann"))
        let customer = try await fixture.member("kim", .customer)
        try await fixture.change(ann.userId, by: admin) { $0.status = .suspended }
        func problems(_ members: Access...) -> Refusal {
            .invalid(
                members.enumerated().filter { $1.userId != bo.userId }.map { index, _ in
                    FieldProblem(
                        field: "members[\(index)]", code: "not_found", message: "must be an active member of staff")
                })
        }
        await #expect(throws: problems(bo, customer, ann)) {
            try await store.write {
                try $0.createTeam(name: "T", members: [bo.userId, customer.userId, ann.userId], by: admin)
            }
        }
        let team = try await store.write { try $0.createTeam(name: "T", members: [bo.userId], by: admin) }
        for other in [customer, ann] {
            await #expect(throws: Refusal.notFound) {
                try await store.write { try $0.addMember(other.userId, to: team.id, by: admin) }
            }
        }
        // Who is suspended later stays a member, and may stand in the list that is sent back.
        try await fixture.change(bo.userId, by: admin) { $0.status = .suspended }
        let renamed = try await store.write {
            try $0.updateTeam(team.id, TeamPatch(name: "U", members: [bo.userId]), by: admin)
        }
        #expect(renamed.members == [bo.userId])
        // Who is no longer staff does not.
        try await fixture.change(bo.userId, by: admin) { $0.role = "customer" }
        #expect(try await store.read { try $0.team(team.id, by: admin).members }.isEmpty)
    }

    @Test(arguments: TestDatabase.all)
    func teamsAreListedWithTheirMembers(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let (bo, ann) = (try await fixture.member("bo"), try await fixture.member("ann"))
        for (name, members) in [("A", [bo.userId]), ("B", []), ("C", [bo.userId, ann.userId])] {
            _ = try await store.write { try $0.createTeam(name: name, members: members, by: admin) }
        }
        let first = try await store.read { try $0.teams(after: nil, limit: 2, by: admin) }
        let rest = try await store.read { try $0.teams(after: first.next, limit: 2, by: admin) }
        #expect(first.items.map(\.name) == ["C", "B"] && rest.items.map(\.name) == ["A"] && rest.next == nil)
        #expect((first.items + rest.items).map(\.members.count) == [2, 0, 1])
        var filter = UserFilter()
        filter.team = rest.items.first?.id
        let wanted = filter
        let members = try await store.read { try $0.users(wanted, after: nil, limit: 9, by: admin).items }
        #expect(members.map(\.id) == [bo.userId])
    }

    @Test(arguments: TestDatabase.all)
    func theConversationsOfADeletedTeamWaitInTheQueue(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let team = try await store.write { try $0.createTeam(name: "T", members: [], by: admin) }
        let (session, _) = try await fixture.visitor()
        _ = try await store.write {
            try $0.switchOwner(of: session.conversationId, to: .team(team.id), reason: nil, by: admin)
        }
        try await store.write { try $0.deleteTeam(team.id, by: admin) }
        let owner = try await store.read { try $0.conversation(session.conversationId, by: admin).owner }
        #expect(owner.kind == .none && owner.epoch == 3)
    }

    @Test(arguments: TestDatabase.all)
    func whomOneWorksWithFollowsTheTeam(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let role = try await fixture.role("lead", "conversations:read:team")
        let (lead, bo) = (try await fixture.member("lead", role), try await fixture.member("bo"))
        func reach() async throws -> Reach {
            try await store.read { snapshot in
                guard let user = try snapshot.user(lead.userId) else { return .alone }
                return try snapshot.reach(of: user)
            }
        }
        let team = try await store.write {
            try $0.createTeam(name: "T", members: [lead.userId, bo.userId], by: admin)
        }
        #expect(try await reach() == Reach(teams: [team.id], colleagues: [lead.userId, bo.userId]))
        try await store.write { try $0.removeMember(bo.userId, from: team.id, by: admin) }
        #expect(try await reach() == Reach(teams: [team.id], colleagues: [lead.userId]))
        try await store.write { try $0.deleteTeam(team.id, by: admin) }
        #expect(try await reach() == .alone)
    }
}
