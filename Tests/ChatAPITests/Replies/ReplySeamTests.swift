import Assistant
import Domain
import Storage
import Testing

/// Replies at the seams between the runtime, the database and the readers.
@Suite(.timeLimit(.minutes(5))) struct ReplySeamTests {
    private struct Broken: Error {}

    /// The failure may come before the readers' side has heard of the message: what it said counts all the same.
    @Test func aReplyThatFailsAtItsFirstTextKeepsIt() async throws {
        let fixture = try await ReplyFixture { _, deliver in
            try await deliver(.text("half an answer"))
            throw Broken()
        }
        for round in 0..<300 {
            let (id, visitor) = try await fixture.visitor()
            let frames = try await fixture.frames(of: id, by: visitor) { $0.changesOwner }
            try await fixture.send("hi", to: id, by: visitor)
            let ended = try #require(try await frames.value.first { $0.type == "message.completed" })
            #expect(ended.message?["content"]?.stringValue == "half an answer", "round \(round)")
        }
    }
}
