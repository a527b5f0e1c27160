import Assistant
import Domain
import Storage
import Synchronization
import Testing
import Wire

/// Replies that end, or continue, with the offer or the coming of a human.
@Suite(.timeLimit(.minutes(2))) struct HandoffCourseTests {
    private static func shownText(_ seen: [SeenFrame]) -> String {
        var text = seen.first { $0.isOfAI && $0.type == "message.created" }?.message?["content"]?.stringValue ?? ""
        for delta in seen where delta.type == "reply.delta" { text += delta.text ?? "" }
        return text
    }

    private func note(in seen: [SeenFrame]) throws -> String {
        try #require(seen.first { $0.message?["type"]?.stringValue == "note" }?.message?["content"]?.stringValue)
    }

    @Test func anOfferIsPartOfTheShownReplyAndAYesToItHandsOver() async throws {
        let fixture = try await ReplyFixture { _, deliver in
            for piece in ["We ", "are ", "sorry."] { try await deliver(.text(piece)) }
            return ComposedReply(text: "We are sorry.", sources: [], finish: .stop, isAnswered: true)
        }
        let (id, visitor) = try await fixture.visitor()
        let first = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.send("this is ridiculous", to: id, by: visitor)
        let seen = try await first.value
        let text = "We are sorry.\n\n" + Texts.offer(because: .anger, in: .english)
        #expect(seen.last?.message?["content"]?.stringValue == text)
        #expect(Self.shownText(seen) == text)
        let second = try await fixture.frames(of: id, by: fixture.admin) { $0.changesOwner }
        try await fixture.send("yes please", to: id, by: visitor)
        let handed = try await second.value
        #expect(handed.last?.data["reason"]?.stringValue == "consent")
        #expect(handed.last?.data["changes"]?["priority"] == nil)
        let told = try note(in: handed)
        #expect(told.contains("this is ridiculous") && told.contains("We are sorry.") && told.contains("yes please"))
        let kept = try await fixture.store.read { try $0.handoffs(of: id, by: fixture.admin) }
        #expect(kept.first?.handoff.reason == .consent && kept.first?.handoff.tried.count == 1)
    }

    @Test func anUnknownAnswerOffersAHuman() async throws {
        let fixture = try await ReplyFixture { _, deliver in
            try await deliver(.text("I do not know."))
            return ComposedReply(text: "I do not know.", sources: [], finish: .stop, isAnswered: false)
        }
        let (id, visitor) = try await fixture.visitor()
        let first = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.send("where is it", to: id, by: visitor)
        let seen = try await first.value
        #expect(
            seen.last?.message?["content"]?.stringValue?.hasSuffix(Texts.offer(because: .unanswered, in: .english))
                == true)
        let second = try await fixture.frames(of: id, by: visitor) { $0.changesOwner }
        try await fixture.send("好的", to: id, by: visitor)
        let handed = try await second.value
        #expect(handed.contains { $0.message?["content"]?.stringValue == Texts.handingOverOnConsent(in: .chinese) })
        #expect(!handed.contains { $0.message?["type"]?.stringValue == "note" }, "notes are for staff")
    }

    @Test func aModelThatAsksForAHumanGetsOneWithoutAMessageOfItsOwn() async throws {
        let fixture = try await ReplyFixture { _, _ in
            ComposedReply(
                text: "", sources: [], finish: .stop, isAnswered: true,
                handoff: Handoff(.model, category: "refund", urgency: .high, language: "en", summary: "Wants a refund.")
            )
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: fixture.admin) { $0.changesOwner }
        try await fixture.send("my parcel arrived damaged", to: id, by: visitor)
        let seen = try await frames.value
        #expect(!seen.contains { $0.isOfAI && $0.type.hasPrefix("message.") })
        #expect(seen.last?.data["reason"]?.stringValue == "model")
        #expect(seen.last?.data["changes"]?["priority"]?.stringValue == "high")
        let kept = try #require(try await fixture.store.read { try $0.handoffs(of: id, by: fixture.admin) }.first)
        #expect(kept.handoff.category == "refund" && kept.handoff.summary == "Wants a refund.")
        #expect(try note(in: seen).contains("Wants a refund."))
    }

    @Test func aReplyThatClaimsATransferIsFollowedByOne() async throws {
        let text = "I am transferring you now to a human agent."
        let fixture = try await ReplyFixture { _, deliver in
            try await deliver(.text(text))
            return ComposedReply(text: text, sources: [], finish: .stop, isAnswered: true)
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: fixture.admin) { $0.changesOwner }
        try await fixture.send("my parcel is late", to: id, by: visitor)
        let seen = try await frames.value
        #expect(seen.filter { $0.type == "message.completed" }.map { $0.message?["content"]?.stringValue } == [text])
        #expect(seen.last?.data["reason"]?.stringValue == "claimed")
    }

    @Test(arguments: [
        (Handoff.Reason.contentFilter, Texts.handingOverOnContentFilter(in: .english)),
        (.budget, Texts.handingOverOnBudget(in: .english)), (.failure, Texts.handingOverOnFailure(in: .english)),
    ])
    func aReplyThatCannotBeMadeSaysWhyInItsOwnWords(reason: Handoff.Reason, told: String) async throws {
        let fixture = try await ReplyFixture { _, _ in throw ReplyFailed(reason) }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: fixture.admin) { $0.changesOwner }
        try await fixture.send("hi, how are the prices", to: id, by: visitor)
        let seen = try await frames.value
        #expect(seen.contains { $0.message?["content"]?.stringValue == told })
        #expect(seen.last?.data["reason"]?.stringValue == reason.rawValue)
    }

    @Test func theContactsButtonLeavesThePackageForStaff() async throws {
        let fixture = try await ReplyFixture { _, deliver in
            try await deliver(.text("三天。"))
            return ComposedReply(text: "三天。", sources: [], finish: .stop, isAnswered: true)
        }
        let (id, visitor) = try await fixture.visitor()
        let answered = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.send("退款多久到账", to: id, by: visitor)
        _ = try await answered.value
        _ = try await fixture.store.write {
            try $0.switchOwner(
                of: id, to: .anyHuman, reason: nil, wording: HandoffDesk.words(_:_:by:because:), by: visitor)
        }
        let kept = try #require(try await fixture.store.read { try $0.handoffs(of: id, by: fixture.admin) }.first)
        #expect(kept.handoff.language == "zh" && kept.handoff.summary.contains("退款多久到账"))
        #expect(kept.handoff.tried == ["已回答：三天。"])
    }

    @Test func theFirstAnswerAfterAHumanIsToldWhatTheHumanDid() async throws {
        let told = Mutex<[[String]]>([])
        let fixture = try await ReplyFixture { question, deliver in
            told.withLock { $0.append(question.interlude.map(\.content)) }
            try await deliver(.text("answer"))
            return ComposedReply(text: "answer", sources: [], finish: .stop, isAnswered: true)
        }
        let (id, visitor) = try await fixture.visitor()
        func ask(_ words: String) async throws {
            let count = told.withLock { $0.count }
            let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
            let ended = Task { try await frames.value }
            try await fixture.send(words, to: id, by: visitor)
            #expect(await eventually { told.withLock { $0.count > count } && fixture.runtime.runningReplies == 0 })
            ended.cancel()
        }
        try await ask("first question")
        try await fixture.send("Let me look at that", to: id, by: fixture.admin)
        try await fixture.send("thanks", to: id, by: visitor)
        try await fixture.send("It is done.", to: id, by: fixture.admin)
        _ = try await fixture.store.write { try $0.switchOwner(of: id, to: .ai, reason: nil, by: fixture.admin) }
        try await ask("another question")
        try await ask("a third thing")
        #expect(told.withLock { $0 } == [[], ["Let me look at that", "thanks", "It is done."], []])
    }
}
