import Domain
import NIOCore
import Testing

@testable import Realtime

@Suite struct OutboundQueueTests {
    private let conversation = Identifier<Conversation>(1)

    private func frame(_ text: String) -> TextFrame { TextFrame(ByteBuffer(string: text)) }

    private func delta(_ offset: Int, _ text: String, generation: Int64 = 1) -> PassingFrame {
        let delta = PassingFrame.ReplyDelta(
            messageId: Identifier(7), generation: generation, offset: offset, text: text,
            scalars: text.unicodeScalars.count)
        let frame = frame(text)
        return PassingFrame(
            type: "reply.delta", kind: .delta(delta), ownerEpoch: 1, excluded: nil, frame: frame, contactFrame: frame)
    }

    private func typing(_ key: String, _ text: String) -> PassingFrame {
        PassingFrame(
            type: "typing", kind: .replaceable(key: key), ownerEpoch: nil, excluded: nil, frame: frame(text),
            contactFrame: frame(text))
    }

    private func drained(_ queue: inout OutboundQueue) -> [String] {
        var texts: [String] = []
        while let frame = queue.next() { texts.append(String(buffer: frame.payload)) }
        return texts
    }

    @Test func durableFramesAreNeverDroppedButRefusedWhenThereIsNoRoom() {
        var queue = OutboundQueue()
        for index in 0..<OutboundQueue.maximumEntries {
            let isTaken = queue.append(frame("\(index)"))
            #expect(isTaken)
        }
        let isOneMoreTaken = queue.append(frame("one too many"))
        #expect(!isOneMoreTaken)
        let texts = drained(&queue)
        #expect(texts.count == OutboundQueue.maximumEntries)
        #expect(queue.bytes == 0)
    }

    /// Offsets come from other nodes.
    @Test func offsetsAtTheEndOfTheNumbersAreNotMerged() {
        var queue = OutboundQueue()
        _ = queue.append(frame("first"))
        for piece in [delta(.max, "a"), delta(.max, "b"), delta(0, "c")] {
            queue.append(piece, in: conversation, for: .contact) { frame("merged \($0.offset) \($0.text)") }
        }
        #expect(drained(&queue) == ["first", "a", "b", "c"])
    }

    @Test func oneLargerEventPassesAnEmptyQueue() {
        var queue = OutboundQueue()
        let large = frame(String(repeating: "x", count: OutboundQueue.maximumBytes + 1))
        let isLargeTaken = queue.append(large)
        let isNextTaken = queue.append(frame("next"))
        #expect(isLargeTaken && !isNextTaken)
    }

    @Test func deltasOfOneReplyAreMergedAndKeepTheirPlace() {
        var queue = OutboundQueue()
        for piece in [delta(0, "你"), delta(1, "好"), delta(2, "!")] {
            queue.append(piece, in: conversation, for: .contact) { frame("merged \($0.offset) \($0.text)") }
        }
        #expect(queue.count == 1)
        _ = queue.append(frame("event"))
        queue.append(delta(3, "?"), in: conversation, for: .contact) { frame("merged \($0.text)") }
        let texts = drained(&queue)
        #expect(texts == ["merged 0 你好!", "event", "?"])
    }

    @Test func deltasWithAGapOrOfAnotherGenerationStayApart() {
        var queue = OutboundQueue()
        for piece in [delta(0, "a"), delta(5, "b"), delta(0, "c", generation: 2)] {
            queue.append(piece, in: conversation, for: .contact) { frame("merged \($0.text)") }
        }
        let texts = drained(&queue)
        #expect(texts == ["a", "b", "c"])
    }

    @Test func aNewerOneTakesTheOldOnesPlace() {
        var queue = OutboundQueue()
        queue.append(typing("a", "1"), in: conversation, for: .staff) { _ in frame("") }
        queue.append(typing("b", "2"), in: conversation, for: .staff) { _ in frame("") }
        queue.append(typing("a", "3"), in: conversation, for: .staff) { _ in frame("") }
        let texts = drained(&queue)
        #expect(texts == ["3", "2"])
    }

    @Test func whatMayBeMissedIsDroppedWithoutRoom() {
        var queue = OutboundQueue()
        _ = queue.append(frame(String(repeating: "x", count: OutboundQueue.maximumBytes)))
        queue.append(delta(0, "a"), in: conversation, for: .contact) { _ in frame("") }
        #expect(queue.count == 1)
    }
}
