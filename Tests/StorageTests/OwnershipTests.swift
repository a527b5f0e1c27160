import Domain
import Storage
import Testing

@Suite(.databases) struct OwnershipTests {
    @Test(arguments: TestDatabase.all)
    func aContactReachesAHumanAndMayReturnToTheAIOnlyFromTheQueue(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let waiting = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .anyHuman, reason: nil, wording: HandoffWords.said, by: visitor)
        }
        #expect(waiting.owner == Owner(kind: .none, epoch: 2))
        #expect(
            try await fixture.events(of: id).map(\.kind) == [
                .conversationCreated, .messageCreated, .messageCreated, .conversationUpdated,
            ])
        let back = try await fixture.store.write { try $0.switchOwner(of: id, to: .ai, reason: nil, by: visitor) }
        #expect(back.owner == Owner(kind: .ai, epoch: 3))
        guard let staff = fixture.admin.staff else { return }
        let taken = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .agent(staff.userId), expectedEpoch: 3, reason: nil, by: fixture.admin)
        }
        #expect(taken.owner.name == "Ada" && taken.owner.epoch == 4)
        await #expect(throws: Refusal.forbidden) {
            try await fixture.store.write { try $0.switchOwner(of: id, to: .ai, reason: nil, by: visitor) }
        }
        // A second click does not throw the conversation back into the queue.
        let still = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .anyHuman, reason: nil, by: visitor)
        }
        #expect(still.owner.epoch == 4)
        await #expect(throws: Refusal.staleOwner) {
            try await fixture.store.write {
                try $0.switchOwner(of: id, to: .ai, expectedEpoch: 3, reason: nil, by: fixture.admin)
            }
        }
    }

    @Test(arguments: TestDatabase.all)
    func ofManyAgentsWhoSawTheSameEpochOneGetsIt(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, _) = try await fixture.visitor()
        var agents: [Access] = []
        for index in 0..<10 {
            let workspaceId = fixture.workspace.id
            let user = try await fixture.store.write {
                try $0.createUser(
                    email: "agent\(index)@example.com", name: "Agent \(index)", passwordHash: "x", role: .agent,
                    in: workspaceId)
            }
            agents.append(
                Access(
                    workspaceId: workspaceId,
                    principal: .staff(
                        .init(userId: user.id, name: user.name, role: .agent, credential: .login(Identifier(2))))))
        }
        let won = await withTaskGroup(of: Bool.self) { group in
            for agent in agents {
                guard let staff = agent.staff else { continue }
                group.addTask {
                    (try? await fixture.store.write {
                        try $0.switchOwner(
                            of: session.conversationId, to: .agent(staff.userId), expectedEpoch: 1, reason: nil,
                            by: agent)
                    }) != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(won == 1)
    }

    @Test(arguments: Conversation.Status.allCases, Conversation.Status.allCases)
    func statusStepsByStaffFollowTheStateMachine(from: Conversation.Status, to: Conversation.Status) async throws {
        let allowed: Set<[Conversation.Status]> = [
            [.open, .pending], [.pending, .open], [.open, .snoozed], [.pending, .snoozed], [.snoozed, .open],
            [.open, .resolved], [.pending, .resolved], [.snoozed, .resolved], [.resolved, .open], [.open, .closed],
            [.pending, .closed], [.snoozed, .closed], [.resolved, .closed],
        ]
        #expect(from.allows(to, by: .staff) == (from == to || allowed.contains([from, to])))
    }
}
