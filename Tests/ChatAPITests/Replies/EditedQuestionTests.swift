import Assistant
import Domain
import Storage
import Synchronization
import Testing

/// What the assistant makes of questions that were changed or taken back.
@Suite(.timeLimit(.minutes(2))) struct EditedQuestionTests {
    private static let answer = ComposedReply(text: "re", sources: [], finish: .stop, isAnswered: true)

    @Test func aReplyAnswersTheTextAsItIsNowAndNeverADeletedOne() async throws {
        let asked = Mutex<[String]>([])
        let fixture = try await ReplyFixture { question, deliver in
            asked.withLock { $0.append((question.history + question.asked).map(\.content).joined(separator: "|")) }
            try await deliver(.text("re"))
            return Self.answer
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        try await fixture.store.write { transaction in
            let said = try ["secret", "helo"].map {
                try transaction.send(MessageDraft(content: $0), to: id, by: visitor).message.id
            }
            try transaction.delete(said[0], in: id, by: visitor)
            _ = try transaction.edit(said[1], in: id, content: "hello", by: visitor)
        }
        #expect(try await frames.value.last?.status == "complete")
        #expect(asked.withLock { $0 } == ["hello"])
    }

    @Test func aQuestionThatIsTakenBackIsNotAnsweredAndCallsNobody() async throws {
        let composed = Mutex(0)
        let fixture = try await ReplyFixture { _, _ in
            composed.withLock { $0 += 1 }
            return Self.answer
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "reply.failed" }
        try await fixture.store.write { transaction in
            let said = try transaction.send(MessageDraft(content: "never mind"), to: id, by: visitor).message.id
            try transaction.delete(said, in: id, by: visitor)
        }
        #expect(try await frames.value.last?.data["code"]?.stringValue == "cancelled")
        #expect(try await eventually { try await fixture.store.read { try $0.openJobs(of: id).isEmpty } })
        let admin = fixture.admin
        #expect(try await fixture.store.read { try $0.conversation(id, by: admin).owner.kind } == .ai)
        #expect(composed.withLock { $0 } == 0)
        // The next question is one like any other.
        try await fixture.send("but", to: id, by: visitor)
        #expect(await eventually { composed.withLock { $0 } == 1 })
    }

    /// An edit of the question leaves a reply alone that is being written to it.
    @Test func aReplyUnderWayGoesOn() async throws {
        let script = Script()
        let composed = Mutex(0)
        let fixture = try await ReplyFixture { _, deliver in
            composed.withLock { $0 += 1 }
            try await deliver(.text("r"))
            await script.step()
            try await deliver(.text("e"))
            return Self.answer
        }
        let (id, visitor) = try await fixture.visitor()
        let frames = try await fixture.frames(of: id, by: visitor) { $0.type == "message.completed" }
        let question = try await fixture.store.write {
            try $0.send(MessageDraft(content: "helo"), to: id, by: visitor).message.id
        }
        let isShown = try await eventually {
            try await fixture.store.read { try $0.openJobs(of: id).first?.state == .shown }
        }
        #expect(isShown)
        _ = try await fixture.store.write { try $0.edit(question, in: id, content: "hello", by: visitor) }
        await script.release()
        #expect(try await frames.value.last?.message?["content"]?.stringValue == "re")
        #expect(composed.withLock { $0 } == 1)
    }
}
