import Cluster
import Domain
import NIOCore
import Storage
import Synchronization
import Testing

@testable import Realtime

/// What is not kept, on its way to readers on other nodes.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PassingAcrossNodesTests {
    @Test func typingAndReceiptsReachTheOthersAndNotWhoTheyAreFrom() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        // On each node the visitor and an agent read.
        var visitors: [Reader] = []
        var agents: [Reader] = []
        for node in fixture.nodes {
            visitors.append(try await node.read(id, by: visitor))
            agents.append(try await node.read(id, by: fixture.staff()))
        }
        for reader in visitors + agents { try await reader.reaches(1) }
        fixture.nodes[0].hub.typing(in: id, by: visitor.actor)
        fixture.nodes[1].hub.receipt(in: id, of: visitor.actor, seq: 1)
        fixture.nodes[1].hub.typing(in: id, by: fixture.staff().actor)
        try await fixture.send("end", to: id, by: visitor)
        for reader in visitors {
            try await reader.reaches(2)
            try await reader.wait("the agent's typing") { $0.types.contains("typing") }
            #expect(reader.types.filter { $0 == "typing" || $0 == "receipt" } == ["typing"])
            let participant = reader.frames.first { $0.type == "typing" }?.data["participant"]
            #expect(participant?["kind"]?.stringValue == "agent" && participant?["id"] == nil)
        }
        for reader in agents {
            try await reader.reaches(2)
            try await reader.wait("the visitor's") { $0.types.contains("typing") && $0.types.contains("receipt") }
            #expect(reader.types.filter { $0 == "typing" || $0 == "receipt" }.count == 2)
        }
    }

    @Test func aFrameOfAConversationThatNobodyReadsHereGoesNowhere() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let (other, otherVisitor) = try await fixture.visitor()
        let reader = try await fixture.nodes[1].read(other.conversationId, by: otherVisitor)
        try await reader.reaches(1)
        fixture.nodes[0].hub.typing(in: session.conversationId, by: fixture.staff().actor)
        fixture.nodes[0].hub.typing(in: other.conversationId, by: fixture.staff().actor)
        try await reader.wait("its own typing") { $0.types.contains("typing") }
        #expect(reader.types.filter { $0 == "typing" }.count == 1)
        _ = visitor
    }

    @Test func aReplyIsSeenOnBothNodesInTheSameWay() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let readers = [
            try await fixture.nodes[0].read(id, by: visitor), try await fixture.nodes[1].read(id, by: visitor),
        ]
        for reader in readers { try await reader.reaches(1) }
        let job = try await fixture.ask(in: id, by: visitor)
        for reader in readers { try await reader.reaches(2) }
        try await fixture.show(job, "你好", on: 0)
        let live = fixture.nodes[0].hub.liveReplies
        for index in 0..<30 {
            #expect(live.append(" \(index)🌍", to: job))
            live.flush(job)
        }
        let text = "你好" + (0..<30).map { " \($0)🌍" }.joined()
        try await fixture.complete(job, text)
        live.end(job)
        for reader in readers {
            let seen = try await reader.wait("the end") { $0.types.contains("message.completed") }
            var model = ReplyModel()
            for frame in seen.frames where frame.type != "message.completed" { model.take(frame) }
            #expect(model.text == text && model.gaps == 0)
            #expect(
                seen.types.filter { $0 != "reply.delta" }.suffix(3) == [
                    "reply.started", "message.created", "message.completed",
                ])
        }
    }

    /// G7: a human on another node takes over; on no reader's screen does a piece of the reply follow that.
    @Test(arguments: 0..<10)
    func afterAChangeOfOwnerOnAnotherNodeNothingOfTheReplyFollows(seed: UInt64) async throws {
        let fixture = try await ClusterFixture(nodes: 3)
        var random = SeededGenerator(seed: seed)
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        var readers: [Reader] = []
        for node in fixture.nodes { readers.append(try await node.read(id, by: visitor)) }
        for reader in readers { try await reader.reaches(1) }
        let job = try await fixture.ask(in: id, by: visitor)
        let isCancelled = Mutex(false)
        try await fixture.show(job, "so ", on: 0) { isCancelled.withLock { $0 = true } }
        let live = fixture.nodes[0].hub.liveReplies
        // In half of the rounds the node that makes the reply hears of nothing.
        if seed.isMultiple(of: 2) { fixture.nodes[0].bus.cutOff() }
        fixture.committers.choose(1)
        let pieces = Int.random(in: 3...40, using: &random)
        let writing = Task {
            for index in 0..<pieces {
                guard live.append("\(index) ", to: job) else { break }
                live.flush(job)
                await Task.yield()
            }
        }
        for _ in 0..<Int.random(in: 0...20, using: &random) { await Task.yield() }
        try await fixture.send("I take over", to: id, by: fixture.staff())
        await writing.value
        if seed.isMultiple(of: 2) { _ = try await fixture.nodes[0].watch.look(after: 0) }
        // It goes on for a moment more.
        _ = live.append("zombie", to: job)
        live.flush(job)
        fixture.nodes[0].bus.rejoin()
        _ = live.append("zombie", to: job)
        live.flush(job)
        try await fixture.send("end", to: id, by: fixture.staff())
        let head = try await fixture.seqs(of: id).last ?? 0
        for (index, reader) in readers.enumerated() {
            if index == 0 { _ = try await fixture.nodes[0].watch.look(after: 0) }
            let frames = try await reader.reaches(head).frames
            let change = try #require(frames.firstIndex { $0.data["changes"]?["owner"] != nil })
            #expect(!frames[change...].contains { $0.type.hasPrefix("reply.") }, "node \(index)")
        }
        try await eventually("the run is told") { isCancelled.withLock { $0 } }
        #expect(live.snapshot(of: job.id, in: id) == nil)
    }

    /// The node that makes the reply has heard of nothing, and its reader finds the change by itself: what is known of the reply
    /// here is of the older owner and is not told.
    @Test func aReaderThatFindsAChangeOfOwnerIsNotToldTheTextOfTheOldOne() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let reader = try await fixture.nodes[0].read(id, by: visitor)
        try await reader.reaches(1)
        let job = try await fixture.ask(in: id, by: visitor)
        let isCancelled = Mutex(false)
        try await fixture.show(job, "text", on: 0) { isCancelled.withLock { $0 = true } }
        try await reader.reaches(3)
        fixture.nodes[0].bus.cutOff()
        fixture.committers.choose(1)
        try await fixture.send("I take over", to: id, by: fixture.staff())
        _ = try await fixture.nodes[0].watch.look(after: 0)
        let frames = try await reader.reaches(5).frames
        let change = try #require(frames.firstIndex { $0.data["changes"]?["owner"] != nil })
        try await fixture.send("more", to: id, by: fixture.staff())
        _ = try await fixture.nodes[0].watch.look(after: 0)
        let after = try await reader.reaches(6).frames[change...]
        #expect(!after.contains { $0.type.hasPrefix("reply.") })
        #expect(isCancelled.withLock { $0 }, "the log tells the run, when nobody else does")
    }

    /// A reader that resumes behind the change of owner has not seen it in this socket, but knows it from the head.
    @Test func aReaderThatResumesBehindAChangeOfOwnerDropsOlderFrames() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let job = try await fixture.ask(in: id, by: visitor)
        try await fixture.send("I take over", to: id, by: fixture.staff())
        let head = try await fixture.send("more", to: id, by: fixture.staff()).seq
        let reader = try await fixture.nodes[1].read(id, after: head - 1, by: visitor)
        try await reader.reaches(head)
        // A node that stood still begins what it was about to begin.
        fixture.nodes[0].hub.liveReplies.begin(job, onCancel: {})
        fixture.nodes[0].hub.typing(in: id, by: fixture.staff().actor)
        try await reader.wait("what comes behind it") { $0.types.contains("typing") }
        #expect(!reader.types.contains { $0.hasPrefix("reply.") })
    }

    /// G6: attempts are never mixed. A node was taken for dead, another has taken its reply over, and it wakes up.
    @Test func piecesOfARunThatWasOvertakenAreDropped() async throws {
        let fixture = try await ClusterFixture(nodes: 3)
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        var readers: [Reader] = []
        for node in fixture.nodes { readers.append(try await node.read(id, by: visitor)) }
        for reader in readers { try await reader.reaches(1) }
        let job = try await fixture.ask(in: id, by: visitor)
        try await fixture.show(job, "old ", on: 0)
        let (zombie, taker) = (fixture.nodes[0].hub.liveReplies, fixture.nodes[1].hub.liveReplies)
        #expect(zombie.append("start ", to: job))
        zombie.flush(job)
        for reader in readers { try await reader.wait("the first piece") { $0.types.contains("reply.delta") } }
        fixture.clock.advance(seconds: 13)
        let taken = try #require(
            try await fixture.store.write { try $0.takeOverReplies(includingOwn: true, limit: 1) }.first)
        #expect(taken.generation == 2)
        taker.begin(taken, onCancel: {})
        try await fixture.store.write(to: id) { try $0.resumeReply(taken) }
        taker.resumed(taken)
        taker.reset(to: taken, reason: "takeover")
        #expect(taker.append("new ", to: taken))
        taker.flush(taken)
        for reader in readers { try await reader.wait("the new run") { $0.frames.last?.text == "new " } }
        #expect(zombie.append("zombie ", to: job))
        zombie.flush(job)
        zombie.tell(job.id, in: id)
        #expect(taker.append("text", to: taken))
        taker.flush(taken)
        for reader in readers {
            let seen = try await reader.wait("the end of the new run") { $0.frames.last?.text == "text" }
            var model = ReplyModel()
            for frame in seen.frames { model.take(frame) }
            #expect(model.text == "new text" && model.gaps == 0)
            #expect(!seen.frames.contains { $0.text == "zombie " })
        }
        // It is refused by the database, too.
        await #expect(throws: ReplyRefusal.leaseLost) {
            try await fixture.store.write(to: id) { try $0.checkpointReply(job, text: "zombie") }
        }
        fixture.committers.choose(1)
        try await fixture.complete(taken, "new text")
        for reader in readers { try await reader.wait("the end") { $0.types.contains("message.completed") } }
        #expect(zombie.append("zombie again", to: job))
        zombie.flush(job)
        fixture.nodes[0].hub.typing(in: id, by: fixture.staff().actor)
        for reader in readers {
            let seen = try await reader.wait("what comes behind it") { $0.types.contains("typing") }
            #expect(seen.frames.last { $0.type != "typing" }?.type == "message.completed")
        }
    }

    /// A bus that stood still lets out at once what was told to it long ago: of replies that have ended, and that a reader who
    /// came later has never heard of.
    @Test func piecesThatComeAfterLaterRepliesAreDropped() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let early = try await fixture.nodes[1].read(id, by: visitor)
        try await early.reaches(1)
        let first = try await fixture.ask(in: id, by: visitor)
        try await fixture.show(first, "first ", on: 0)
        try await fixture.complete(first, "first answer")
        let second = try await fixture.ask("and then?", in: id, by: visitor)
        try await fixture.show(second, "second ", on: 0)
        try await fixture.complete(second, "second answer")
        let head = try await fixture.seqs(of: id).last ?? 0
        let late = try await fixture.nodes[1].read(id, after: head, by: visitor)
        let said = try await fixture.send("thanks", to: id, by: visitor).seq
        for reader in [early, late] { try await reader.reaches(said) }
        let live = fixture.nodes[0].hub.liveReplies
        for job in [first, second] {
            #expect(live.append("late", to: job))
            live.flush(job)
        }
        fixture.nodes[0].hub.typing(in: id, by: fixture.staff().actor)
        for reader in [early, late] {
            let seen = try await reader.wait("what comes behind it") { $0.types.contains("typing") }
            #expect(!seen.frames.contains { $0.text == "late" })
        }
    }
}

/// A client's view of one reply's text, by the rules that the protocol gives to its authors.
struct ReplyModel {
    private(set) var text = ""
    private(set) var generation: Int64?
    /// How often it would have sent `reply.sync`.
    private(set) var gaps = 0

    mutating func take(_ frame: SeenFrame) {
        switch frame.type {
        case "message.created":
            guard frame.message?["sender"]?["kind"]?.stringValue == "ai" else { return }
            text = frame.message?["content"]?.stringValue ?? ""
        case "reply.delta": grow(frame)
        case "reply.reset", "reply.snapshot":
            if let generation, let told = frame.generation, told < generation { return }
            generation = frame.generation
            text = frame.type == "reply.reset" ? frame.data["keep"]?.stringValue ?? "" : frame.text ?? ""
        default: break
        }
    }

    private mutating func grow(_ frame: SeenFrame) {
        guard let offset = frame.data["offset"]?.intValue, let piece = frame.text else { return }
        if let generation, let told = frame.generation {
            if told < generation { return }
            if told > generation {
                gaps += 1
                return
            }
        }
        let length = Int64(text.unicodeScalars.count)
        guard offset <= length else {
            gaps += 1
            return
        }
        generation = frame.generation
        text += String(String.UnicodeScalarView(piece.unicodeScalars.dropFirst(Int(length - offset))))
    }
}
