import Domain
import Storage
import Testing

/// Conversations that are a team's, and what becomes of those of who goes away.
@Suite(.databases) struct TeamOwnerTests {
    private func team(_ name: String, _ fixture: StoreFixture, _ members: [Access] = []) async throws -> Team {
        try await fixture.store.write {
            try $0.createTeam(name: name, members: members.map(\.userId), by: fixture.admin)
        }
    }

    private func conversation(_ fixture: StoreFixture) async throws -> (Identifier<Conversation>, Access) {
        let (session, visitor) = try await fixture.visitor(name: "Zoe")
        _ = try await fixture.send("hello", to: session.conversationId, by: visitor)
        return (session.conversationId, visitor)
    }

    @Test(arguments: TestDatabase.all)
    func aTeamOwnsUntilOneOfItTakesOver(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let agent = try await fixture.member("bo")
        let team = try await team("Sales", fixture, [agent])
        let (id, visitor) = try await conversation(fixture)
        let given = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .team(team.id), reason: "theirs", by: fixture.admin)
        }
        #expect(given.owner == Owner(kind: .team, id: team.id.rawValue, name: "Sales", epoch: 2))
        #expect(try await fixture.store.read { try $0.conversation(id, by: visitor) }.owner.name == "Sales")
        guard case .conversationUpdated(let changes, let reason)? = try await fixture.events(of: id).last?.body else {
            return #expect(Bool(false))
        }
        #expect(changes.owner?.name == "Sales" && changes.previousOwner?.kind == .ai && reason == "theirs")
        #expect(changes.visibleToContact.previousOwner == nil)
        // As with the queue, a reply alone takes nothing over, and a contact's wish for a human throws nothing out.
        _ = try await fixture.send("Hello, Zoe", to: id, by: agent)
        let asked = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .anyHuman, reason: nil, by: visitor)
        }
        #expect(asked.owner.kind == .team && asked.owner.epoch == 2)
        await #expect(throws: Refusal.forbidden) {
            _ = try await fixture.store.write {
                try $0.switchOwner(of: id, to: .team(team.id), reason: nil, by: visitor)
            }
        }
        let taken = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .agent(agent.userId), expectedEpoch: 2, reason: nil, by: agent)
        }
        #expect(taken.owner.kind == .agent && taken.owner.name == "bo")
    }

    @Test(arguments: TestDatabase.all)
    func listsShowATeamsConversations(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (sales, service) = (try await team("Sales", fixture), try await team("Service", fixture))
        let (id, _) = try await conversation(fixture)
        _ = try await conversation(fixture)
        _ = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .team(sales.id), reason: nil, by: fixture.admin)
        }
        func listed(_ fill: (inout ConversationFilter) -> Void) async throws -> [Identifier<Conversation>] {
            var filter = ConversationFilter()
            fill(&filter)
            let wanted = filter
            return try await fixture.store.read {
                try $0.conversations(wanted, after: nil, limit: 10, by: fixture.admin).items.map(\.id)
            }
        }
        #expect(try await listed { $0.ownerKind = .team } == [id])
        #expect(try await listed { $0.teamId = sales.id } == [id])
        #expect(try await listed { $0.teamId = service.id }.isEmpty)
    }

    @Test(arguments: TestDatabase.all)
    func nobodyIsGivenAConversationWhoIsNotThere(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (id, _) = try await conversation(fixture)
        let agent = try await fixture.member("bo")
        let customer = try await fixture.member("cleo", .customer)
        let (other, _) = try await fixture.store.write {
            try $0.createWorkspace(slug: "other", name: "Other", inboxKey: "other", inboxSecret: [1])
        }
        let theirs = try await fixture.store.write {
            try $0.createTeam(name: "Theirs", members: [], by: .server(of: other.id))
        }
        try await fixture.change(agent.userId, by: fixture.admin) { $0.status = .suspended }
        let wrong: [(OwnerSwitch, String)] = [
            (.agent(agent.userId), "agent_id"), (.agent(customer.userId), "agent_id"),
            (.agent(Identifier(1)), "agent_id"), (.team(theirs.id), "team_id"), (.team(Identifier(1)), "team_id"),
        ]
        for (target, field) in wrong {
            do {
                _ = try await fixture.store.write {
                    try $0.switchOwner(of: id, to: target, reason: nil, by: fixture.admin)
                }
                Issue.record("\(target) was taken")
            } catch Refusal.invalid(let problems) {
                #expect(problems.map(\.field) == [field] && problems.map(\.code) == ["not_found"])
            }
        }
    }

    @Test(arguments: TestDatabase.all)
    func whoGoesAwayLeavesOpenConversationsInTheQueue(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let agent = try await fixture.member("bo")
        let team = try await team("Sales", fixture, [agent])
        var ids: [Identifier<Conversation>] = []
        let statuses: [Conversation.Status] = [.open, .pending, .resolved, .closed]
        for target in [OwnerSwitch.agent(agent.userId), .team(team.id)] {
            for status in statuses {
                let (id, _) = try await conversation(fixture)
                ids.append(id)
                _ = try await fixture.store.write { transaction in
                    _ = try transaction.switchOwner(of: id, to: target, reason: nil, by: fixture.admin)
                    var patch = ConversationPatch()
                    patch.status = status
                    return try transaction.update(id, patch, by: fixture.admin)
                }
            }
        }
        #expect(
            try await fixture.store.write { try $0.releaseConversations(ofAgent: agent.userId, by: fixture.admin) } == 2
        )
        #expect(try await fixture.store.write { try $0.releaseConversations(ofTeam: team.id, by: fixture.admin) } == 2)
        let all = ids
        let owners = try await fixture.store.read { snapshot in
            try all.map { try snapshot.conversation($0, by: fixture.admin).owner.kind }
        }
        #expect(owners == [.none, .none, .agent, .agent, .none, .none, .team, .team])
        for (id, reason) in [(all[0], "agent_unavailable"), (all[4], "team_deleted")] {
            let last = try #require(try await fixture.events(of: id).last)
            guard case .conversationUpdated(let changes, reason)? = Optional(last.body) else {
                Issue.record("\(last.body)")
                continue
            }
            #expect(changes.owner?.kind == Owner.Kind.none && last.actor.id == fixture.admin.userId.rawValue)
        }
    }

    @Test(arguments: TestDatabase.all)
    func whatIsOpenedAgainDoesNotWaitForWhoIsGone(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (agent, staying) = (try await fixture.member("bo"), try await fixture.member("cy"))
        let team = try await team("Sales", fixture)
        var visits: [(Identifier<Conversation>, Access)] = []
        for target in [OwnerSwitch.agent(agent.userId), .team(team.id), .agent(staying.userId), .agent(agent.userId)] {
            let (id, visitor) = try await conversation(fixture)
            visits.append((id, visitor))
            _ = try await fixture.store.write { transaction in
                _ = try transaction.switchOwner(of: id, to: target, reason: nil, by: fixture.admin)
                var patch = ConversationPatch()
                patch.status = .resolved
                return try transaction.update(id, patch, by: fixture.admin)
            }
        }
        try await fixture.change(agent.userId, by: fixture.admin) { $0.status = .suspended }
        try await fixture.store.write { try $0.deleteTeam(team.id, by: fixture.admin) }
        for (id, visitor) in visits.prefix(3) { _ = try await fixture.send("one more thing", to: id, by: visitor) }
        let last = visits[3].0
        _ = try await fixture.store.write { transaction in
            var patch = ConversationPatch()
            patch.status = .open
            return try transaction.update(last, patch, by: fixture.admin)
        }
        let ids = visits.map(\.0)
        let owners = try await fixture.store.read { snapshot in
            try ids.map { try snapshot.conversation($0, by: fixture.admin).owner.kind }
        }
        #expect(owners == [.none, .none, .agent, .none])
    }

    /// Whoever gives a conversation away is told how it then is, also when it is gone for them.
    @Test(arguments: TestDatabase.all)
    func whoeverActsIsAnsweredAlsoWhenItTakesTheConversationBeyondTheirScope(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let role = try await fixture.role(
            "own", "conversations:read:own", "conversations:write:own", "messages:write:own", "contacts:read")
        let agent = try await fixture.member("bo", role)
        let (id, _) = try await conversation(fixture)
        _ = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .agent(agent.userId), reason: nil, by: fixture.admin)
        }
        let sent = try await fixture.send("mine", clientId: "a", to: id, by: agent)
        let given = try await fixture.store.write { try $0.switchOwner(of: id, to: .anyHuman, reason: nil, by: agent) }
        #expect(given.owner.kind == Owner.Kind.none)
        await #expect(throws: Refusal.notFound) { _ = try await fixture.send("more", to: id, by: agent) }
        // A retry is answered like the first try.
        let again = try await fixture.send("mine", clientId: "a", to: id, by: agent)
        #expect(again.isDuplicate && again.message.id == sent.message.id)
        // What they open themselves is theirs.
        let contactId = try await fixture.store.read { try $0.conversation(id, by: fixture.admin).contact.id }
        let opened = try await fixture.store.write {
            try $0.openConversation(
                with: contactId, inboxId: nil, subject: nil, priority: .normal, message: MessageDraft(content: "hi"),
                by: agent)
        }
        #expect(opened.owner.kind == .agent && opened.owner.id == agent.userId.rawValue)
        #expect(opened.lastMessage?.content == "hi")
    }
}
