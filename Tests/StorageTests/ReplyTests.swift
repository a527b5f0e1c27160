import Domain
import Storage
import Testing

@Suite(.databases) struct ReplyTests {
    private func asked(_ fixture: StoreFixture) async throws -> (ChatSession, Access, ReplyJob) {
        let (session, visitor) = try await fixture.visitor()
        _ = try await fixture.send("question", to: session.conversationId, by: visitor)
        return (session, visitor, try #require(fixture.commits.replyJobs.last))
    }

    private func complete(
        _ job: ReplyJob, _ text: String, _ fixture: StoreFixture, isAnswered: Bool = true
    ) async throws -> Int {
        try await fixture.store.write {
            try $0.completeReply(job, text: text, sources: [], finish: .stop, isAnswered: isAnswered)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aQuestionOwesAReplyInItsOwnTransactionAndABurstJoinsIt(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor, job) = try await asked(fixture)
        #expect(job.state == .running && job.generation == 1 && job.ownerEpoch == 1)
        _ = try await fixture.send("and more", to: session.conversationId, by: visitor)
        let joined = try #require(fixture.commits.replyJobs.last)
        #expect(joined.id == job.id && joined.questionSeq == job.questionSeq + 1)
        // What was composed for the shorter question may not be shown.
        await #expect(throws: ReplyRefusal.questionGrew) {
            try await fixture.store.write { try $0.showReply(job, text: "answer") }
        }
        let shown = try await fixture.store.write { try $0.showReply(joined, text: "answer") }
        #expect(shown.id == job.id && shown.status == .streaming)
    }

    @Test(arguments: TestDatabase.all)
    func aQuestionDuringAShownReplyIsAnsweredByTheNext(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor, job) = try await asked(fixture)
        _ = try await fixture.store.write { try $0.showReply(job, text: "a") }
        _ = try await fixture.send("second", to: session.conversationId, by: visitor)
        let next = try #require(fixture.commits.replyJobs.last)
        #expect(next.id != job.id && next.state == .queued)
        _ = try await complete(job, "answer", fixture)
        let started = try #require(fixture.commits.replyJobs.last)
        #expect(started.id == next.id && started.state == .running)
        let kinds = try await fixture.events(of: session.conversationId).map(\.kind)
        #expect(
            kinds == [
                .conversationCreated, .messageCreated, .messageCreated, .messageCreated, .messageCompleted,
            ])
    }

    @Test(arguments: TestDatabase.all)
    func afterATakeoverTheAssistantMayOnlyEndWhatWasShown(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, _, job) = try await asked(fixture)
        _ = try await fixture.store.write { try $0.showReply(job, text: "shown") }
        let taken = try await fixture.send("I take over", to: session.conversationId, by: fixture.admin)
        let conversation = try await fixture.store.read {
            try $0.conversation(session.conversationId, by: fixture.admin)
        }
        #expect(conversation.owner.kind == .agent && conversation.owner.epoch == 2)
        let updated = fixture.commits.events.last { $0.kind == .conversationUpdated }
        #expect(try #require(updated).seq < taken.message.seq, "the owner changes before the first word")
        for write in [0, 1, 2] {
            await #expect(throws: ReplyRefusal.ownerChanged) {
                try await fixture.store.write { transaction in
                    switch write {
                    case 0: try transaction.checkpointReply(job, text: "more")
                    case 1:
                        _ = try transaction.completeReply(
                            job, text: "all", sources: [], finish: .stop, isAnswered: true)
                    default: _ = try transaction.restartReply(job)
                    }
                }
            }
        }
        try await fixture.store.write { try $0.cancelReply(job, shownText: "shown!") }
        let message = try await fixture.store.read {
            try $0.message(job.id, in: session.conversationId, by: fixture.admin)
        }
        #expect(message.status == .cancelled && message.content == "shown!")
        await #expect(throws: ReplyRefusal.leaseLost) {
            try await fixture.store.write { try $0.cancelReply(job, shownText: "again") }
        }
    }

    @Test(arguments: TestDatabase.all)
    func aReplyThatNobodySawLeavesNoMessageWhenAHumanTakesOver(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, _, job) = try await asked(fixture)
        _ = try await fixture.send("human", to: session.conversationId, by: fixture.admin)
        await #expect(throws: ReplyRefusal.ownerChanged) {
            try await fixture.store.write { try $0.showReply(job, text: "late") }
        }
        #expect(try await fixture.store.read { try $0.openJobs(of: session.conversationId) }.isEmpty)
    }

    @Test(arguments: TestDatabase.all)
    func anExpiredLeaseIsTakenOnceAndTheZombiesWritesAreRefused(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (_, _, job) = try await asked(fixture)
        _ = try await fixture.store.write { try $0.showReply(job, text: "half") }
        #expect(try await fixture.store.write { try $0.takeOverReplies(includingOwn: false, limit: 10) }.isEmpty)
        fixture.clock.advance(seconds: fixture.store.settings.leaseSeconds + 1)
        let taken = try await fixture.store.write { try $0.takeOverReplies(includingOwn: false, limit: 10) }
        #expect(taken.map(\.id) == [job.id] && taken.map(\.generation) == [2])
        #expect(taken.first?.checkpoint == "half")
        #expect(try await fixture.store.write { try $0.takeOverReplies(includingOwn: false, limit: 10) }.isEmpty)
        for write in [0, 1, 2] {
            await #expect(throws: ReplyRefusal.leaseLost) {
                try await fixture.store.write { transaction in
                    switch write {
                    case 0: try transaction.checkpointReply(job, text: "zombie")
                    case 1:
                        _ = try transaction.completeReply(
                            job, text: "zombie", sources: [], finish: .stop, isAnswered: true)
                    default: try transaction.cancelReply(job, shownText: "zombie")
                    }
                }
            }
        }
        _ = try await complete(try #require(taken.first), "whole", fixture)
    }

    @Test(arguments: TestDatabase.all)
    func aNewGenerationBeginsWithoutTheTextOfTheOld(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor, job) = try await asked(fixture)
        func content() async throws -> String {
            try await fixture.store.read { try $0.message(job.id, in: session.conversationId, by: visitor).content }
        }
        _ = try await fixture.store.write { try $0.showReply(job, text: "old") }
        #expect(try await content() == "old")
        let second = try await fixture.store.write { try $0.restartReply(job) }
        #expect(try await content() == "" && second.generation == 2)
        try await fixture.store.write { try $0.checkpointReply(second, text: "half") }
        fixture.clock.advance(seconds: fixture.store.settings.leaseSeconds + 1)
        let taken = try await fixture.store.write { try $0.takeOverReplies(includingOwn: false, limit: 1) }
        let third = try #require(taken.first)
        #expect(third.checkpoint == "half")
        try await fixture.store.write { try $0.resumeReply(third) }
        #expect(try await content() == "")
    }

    @Test(arguments: TestDatabase.all)
    func unansweredRepliesAreCountedUntilOneAnswers(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor, first) = try await asked(fixture)
        func reply(_ job: ReplyJob, isAnswered: Bool) async throws -> Int {
            _ = try await fixture.store.write { try $0.showReply(job, text: "x") }
            return try await complete(job, "x", fixture, isAnswered: isAnswered)
        }
        #expect(try await reply(first, isAnswered: false) == 1)
        _ = try await fixture.send("again", to: session.conversationId, by: visitor)
        #expect(try await reply(try #require(fixture.commits.replyJobs.last), isAnswered: true) == 0)
        _ = try await fixture.send("again", to: session.conversationId, by: visitor)
        #expect(try await reply(try #require(fixture.commits.replyJobs.last), isAnswered: false) == 1)
        _ = try await fixture.send("again", to: session.conversationId, by: visitor)
        #expect(try await reply(try #require(fixture.commits.replyJobs.last), isAnswered: false) == 2)
    }
}
