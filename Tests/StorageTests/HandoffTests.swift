import Domain
import Storage
import Testing

/// Conversations on their way to humans and back.
@Suite(.databases) struct HandoffTests {
    private func asked(
        _ fixture: StoreFixture, _ words: String = "question"
    ) async throws -> (
        Identifier<Conversation>, Access, ReplyJob
    ) {
        let (session, visitor) = try await fixture.visitor(name: "Zoe")
        _ = try await fixture.send(words, to: session.conversationId, by: visitor)
        return (session.conversationId, visitor, try #require(fixture.commits.replyJobs.last))
    }

    @Test(arguments: TestDatabase.all)
    func aHandoffTellsTheContactAndStaffBeforeTheOwnerChanges(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (id, visitor, job) = try await asked(fixture)
        try await fixture.store.write {
            try $0.handOver(id, fromEpoch: job.ownerEpoch, .of(.topic, urgency: .urgent), in: job.workspaceId)
        }
        let events = try await fixture.events(of: id).suffix(3)
        let messages = events.compactMap(\.message)
        #expect(messages.map(\.kind) == [.note, .text] && messages.allSatisfy { $0.sender.kind == .system })
        #expect(messages.map(\.content) == ["The package.", "A colleague comes."])
        guard case .conversationUpdated(let changes, let reason)? = events.last?.body else {
            Issue.record("the owner is to change last")
            return
        }
        #expect(changes.owner == Owner(kind: .none, epoch: 2) && changes.priority == .urgent && reason == "topic")
        #expect(events.map { Audience.visibility(of: $0, to: .contact) } == [.hidden, .contactView, .contactView])
        #expect(changes.visibleToContact.priority == nil)
        let seen = try await fixture.store.read { try $0.messages(of: id, SeqPage(.after(0), limit: 10), by: visitor) }
        #expect(seen.items.map(\.content) == ["question", "A colleague comes."])
        let kept = try await fixture.store.read { try $0.handoffs(of: id, by: fixture.admin) }
        #expect(kept.count == 1 && kept.first?.ownerEpoch == 2)
        #expect(kept.first?.handoff == HandoffWords.of(.topic, urgency: .urgent).handoff)
        await #expect(throws: Refusal.forbidden) {
            try await fixture.store.read { try $0.handoffs(of: id, by: visitor) }
        }
        await #expect(throws: ReplyRefusal.ownerChanged) {
            try await fixture.store.write {
                try $0.handOver(id, fromEpoch: job.ownerEpoch, .of(.failure), in: job.workspaceId)
            }
        }
    }

    @Test(arguments: TestDatabase.all)
    func urgencyRaisesThePriorityAndNeverLowersIt(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        for (before, urgency, after) in [
            (Conversation.Priority.low, Handoff.Urgency.high, Conversation.Priority.high), (.urgent, .high, .urgent),
            (.low, .normal, .low), (.high, .urgent, .urgent),
        ] {
            let (id, _, job) = try await asked(fixture)
            var patch = ConversationPatch()
            patch.priority = before
            let wanted = patch
            let raised = try await fixture.store.write { transaction in
                _ = try transaction.update(id, wanted, by: fixture.admin)
                try transaction.handOver(
                    id, fromEpoch: job.ownerEpoch, .of(.anger, urgency: urgency), in: job.workspaceId)
                return try transaction.conversation(id, by: fixture.admin).priority
            }
            #expect(raised == after, "\(before) \(urgency)")
        }
    }

    @Test(arguments: TestDatabase.all)
    func aHandoffGoesToTheInboxsTeamWhileThereIsOne(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let inboxId = fixture.inbox.id
        let team = try await fixture.store.write { transaction in
            let team = try transaction.createTeam(name: "Support", members: [], by: fixture.admin)
            var patch = InboxPatch()
            patch.handoffTeamId = .some(team.id)
            _ = try transaction.updateInbox(inboxId, patch, by: fixture.admin)
            return team
        }
        let (first, _, job) = try await asked(fixture)
        try await fixture.store.write {
            try $0.handOver(first, fromEpoch: job.ownerEpoch, .of(.failure), in: job.workspaceId)
        }
        let given = try await fixture.store.read { try $0.conversation(first, by: fixture.admin) }.owner
        #expect(given == Owner(kind: .team, id: team.id.rawValue, name: "Support", epoch: 2))
        // The contact's own button likewise; and where the team is no more, the queue.
        let (second, visitor, _) = try await asked(fixture)
        let switched = try await fixture.store.write {
            try $0.switchOwner(of: second, to: .anyHuman, reason: "please", wording: HandoffWords.said, by: visitor)
        }
        #expect(switched.owner.kind == .team)
        #expect(try await fixture.store.read { try $0.handoffs(of: second, by: fixture.admin) }.count == 1)
        _ = try await fixture.store.write {
            try $0.connection.run(
                "UPDATE inboxes SET handoff_team_id = 4711 WHERE id = ?", [.integer(inboxId.rawValue)])
        }
        let (third, _, last) = try await asked(fixture)
        try await fixture.store.write {
            try $0.handOver(third, fromEpoch: last.ownerEpoch, .of(.failure), in: last.workspaceId)
        }
        #expect(try await fixture.store.read { try $0.conversation(third, by: fixture.admin) }.owner.kind == .none)
    }

    @Test(arguments: TestDatabase.all)
    func whoTakesAConversationIsToldNothing(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (id, _, _) = try await asked(fixture)
        let user = try #require(fixture.admin.staff?.userId)
        _ = try await fixture.store.write {
            try $0.switchOwner(of: id, to: .agent(user), reason: nil, wording: HandoffWords.said, by: fixture.admin)
        }
        #expect(try await fixture.store.read { try $0.handoffs(of: id, by: fixture.admin) }.isEmpty)
        #expect(try await fixture.events(of: id).map(\.kind).suffix(1) == [.conversationUpdated])
        #expect(try await fixture.events(of: id).count == 3)
    }

    @Test(arguments: TestDatabase.all)
    func anOfferIsRememberedUntilTheOwnerChanges(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (id, visitor, job) = try await asked(fixture)
        let workspaceId = job.workspaceId
        let message = try await fixture.store.write { transaction in
            let message = try transaction.showReply(job, text: "Shall I?")
            _ = try transaction.completeReply(
                job, text: "Shall I?", sources: [], finish: .stop, isAnswered: true, offersHuman: true)
            return message
        }
        func offered() async throws -> Int64? {
            try await fixture.store.read { try $0.replyContext(of: id, in: workspaceId) }.offeredSeq
        }
        #expect(try await offered() == message.seq)
        // The next answer offers nothing; which one did stays known.
        _ = try await fixture.send("more", to: id, by: visitor)
        let next = try #require(fixture.commits.replyJobs.last)
        try await fixture.store.write { transaction in
            _ = try transaction.showReply(next, text: "So.")
            _ = try transaction.completeReply(next, text: "So.", sources: [], finish: .stop, isAnswered: true)
        }
        #expect(try await offered() == message.seq)
        _ = try await fixture.send("I take over", to: id, by: fixture.admin)
        #expect(try await offered() == nil)
    }

    // MARK: Silence

    private func handOverSilent(_ fixture: StoreFixture) async throws -> Int {
        guard try await fixture.store.read({ try $0.hasSilentReplies(after: 78) }) else { return 0 }
        return try await fixture.store.write {
            try $0.handOverSilentReplies(after: 78, limit: 10, wording: HandoffWords.said)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aQuestionThatNobodyAnswersIsHandedOver(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (id, _, job) = try await asked(fixture)
        fixture.clock.advance(seconds: 77)
        #expect(try await handOverSilent(fixture) == 0)
        fixture.clock.advance(seconds: 1)
        #expect(try await handOverSilent(fixture) == 1)
        let events = try await fixture.events(of: id)
        #expect(events.suffix(3).map(\.kind) == [.messageCreated, .messageCreated, .conversationUpdated])
        guard case .conversationUpdated(_, let reason)? = events.last?.body else { return }
        #expect(reason == "timeout" && events.last?.actor.kind == .ai)
        #expect(try await fixture.store.read { try $0.openJobs(of: id) }.isEmpty)
        #expect(try await handOverSilent(fixture) == 0)
        // A run that comes to life now may not speak.
        await #expect(throws: ReplyRefusal.ownerChanged) {
            try await fixture.store.write { try $0.showReply(job, text: "late") }
        }
        await #expect(throws: ReplyRefusal.leaseLost) {
            try await fixture.store.write { try $0.cancelReply(job, shownText: "") }
        }
    }

    @Test(arguments: TestDatabase.all)
    func aReplyThatIsBeingShownIsLeftAloneWhileItLives(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (id, visitor, job) = try await asked(fixture)
        _ = try await fixture.store.write { try $0.showReply(job, text: "begin") }
        _ = try await fixture.send("and more", to: id, by: visitor)
        fixture.clock.advance(seconds: 100)
        try await fixture.store.write { try $0.checkpointReply(job, text: "begin and on") }
        #expect(try await handOverSilent(fixture) == 0)
        // Its maker dies.
        fixture.clock.advance(seconds: 20)
        #expect(try await handOverSilent(fixture) == 1)
        let events = try await fixture.events(of: id)
        let ended = try #require(events.first { $0.kind == .messageCompleted }?.message)
        #expect(ended.status == .partial && ended.content == "begin and on")
        #expect(events.last?.kind == .conversationUpdated)
        // Neither the end nor the rest of a run that was only asleep counts, and what was asked meanwhile is the
        // human's.
        await #expect(throws: ReplyRefusal.ownerChanged) {
            try await fixture.store.write { try $0.checkpointReply(job, text: "late") }
        }
        await #expect(throws: ReplyRefusal.leaseLost) {
            try await fixture.store.write { try $0.cancelReply(job, shownText: "late") }
        }
        #expect(try await fixture.store.read { try $0.openJobs(of: id) }.isEmpty)
        #expect(try await fixture.events(of: id).count == events.count)
    }

    @Test(arguments: TestDatabase.all)
    func aQuestionBehindALongReplyHasItsOwnTime(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (id, visitor, job) = try await asked(fixture)
        _ = try await fixture.store.write { try $0.showReply(job, text: "begin") }
        _ = try await fixture.send("second", to: id, by: visitor)
        fixture.clock.advance(seconds: 70)
        _ = try await fixture.store.write {
            try $0.completeReply(job, text: "done", sources: [], finish: .stop, isAnswered: true)
        }
        fixture.clock.advance(seconds: 70)
        #expect(try await handOverSilent(fixture) == 0)
        fixture.clock.advance(seconds: 8)
        #expect(try await handOverSilent(fixture) == 1)
    }

    @Test(arguments: TestDatabase.all)
    func whatADeadRunHadShownBeforeAHumanCameIsEnded(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (id, _, job) = try await asked(fixture)
        _ = try await fixture.store.write { try $0.showReply(job, text: "begin") }
        _ = try await fixture.send("I take over", to: id, by: fixture.admin)
        fixture.clock.advance(seconds: 100)
        #expect(try await handOverSilent(fixture) == 1)
        let last = try #require(try await fixture.events(of: id).last)
        #expect(last.kind == .messageUpdated && last.message?.status == .cancelled && last.message?.content == "begin")
        #expect(try await fixture.store.read { try $0.conversation(id, by: fixture.admin) }.owner.kind == .agent)
        #expect(try await handOverSilent(fixture) == 0)
    }

    // MARK: Back to the assistant

    private func setReturn(afterMinutes minutes: Int64?, _ fixture: StoreFixture) async throws {
        var patch = WorkspaceSettingsPatch()
        patch.assistant.returnMinutes = .some(minutes)
        let wanted = patch
        _ = try await fixture.store.write { try $0.updateSettings(wanted, by: fixture.admin) }
    }

    private func giveBack(_ fixture: StoreFixture) async throws -> [Identifier<Conversation>] {
        var given: [Identifier<Conversation>] = []
        for id in try await fixture.store.read({ try $0.conversationsToReturn(limit: 10) }) {
            let isBack = try await fixture.store.write {
                try $0.returnToAssistant(id) { _, _, _ in "The assistant answers again." }
            }
            if isBack { given.append(id) }
        }
        return given
    }

    @Test(arguments: TestDatabase.all)
    func whatAHumanHasFinishedGoesBackToTheAssistant(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (id, visitor, _) = try await asked(fixture)
        _ = try await fixture.send("Solved.", to: id, by: fixture.admin)
        fixture.clock.advance(seconds: 3600)
        #expect(try await giveBack(fixture).isEmpty)
        try await setReturn(afterMinutes: 30, fixture)
        #expect(try await giveBack(fixture) == [id])
        let events = try await fixture.events(of: id).suffix(2)
        #expect(events.first?.message?.content == "The assistant answers again.")
        guard case .conversationUpdated(let changes, let reason)? = events.last?.body else { return }
        #expect(changes.owner == Owner(kind: .ai, epoch: 3) && reason == "idle" && events.last?.actor.kind == .system)
        #expect(try await giveBack(fixture).isEmpty)
        _ = try await fixture.send("one more thing", to: id, by: visitor)
        #expect(fixture.commits.replyJobs.last?.ownerEpoch == 3)
    }

    @Test(arguments: TestDatabase.all)
    func whatHumansHaveNotFinishedStaysWithThem(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        try await setReturn(afterMinutes: 30, fixture)
        // The contact's word is the last; nobody has said anything; it is resolved; the word is fresh.
        let (waiting, visitor, _) = try await asked(fixture)
        _ = try await fixture.send("Hello", to: waiting, by: fixture.admin)
        _ = try await fixture.send("and?", to: waiting, by: visitor)
        let (silent, _, _) = try await asked(fixture)
        let user = try #require(fixture.admin.staff?.userId)
        _ = try await fixture.store.write {
            try $0.switchOwner(of: silent, to: .agent(user), reason: nil, by: fixture.admin)
        }
        let (resolved, _, _) = try await asked(fixture)
        _ = try await fixture.send("Solved.", to: resolved, by: fixture.admin)
        var patch = ConversationPatch()
        patch.status = .resolved
        let wanted = patch
        _ = try await fixture.store.write { try $0.update(resolved, wanted, by: fixture.admin) }
        fixture.clock.advance(seconds: 3600)
        let (fresh, freshVisitor, _) = try await asked(fixture)
        _ = try await fixture.send("Solved.", to: fresh, by: fixture.admin)
        fixture.clock.advance(seconds: 60)
        #expect(try await giveBack(fixture).isEmpty)
        // Between the look and the change the contact writes.
        fixture.clock.advance(seconds: 3600)
        #expect(try await fixture.store.read { try $0.conversationsToReturn(limit: 10) } == [fresh])
        _ = try await fixture.send("wait", to: fresh, by: freshVisitor)
        #expect(try await fixture.store.write { try !$0.returnToAssistant(fresh) { _, _, _ in "x" } })
    }
}
