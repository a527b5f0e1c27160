import Cluster
import Domain
import NIOCore
import Storage
import Synchronization
import Testing
import Wire

@testable import Realtime

/// `reply.sync` and `reply.cancel` on a node that does not make the reply.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ReplyControlTests {
    /// A reply of node 0, and a visitor's socket on node 1.
    private func scene() async throws -> (ClusterFixture, ReplyJob, ChatClient, String, Shared<Bool>) {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let client = try await SocketPort(fixture.nodes[1], .session(session.id), as: visitor).connect()
        try await client.next("synced")
        let job = try await fixture.ask(in: session.conversationId, by: visitor)
        let isStopped = Shared(false)
        try await fixture.show(job, "one ", on: 0) { isStopped.set(true) }
        try await client.next { $0.message?["sender"]?["kind"]?.stringValue == "ai" }
        return (fixture, job, client, fixture.views.identifiers.text(job.id), isStopped)
    }

    @Test func aSyncIsAnsweredByTheNodeThatMakesTheReply() async throws {
        let (fixture, job, client, name, _) = try await scene()
        let live = fixture.nodes[0].hub.liveReplies
        #expect(live.append("two ", to: job))
        live.flush(job)
        try await client.send("reply.sync", "{\"message_id\":\"\(name)\"}", request: "s1")
        let answer = try await client.answer(to: "s1")
        // Nothing of it is saved yet: this is from the other node's own memory.
        #expect(answer.type == "reply.snapshot" && answer.text == "one two " && answer.generation == 1)
        #expect(answer.data["offset"]?.intValue == 8)
        // The piece that it holds was told before it, and none is told twice.
        #expect(live.append("three", to: job))
        live.flush(job)
        let delta = try await client.next("reply.delta")
        #expect(delta.text == "three" && delta.data["offset"]?.intValue == 8)
    }

    /// Two at once: each has its answer, in whichever way.
    @Test func everySyncHasItsOwnAnswer() async throws {
        let (fixture, job, client, name, _) = try await scene()
        let live = fixture.nodes[0].hub.liveReplies
        #expect(live.append("two ", to: job))
        live.flush(job)
        for index in 0..<3 {
            try await client.send("reply.sync", "{\"message_id\":\"\(name)\"}", request: "s\(index)")
        }
        var answered: Set<String> = []
        while answered.count < 3 {
            let frame = try await client.next { $0.json["request_id"] != nil }
            #expect(frame.type == "reply.snapshot")
            answered.insert(frame.json["request_id"]?.stringValue ?? "")
        }
        #expect(answered == ["s0", "s1", "s2"])
    }

    /// The node that made it is gone: after half a second what was saved must do.
    @Test func aSyncThatNobodyAnswersIsAnsweredWithWhatIsSaved() async throws {
        let (fixture, job, client, name, _) = try await scene()
        try await fixture.store.write(to: job.conversationId) { try $0.checkpointReply(job, text: "one two saved") }
        fixture.nodes[0].bus.cutOff()
        let began = ContinuousClock.now
        try await client.send("reply.sync", "{\"message_id\":\"\(name)\"}", request: "s1")
        let answer = try await client.answer(to: "s1")
        let took = ContinuousClock.now - began
        #expect(answer.type == "reply.snapshot" && answer.text == "one two saved")
        #expect(took >= .milliseconds(500) && took < .seconds(5))
        // It comes back; a new question is answered by itself.
        fixture.nodes[0].bus.rejoin()
        try await client.send("reply.sync", "{\"message_id\":\"\(name)\"}", request: "s2")
        #expect(try await client.answer(to: "s2").text == "one ")
    }

    @Test func aSyncOfAReplyThatHasEndedIsAnsweredAtOnce() async throws {
        let (fixture, job, client, name, _) = try await scene()
        try await fixture.complete(job, "one two")
        fixture.nodes[0].hub.liveReplies.end(job)
        try await client.next("message.completed")
        try await client.send("reply.sync", "{\"message_id\":\"\(name)\"}", request: "s1")
        #expect(try await client.answer(to: "s1").text == "one two")
    }

    @Test func aCancelReachesTheNodeThatMakesTheReply() async throws {
        let (_, _, client, name, isStopped) = try await scene()
        try await client.send("reply.cancel", "{\"message_id\":\"\(name)\"}", request: "c1")
        #expect(try await client.answer(to: "c1").type == "ack")
        try await eventually("it is told") { isStopped.value }
    }

    @Test func aCancelOfWhatIsNotUnderWayIsNotFound() async throws {
        let (fixture, job, client, name, isStopped) = try await scene()
        try await fixture.complete(job, "one two")
        try await client.send("reply.cancel", "{\"message_id\":\"\(name)\"}", request: "c1")
        let answer = try await client.answer(to: "c1")
        #expect(answer.type == "error" && answer.data["code"]?.stringValue == "not_found")
        #expect(!isStopped.value)
    }

    /// An acknowledgement would be a promise that nobody heard.
    @Test func aCancelThatCannotBeToldIsNotAcknowledged() async throws {
        let (fixture, _, client, name, isStopped) = try await scene()
        fixture.nodes[1].bus.cutOff()
        try await client.send("reply.cancel", "{\"message_id\":\"\(name)\"}", request: "c1")
        let answer = try await client.answer(to: "c1")
        #expect(answer.type == "error" && answer.data["code"]?.stringValue == "unavailable")
        #expect(!isStopped.value)
        fixture.nodes[1].bus.rejoin()
        try await client.send("reply.cancel", "{\"message_id\":\"\(name)\"}", request: "c2")
        #expect(try await client.answer(to: "c2").type == "ack")
        try await eventually("it is told") { isStopped.value }
    }
}

/// A value behind a lock, shared with closures.
final class Shared<Value: Sendable>: Sendable {
    private let kept: Mutex<Value>

    init(_ value: Value) { kept = Mutex(value) }

    var value: Value { kept.withLock { $0 } }

    func set(_ value: Value) { kept.withLock { $0 = value } }
}
