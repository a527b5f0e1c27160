import Domain
import Testing

@testable import HTTPAPI

@Suite("The course of a streamed reply")
struct ReplyProgressTests {
    private static let reply = Identifier<Message>(77)

    private func durable(
        _ seq: Int64, _ kind: Event.Kind = .messageCreated, _ message: Int64? = nil, _ status: Message.Status = .sent,
        owner: Bool = false, scalars: Int = 0
    ) -> ReplyProgress.Sight {
        .durable(
            .init(
                seq: seq, kind: kind, messageId: message.map { Identifier($0) }, messageStatus: status,
                changesOwner: owner, scalars: scalars))
    }

    private func steps(_ sights: [ReplyProgress.Sight]) -> [ReplyProgress.Step] {
        var progress = ReplyProgress(questionSeq: 5, replyId: Self.reply)
        return sights.map { progress.take($0) }
    }

    @Test("Nothing before the question, everything durable from it on, up to the ending")
    func course() {
        #expect(
            steps([
                durable(4, .messageCreated, 1), .started(generation: 1), durable(5, .messageCreated, 2),
                .started(generation: 1), durable(6, .messageCreated, 77, .streaming, scalars: 3),
                .delta(generation: 1, offset: 3, scalars: 2), .other, durable(7, .messageCompleted, 70),
                durable(8, .messageUpdated, 2), durable(9, .messageCompleted, 77, .complete),
            ]) == [
                .skip, .skip, .forward, .forward, .forward, .forward, .skip, .forward, .forward, .forwardAndEnd,
            ])
    }

    @Test("Cancelled, or another owner: that is the ending; a failure goes on to the human")
    func endings() {
        let begun = [durable(5), durable(6, .messageCreated, 77, .streaming)]
        #expect(steps(begun + [durable(7, .messageUpdated, 77, .cancelled)]).last == .forwardAndEnd)
        #expect(steps(begun + [durable(7, .messageUpdated, 77, .streaming)]).last == .forward)
        #expect(steps(begun + [durable(7, .conversationUpdated, owner: true)]).last == .forwardAndEnd)
        #expect(steps(begun + [durable(7, .conversationUpdated)]).last == .forward)
        #expect(steps(begun + [.failed]).last == .forward)
        #expect(steps([durable(4, .conversationUpdated, owner: true)]).last == .skip)
    }

    @Test("Pieces that the snapshot already had are not told again, nor those of an older generation")
    func snapshots() {
        #expect(
            steps([
                durable(5), durable(6, .messageCreated, 77, .streaming, scalars: 3),
                .snapshot(generation: 2, scalars: 10), .delta(generation: 2, offset: 7, scalars: 3),
                .delta(generation: 1, offset: 20, scalars: 1), .delta(generation: 2, offset: 10, scalars: 2),
                .delta(generation: 2, offset: 10, scalars: 2), .reset(generation: 3),
                .delta(generation: 2, offset: 12, scalars: 1), .delta(generation: 3, offset: 0, scalars: 4),
            ]) == [.forward, .forward, .forward, .skip, .skip, .forward, .skip, .forward, .skip, .forward])
    }

    @Test("Pieces without a message are nobody's")
    func early() {
        #expect(
            steps([durable(5), .delta(generation: 1, offset: 0, scalars: 1), .reset(generation: 2)])
                == [.forward, .skip, .skip])
    }

    @Test("A pulse hands on every element once, and beats while there is none")
    func pulse() async throws {
        let (source, input) = AsyncStream<Int>.makeStream()
        var elements: [Int] = []
        var ticks = 0
        try await Pulse.run(source, every: .milliseconds(2)) { beat in
            switch beat {
            case .element(let element): elements.append(element)
            case .tick:
                ticks += 1
                if ticks == 3 { for number in 0..<100 { input.yield(number) } }
                if ticks == 6 { input.finish() }
            }
            return true
        }
        #expect(elements == Array(0..<100) && ticks >= 6)
        let endless = AsyncStream<Int> { 1 }
        var count = 0
        try await Pulse.run(endless, every: .seconds(60)) { _ in
            count += 1
            return count < 1000
        }
        #expect(count == 1000)
    }

    @Test("A pulse ends with its reader")
    func cancelledPulse() async {
        let (source, input) = AsyncStream<Int>.makeStream()
        let task = Task {
            try await Pulse.run(source, every: .milliseconds(1)) { _ in true }
        }
        task.cancel()
        _ = await task.result
        input.finish()
    }
}
