import Assistant
import Domain
import Storage
import Synchronization
import Testing
import Wire

@testable import Realtime

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

    /// A lease that ran out while its node stood still is still that node's reply.
    @Test func aNodeDoesNotTakeOverWhatItIsMaking() async throws {
        let script = Script()
        let fixture = try await ReplyFixture(limit: .seconds(30)) { _, deliver in
            try await deliver(.text("one "))
            await script.step()
            try await deliver(.text("two"))
            return ComposedReply(text: "one two", sources: [], finish: .stop, isAnswered: true)
        }
        let (id, visitor) = try await fixture.visitor()
        let shown = try await fixture.frames(of: id, by: visitor) { $0.isOfAI && $0.type == "message.created" }
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.send("hi", to: id, by: visitor)
        _ = try await shown.value
        await fixture.runtime.takeOver(includingOwn: true)
        await script.release()
        let seen = try await frames.value
        #expect(!seen.contains { $0.type == "reply.reset" })
        #expect(seen.last?.message?["content"]?.stringValue == "one two")
    }

    /// What the contact writes while it stops a reply is a question of its own.
    @Test func whatIsAskedWhileAReplyIsStoppedIsAnswered() async throws {
        let fixture = try await ReplyFixture { question, deliver in
            if question.asked.last?.content == "first" { try await Task.sleep(for: .seconds(60)) }
            try await deliver(.text("answer"))
            return ComposedReply(text: "answer", sources: [], finish: .stop, isAnswered: true)
        }
        let (id, visitor) = try await fixture.visitor()
        let started = try await fixture.frames(of: id, by: visitor) { $0.type == "reply.started" }
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.send("first", to: id, by: visitor)
        let name = try #require(try await started.value.last?.data["message_id"]?.stringValue)
        let messageId: Identifier<Message> = try #require(fixture.views.identifiers.identifier(name))
        // Both are under way at once; the message is committed before the stopped reply's end.
        let hub = fixture.hub
        _ = try await fixture.store.write { transaction in
            _ = hub.cancelReply(messageId, in: id)
            return try transaction.send(MessageDraft(content: "second"), to: id, by: visitor)
        }
        let answered = Task { try await frames.value.last?.message?["content"]?.stringValue }
        let late = Task {
            try await Task.sleep(for: .seconds(10))
            fixture.hub.endStreams()
        }
        #expect(try await answered.value == "answer")
        late.cancel()
    }
}
