import Cluster
import Domain
import NIOCore
import Storage
import Testing

@testable import Realtime

/// The text so far of a reply, for readers who come late.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ReplySnapshotTests {
    /// Whatever the interleaving: a late reader, who applies snapshots and pieces by the rules, ends with exactly the text.
    @Test(arguments: 0..<40)
    func aReaderThatJoinsLateEndsWithTheText(seed: UInt64) async throws {
        let fixture = try await ClusterFixture(nodes: 3)
        var random = SeededGenerator(seed: seed)
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let job = try await fixture.ask(in: id, by: visitor)
        try await fixture.show(job, "你", on: 0)
        let live = fixture.nodes[0].hub.liveReplies
        let pieces = (0..<Int.random(in: 20...120, using: &random)).map { index in
            (text: "\(index)🌍", flush: Bool.random(using: &random), yields: Int.random(in: 0...4, using: &random))
        }
        let joins = (0..<4).map { _ in
            (node: Int.random(in: 0...2, using: &random), delay: Int.random(in: 0...120, using: &random))
        }
        let resetAt = Bool.random(using: &random) ? Int.random(in: 0..<pieces.count, using: &random) : nil
        let writing = Task {
            var (job, text) = (job, "你")
            for (index, piece) in pieces.enumerated() {
                if index == resetAt {
                    let older = job
                    job = try await fixture.store.write(to: id) { try $0.restartReply(older) }
                    live.reset(to: job, reason: "provider")
                    text = ""
                }
                #expect(live.append(piece.text, to: job))
                text += piece.text
                if piece.flush { live.flush(job) }
                for _ in 0..<piece.yields { await Task.yield() }
            }
            live.flush(job)
            return text
        }
        let readers = try await withThrowingTaskGroup(of: Reader.self) { group in
            for join in joins {
                group.addTask {
                    for _ in 0..<join.delay { await Task.yield() }
                    return try await fixture.nodes[join.node].read(id, by: visitor)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let text = try await writing.value
        for reader in readers {
            try await reader.wait("the whole text") { seen in
                var model = ReplyModel()
                for frame in seen.frames { model.take(frame) }
                return model.text == text
            }
        }
        // What comes behind it does not change it any more.
        try await fixture.complete(try #require(try await fixture.store.read { try $0.openJob(job.id) }), text)
        live.end(job)
        for reader in readers {
            let seen = try await reader.wait("the end") { $0.types.contains("message.completed") }
            var model = ReplyModel()
            for frame in seen.frames { model.take(frame) }
            #expect(model.text == text)
            #expect(seen.seqs == Array(1...4))
        }
    }

    @Test func aSnapshotGoesToThoseWhoAskedAndToNobodyElse() async throws {
        let fixture = try await ClusterFixture(nodes: 3)
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        // These see the reply from its beginning.
        var early: [Reader] = []
        for node in fixture.nodes { early.append(try await node.read(id, by: visitor)) }
        for reader in early { try await reader.reaches(1) }
        let job = try await fixture.ask(in: id, by: visitor)
        try await fixture.show(job, "one ", on: 0)
        let live = fixture.nodes[0].hub.liveReplies
        #expect(live.append("two ", to: job))
        live.flush(job)
        for reader in early { try await reader.wait("the piece") { $0.types.contains("reply.delta") } }
        let late = try await fixture.nodes[1].read(id, by: fixture.staff())
        let snapshot = try #require(
            try await late.wait("the text so far") { $0.types.contains("reply.snapshot") }.frames
                .last { $0.type == "reply.snapshot" })
        #expect(snapshot.text == "one two " && snapshot.data["offset"]?.intValue == 8 && snapshot.generation == 1)
        #expect(live.append("three", to: job))
        live.flush(job)
        for reader in early + [late] {
            try await reader.wait("the last piece") { $0.frames.last?.text == "three" }
        }
        for reader in early { #expect(!reader.types.contains("reply.snapshot")) }
        #expect(late.types.filter { $0.hasPrefix("reply.") } == ["reply.snapshot", "reply.delta"])
    }

    /// The answer may come before the subscription by which it would be heard: it is asked for again.
    @Test func anAnswerThatWasMissedIsAskedForAgain() async throws {
        let slow = Shared<SlowSubscriptions?>(nil)
        let fixture = try await ClusterFixture { index, bus in
            guard index == 1 else { return bus }
            let wrapped = SlowSubscriptions(bus)
            slow.set(wrapped)
            return wrapped
        }
        let (session, visitor) = try await fixture.visitor()
        let job = try await fixture.ask(in: session.conversationId, by: visitor)
        try await fixture.show(job, "one ", on: 0)
        let live = fixture.nodes[0].hub.liveReplies
        #expect(live.append("two", to: job))
        live.flush(job)
        slow.value?.hold()
        let reader = try await fixture.nodes[1].read(session.conversationId, by: visitor)
        try await reader.reaches(3)
        #expect(!reader.types.contains("reply.snapshot"))
        slow.value?.takeEffect()
        let seen = try await reader.wait("the text so far") { $0.types.contains("reply.snapshot") }
        #expect(seen.frames.last?.text == "one two")
    }

    /// The making node restarts the text while a reader comes: a beginning that the snapshot has told already is not told again.
    @Test func aNewBeginningThatASnapshotHoldsIsNotToldAgain() throws {
        let snapshot = LiveReplies.Snapshot(messageId: Identifier(1), generation: 3, ownerEpoch: 1, text: "abc")
        #expect(snapshot.holdsReset(of: Identifier(1), 3) && snapshot.holdsReset(of: Identifier(1), 2))
        #expect(!snapshot.holdsReset(of: Identifier(1), 4) && !snapshot.holdsReset(of: Identifier(2), 3))
    }

    @Test func nobodyAnswersForAReplyThatIsNotShownOrIsClosed() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let job = try await fixture.ask(in: id, by: visitor)
        let live = fixture.nodes[0].hub.liveReplies
        live.begin(job, onCancel: {})
        let reader = try await fixture.nodes[1].read(id, by: visitor)
        try await reader.reaches(2)
        fixture.nodes[1].link.tell(.wantsReply(job.id, in: id))
        _ = try await fixture.store.write(to: id) { try $0.showReply(job, text: "text") }
        try await reader.reaches(3)
        // Readers hear of the message a moment before it is noted here.
        try await eventually("it is shown") { live.snapshot(of: job.id, in: id) != nil }
        #expect(live.close(job) == "text")
        fixture.nodes[1].link.tell(.wantsReply(job.id, in: id))
        // Another conversation's name does not open it.
        fixture.nodes[1].link.tell(.wantsReply(job.id, in: Identifier(id.rawValue + 1)))
        fixture.nodes[0].hub.typing(in: id, by: fixture.staff().actor)
        try await reader.wait("what comes behind it") { $0.types.contains("typing") }
        #expect(!reader.types.contains("reply.snapshot"))
    }
}
