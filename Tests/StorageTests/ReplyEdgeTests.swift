import Domain
import Storage
import Testing

/// Replies at the seams: what ends together, what comes together.
@Suite(.databases) struct ReplyEdgeTests {
    /// What was asked during the last unanswered reply goes to the human with all the rest: nobody begins to answer it.
    @Test(arguments: TestDatabase.all)
    func aHandoverAnnouncesNoReplyThatItEndsItself(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        _ = try await fixture.send("first", to: id, by: visitor)
        let job = try #require(fixture.commits.replyJobs.last)
        _ = try await fixture.store.write { try $0.showReply(job, text: "?") }
        _ = try await fixture.send("second", to: id, by: visitor)
        let told = fixture.commits.replyJobs.count
        try await fixture.store.write { transaction in
            _ = try transaction.completeReply(job, text: "?", sources: [], finish: .stop, isAnswered: false)
            try transaction.handOver(
                id, fromEpoch: job.ownerEpoch, .of(.unanswered), in: job.workspaceId)
        }
        #expect(try await fixture.store.read { try $0.openJobs(of: id) }.isEmpty)
        #expect(fixture.commits.replyJobs.count == told)
    }
}
