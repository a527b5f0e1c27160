import Cluster
import Domain
import NIOCore
import Testing

@testable import Realtime

@Suite struct EventRunTests {
    private func event(
        _ seq: Int64, in conversation: Int64 = 1, of sender: Actor.Kind? = .contact, size: Int = 10,
        newOwner: Bool = false
    ) -> SharedEvent {
        let owner = Owner(kind: .none, epoch: 2)
        let rung = RungEvent(
            workspaceId: Identifier(1), conversationId: Identifier(conversation), seq: seq, kind: .messageCreated,
            message: sender.map { .init(id: Identifier(seq), status: .sent, sender: $0) },
            owners: newOwner ? OwnerChange(from: owner, to: owner) : nil, isHiddenFromContacts: false, json: nil)
        let text = "\(conversation).\(seq) " + String(repeating: "x", count: size)
        return SharedEvent(
            EventFacts(rung), .init(staff: ByteBuffer(string: "s" + text), contact: ByteBuffer(string: "c" + text)))
    }

    private func seqs(_ runs: [EventRun]) -> [[Int64]] { runs.map { $0.events.map(\.facts.seq) } }

    @Test func neighboursOfAConversationGoTogether() {
        let runs = EventRun.runs(of: [event(4), event(5), event(6)])
        #expect(seqs(runs) == [[4, 5, 6]])
        #expect(runs.first?.firstSeq == 4 && runs.first?.lastSeq == 6)
        #expect(EventRun.runs(of: []).isEmpty)
    }

    @Test func anotherConversationAHoleAndAChangeOfOwnerBeginAnewInOrder() {
        #expect(seqs(EventRun.runs(of: [event(4), event(9, in: 2), event(5), event(6)])) == [[4], [9], [5, 6]])
        #expect(seqs(EventRun.runs(of: [event(4), event(6), event(7)])) == [[4], [6, 7]])
        #expect(seqs(EventRun.runs(of: [event(.max), event(.min)])) == [[.max], [.min]])
        let runs = EventRun.runs(of: [event(4), event(5, newOwner: true), event(6), event(7)])
        #expect(seqs(runs) == [[4], [5], [6, 7]])
        #expect(runs.map(\.isPlain) == [true, false, true])
    }

    @Test func aRunIsBounded() {
        let count = Int64(EventRun.maximumEvents)
        let runs = EventRun.runs(of: (1...2 * count + 1).map { event($0) })
        #expect(runs.map(\.events.count) == [Int(count), Int(count), 1])
        #expect(seqs(runs).flatMap { $0 } == Array(1...2 * count + 1))
    }

    /// Each kind of reader gets the frames that it would get one by one, behind each other.
    @Test(arguments: [Viewer.staff, .contact]) func itsFramesLieBehindEachOther(viewer: Viewer) throws {
        let events = [event(4), event(5, size: 300), event(6, size: 0)]
        let run = try #require(EventRun.runs(of: events).first)
        let joined = try #require(run.frame(for: viewer))
        var expected = ByteBuffer()
        for event in events { expected.writeImmutableBuffer(event.frame(for: viewer).bytes) }
        #expect(joined.bytes == expected)
        let one = try #require(EventRun.runs(of: [event(4)]).first?.frame(for: viewer))
        #expect(one.bytes == events[0].frame(for: viewer).bytes)
    }

    @Test func whatIsLargeStaysApart() throws {
        let half = EventRun.maximumJoinedBytes / 2
        #expect(EventRun.runs(of: [event(4, size: half), event(5, size: half)]).first?.frame(for: .staff) == nil)
        // Alone it need not be copied.
        let large = try #require(EventRun.runs(of: [event(4, size: 4 * half)]).first?.frame(for: .staff))
        #expect(large.bytes.readableBytes > 4 * half)
    }

    @Test func itKnowsWhetherItIsAboutAReply() {
        #expect(EventRun.runs(of: [event(4), event(5, of: .ai)]).first?.concernsReplies == true)
        #expect(EventRun.runs(of: [event(4), event(5, of: nil)]).first?.concernsReplies == false)
    }

    @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]) func aFrameKnowsItsPayload(size: Int) {
        let text = ByteBuffer(repeating: 0x61, count: size)
        #expect(TextFrame(text).payload == text)
    }
}
