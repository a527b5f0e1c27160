import Assistant
import Domain
import Storage
import Synchronization
import Testing
import Wire

@testable import Realtime

@Suite(.timeLimit(.minutes(2))) struct ReplyCourseTests {
    private static func whole(_ text: String, isAnswered: Bool = true) -> ComposedReply {
        ComposedReply(text: text, sources: [], finish: .stop, isAnswered: isAnswered)
    }

    @Test func aReplyBeginsGrowsAndEndsOnce() async throws {
        let fixture = try await ReplyFixture { _, deliver in
            for piece in ["你好", "，", "世界🌍", "!"] { try await deliver(.text(piece)) }
            return Self.whole("你好，世界🌍!")
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.send("hi", to: id, by: visitor)
        let seen = try await frames.value
        let types = seen.map(\.type).filter { $0 != "reply.delta" }
        #expect(
            types == [
                "conversation.created", "message.created", "reply.started", "message.created", "message.completed",
            ])
        // Pieces follow on each other without gap or overlap, counted in scalars.
        var text = try #require(
            seen.first { $0.isOfAI && $0.type == "message.created" }?.message?["content"]?.stringValue)
        for delta in seen where delta.type == "reply.delta" {
            #expect(delta.data["offset"]?.intValue == Int64(text.unicodeScalars.count))
            text += try #require(delta.text)
        }
        #expect(text == "你好，世界🌍!")
        #expect(seen.last?.message?["content"]?.stringValue == text)
        #expect(seen.last?.status == "complete")
    }

    @Test func aBurstGetsOneAnswerToAllOfIt() async throws {
        let asked = Mutex<[String]>([])
        let fixture = try await ReplyFixture(burst: .milliseconds(150)) { question, deliver in
            asked.withLock { $0.append(question.text) }
            try await deliver(.text("re: \(question.text)"))
            return Self.whole("re: \(question.text)")
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        for word in ["one", "two", "three"] { try await fixture.send(word, to: id, by: visitor) }
        let seen = try await frames.value
        #expect(seen.filter { $0.isOfAI && $0.type == "message.created" }.count == 1)
        #expect(seen.last?.message?["content"]?.stringValue == "re: one\ntwo\nthree")
        #expect(asked.withLock { $0.last } == "one\ntwo\nthree")
    }

    /// A reply that is ready when the burst ends is shown and completed at the same moment, by one of two hands only.
    @Test func aReplyThatIsReadyBeforeItMayBeShownEndsInItsFirstGeneration() async throws {
        let fixture = try await ReplyFixture(burst: .milliseconds(5)) { _, deliver in
            try await deliver(.text("ready"))
            return Self.whole("ready")
        }
        for _ in 0..<40 {
            let (id, visitor) = try await fixture.visitor()
            let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
            try await fixture.send("hi", to: id, by: visitor)
            let seen = try await frames.value
            #expect(!seen.contains { $0.type == "reply.reset" })
            #expect(seen.filter { $0.isOfAI && !$0.type.hasPrefix("reply.") }.count == 2)
        }
    }

    @Test func whatIsAskedWhileAReplyIsShownIsAnsweredByTheNext() async throws {
        let script = Script()
        let fixture = try await ReplyFixture { question, deliver in
            try await deliver(.text("to "))
            await script.step()
            try await deliver(.text(question.asked.last?.content ?? ""))
            return Self.whole("to " + (question.asked.last?.content ?? ""))
        }
        let (id, visitor) = try await fixture.visitor()
        let completed = Mutex(0)
        let shown = try await fixture.frames(of: id, by: visitor) { $0.isOfAI && $0.type == "message.created" }
        let frames = try await fixture.frames(of: id, by: visitor) { frame in
            frame.type == "message.completed"
                && completed.withLock {
                    $0 += 1
                    return $0 == 2
                }
        }
        try await fixture.send("first", to: id, by: visitor)
        _ = try await shown.value
        try await fixture.send("second", to: id, by: visitor)
        await script.release(2)
        let answers = try await frames.value.filter { $0.type == "message.completed" }
        #expect(answers.map { $0.message?["content"]?.stringValue } == ["to first", "to second"])
    }

    @Test func aFailureEndsAtAHumanVisibly() async throws {
        struct Broken: Error {}
        let fixture = try await ReplyFixture { _, _ in throw Broken() }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.changesOwner }
        try await fixture.send("hi", to: id, by: visitor)
        let seen = try await frames.value
        let system = try #require(seen.lastIndex { $0.message?["sender"]?["kind"]?.stringValue == "system" })
        #expect(seen[system].message?["content"]?.stringValue == Texts.handingOverOnFailure(in: .english))
        #expect(seen.last?.data["changes"]?["owner"]?["kind"]?.stringValue == "none")
        #expect(
            !seen.contains { $0.message?["sender"]?["kind"]?.stringValue == "ai" }, "no message when nothing was shown")
    }

    @Test func threeFailuresInARowAreTroubleAndAnAnswerEndsIt() async throws {
        struct Broken: Error {}
        let isBroken = Mutex(true)
        let fixture = try await ReplyFixture { _, deliver in
            if isBroken.withLock({ $0 }) { throw Broken() }
            try await deliver(.text("fine"))
            return Self.whole("fine")
        }
        func ask(until isLast: @escaping @Sendable (SeenFrame) -> Bool) async throws {
            let (id, visitor) = try await fixture.visitor()
            let frames = try await fixture.frames(of: id, by: visitor, until: isLast)
            try await fixture.send("hi", to: id, by: visitor)
            _ = try await frames.value
            #expect(await eventually { fixture.runtime.runningReplies == 0 })
        }
        for _ in 0..<3 {
            #expect(!fixture.runtime.isTroubled)
            try await ask { $0.changesOwner }
        }
        #expect(fixture.runtime.isTroubled)
        isBroken.withLock { $0 = false }
        try await ask { $0.type == "message.completed" }
        #expect(!fixture.runtime.isTroubled)
    }

    @Test func aFailureInMidTextKeepsWhatWasShownAsPartial() async throws {
        struct Broken: Error {}
        let fixture = try await ReplyFixture { _, deliver in
            try await deliver(.text("half an answer"))
            throw Broken()
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.changesOwner }
        try await fixture.send("hi", to: id, by: visitor)
        let seen = try await frames.value
        let ended = try #require(seen.first { $0.type == "message.completed" })
        #expect(ended.status == "partial" && ended.data["finish_reason"]?.stringValue == "partial")
        #expect(ended.message?["content"]?.stringValue == "half an answer")
    }

    @Test func anotherProviderInMidTextStartsAnewUnderAHigherGeneration() async throws {
        let fixture = try await ReplyFixture { _, deliver in
            try await deliver(.text("wrong start"))
            try await deliver(.reset(reason: "provider"))
            try await deliver(.text("right"))
            try await deliver(.text(" answer"))
            return Self.whole("right answer")
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.send("hi", to: id, by: visitor)
        let seen = try await frames.value
        let reset = try #require(seen.firstIndex { $0.type == "reply.reset" })
        #expect(seen[reset].data["generation"]?.intValue == 2 && seen[reset].data["keep"]?.stringValue == "")
        let after = seen[reset...].filter { $0.type == "reply.delta" }
        #expect(after.allSatisfy { $0.data["generation"]?.intValue == 2 })
        #expect(after.compactMap(\.text).joined() == "right answer")
        #expect(seen.last?.message?["content"]?.stringValue == "right answer")
    }

    /// The lease is renewed all the while; a renewal that meets the restart must not take the reply for lost.
    @Test func restartsAndRenewalsDoNotDisturbEachOther() async throws {
        let fixture = try await ReplyFixture(renewal: .milliseconds(1)) { _, deliver in
            for round in 0..<60 {
                try await deliver(.text("try \(round) "))
                try await deliver(.reset(reason: "provider"))
            }
            try await deliver(.text("done"))
            return Self.whole("done")
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.send("hi", to: id, by: visitor)
        #expect(try await frames.value.last?.message?["content"]?.stringValue == "done")
    }

    @Test func anExplicitRequestHandsOverWithoutAskingAnyProvider() async throws {
        let wasAsked = Mutex(false)
        let fixture = try await ReplyFixture { _, _ in
            wasAsked.withLock { $0 = true }
            return Self.whole("no")
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.changesOwner }
        try await fixture.send("human", to: id, by: visitor)
        let seen = try await frames.value
        #expect(seen.contains { $0.message?["content"]?.stringValue == Texts.handingOverOnRequest(in: .english) })
        #expect(!wasAsked.withLock { $0 })
    }

    @Test func twoUnknownsInARowHandOver() async throws {
        let fixture = try await ReplyFixture { _, deliver in
            try await deliver(.text("I do not know"))
            return Self.whole("I do not know", isAnswered: false)
        }
        let (id, visitor) = try await fixture.visitor()
        let first = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.send("?", to: id, by: visitor)
        #expect(try await !first.value.contains { $0.changesOwner })
        let second = try await fixture.frames(of: id, by: visitor) { $0.changesOwner }
        try await fixture.send("??", to: id, by: visitor)
        #expect(
            try await second.value.contains {
                $0.message?["content"]?.stringValue == Texts.handingOverOnUnknown(in: .english)
            })
    }

    @Test func aReplyThatHangsIsHandedOver() async throws {
        let fixture = try await ReplyFixture(limit: .milliseconds(100)) { _, _ in
            try await Task.sleep(for: .seconds(3600))
            return Self.whole("never")
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.changesOwner }
        try await fixture.send("hi", to: id, by: visitor)
        #expect(
            try await frames.value.contains {
                $0.message?["content"]?.stringValue == Texts.handingOverOnFailure(in: .english)
            })
    }

    @Test func aParticipantStopsAReplyAndWhatWasShownIsKept() async throws {
        let script = Script()
        let fixture = try await ReplyFixture { _, deliver in
            try await deliver(.text("shown"))
            await script.step()
            try await deliver(.text(" not shown"))
            return Self.whole("all")
        }
        let (id, visitor) = try await fixture.visitor()
        let shown = try await fixture.frames(of: id, by: visitor) { $0.isOfAI && $0.type == "message.created" }
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.updated" }
        try await fixture.send("hi", to: id, by: visitor)
        let created = try #require(try await shown.value.last?.message?["id"]?.stringValue)
        let messageId: Identifier<Message> = try #require(fixture.views.identifiers.identifier(created))
        #expect(fixture.hub.cancelReply(messageId, in: id))
        await script.release()
        let ended = try #require(try await frames.value.last)
        #expect(ended.status == "cancelled" && ended.message?["content"]?.stringValue == "shown")
    }
}
