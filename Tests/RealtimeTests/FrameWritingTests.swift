import Domain
import NIOCore
import Testing

@testable import Realtime
@testable import Wire

/// The types of `FrameData` describe the frames; what is written by hand must be what they say.
@Suite("Frames as bytes")
struct FrameWritingTests {
    private let identifiers: PublicIdentifiers
    private let frames: ServerFrames
    private let passing: PassingFrames

    init() throws {
        identifiers = try #require(PublicIdentifiers(key: Array(1...16)))
        frames = ServerFrames(views: ViewMaker(identifiers: identifiers))
        passing = PassingFrames(identifiers: identifiers)
    }

    private struct Envelope<Content: Encodable>: Encodable {
        var type: ServerFrameType.RawValue
        var requestId: String?
        var conversationId: String?
        var data: Content

        init(_ type: ServerFrameType, _ requestId: String? = nil, _ conversationId: String? = nil, _ data: Content) {
            self.type = type.rawValue
            self.requestId = requestId
            self.conversationId = conversationId
            self.data = data
        }
    }

    private func expect(
        _ frame: TextFrame, is envelope: some Encodable, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            String(buffer: frame.payload) == String(decoding: JSON.encode(envelope), as: UTF8.self),
            sourceLocation: sourceLocation)
    }

    private static let texts = ["", "r1", "a \"b\" \\ c\n\u{1}", "你好 😀", String(repeating: "long ", count: 300)]
    private static let optionals: [String?] = [nil] + texts
    private let conversation = Identifier<Conversation>(41)
    private var conversationId: String { identifiers.text(conversation) }

    private func message(_ clientMessageId: String?) -> Message {
        Message(
            id: Identifier(42), workspaceId: Identifier(1), conversationId: conversation, seq: 43,
            clientMessageId: clientMessageId, sender: Actor(kind: .contact, id: 44, name: nil), kind: .text,
            content: "x", sources: [], status: .sent, replyTo: nil,
            createdAt: Timestamp(milliseconds: 1_795_000_000_123),
            editedAt: nil)
    }

    @Test("acknowledge messages", arguments: optionals, optionals)
    func acknowledgements(requestId: String?, text: String?) {
        expect(
            frames.ack(requestId: requestId, conversationId: text),
            is: Envelope(.ack, requestId, text, FrameData.Nothing()))
        for isDuplicate in [true, false] {
            let message = message(text)
            expect(
                frames.ack(of: message, isDuplicate: isDuplicate, requestId: requestId, conversationId: text),
                is: Envelope(
                    .ack, requestId, text,
                    FrameData.Sent(
                        messageId: identifiers.text(message.id), clientMessageId: text, seq: message.seq,
                        at: message.createdAt, duplicate: isDuplicate)))
        }
    }

    @Test("refuse", arguments: SocketError.Code.allCases, optionals)
    func refusals(code: SocketError.Code, text: String?) {
        for seconds in [nil, 0, 1, 0.25, 1e-7, 3600] as [Double?] {
            let error = SocketError(code, text ?? "no", retryInSeconds: seconds)
            expect(
                frames.error(error, requestId: text, conversationId: text),
                is: Envelope(
                    .error, text, text,
                    FrameData.Refused(
                        code: code, detail: error.detail, retryInSeconds: seconds, final: error.isFinal)))
        }
    }

    @Test("answer pings", arguments: optionals)
    func pongs(requestId: String?) throws {
        expect(
            frames.pong(headSeq: 7, requestId: requestId, conversationId: conversation),
            is: Envelope(.pong, requestId, conversationId, FrameData.Pong(headSeq: 7)))
        for count in [0, 1, 5, 200] {
            let heads = Dictionary(
                uniqueKeysWithValues: (0..<count).map { (Identifier<Conversation>(Int64($0)), Int64($0) * 1000) })
            let named = Dictionary(uniqueKeysWithValues: heads.map { (identifiers.text($0.key), $0.value) })
            let frame = frames.pong(heads: heads, requestId: requestId)
            // In any order.
            let envelope = JSON.encode(Envelope(.pong, requestId, nil, FrameData.Heads(heads: named)))
            #expect(try JSONValue(parsing: frame.payload.readableBytesView) == JSONValue(parsing: envelope))
        }
    }

    @Test("tell where a replay ends")
    func synced() {
        expect(frames.synced(), is: Envelope(.synced, nil, nil, FrameData.Nothing()))
        expect(
            frames.synced(conversation, at: 9), is: Envelope(.synced, nil, conversationId, FrameData.Synced(seq: 9)))
    }

    private func participant(_ actor: Actor, for viewer: Viewer) -> FrameData.Participant {
        FrameData.Participant(
            kind: actor.kind, id: ViewMaker(identifiers: identifiers).actorId(actor, for: viewer), name: actor.name)
    }

    @Test("tell who types and who has read what", arguments: Actor.Kind.allCases, [nil, 5] as [Int64?])
    func presence(kind: Actor.Kind, id: Int64?) {
        for name in Self.optionals {
            let actor = Actor(kind: kind, id: id, name: name)
            let typing = passing.typing(in: conversation, by: actor)
            let receipt = passing.receipt(in: conversation, of: actor, seq: 12)
            for viewer in [Viewer.staff, .contact] {
                let participant = participant(actor, for: viewer)
                expect(
                    typing.frame(for: viewer),
                    is: Envelope(.typing, nil, conversationId, FrameData.Typing(participant: participant)))
                expect(
                    receipt.frame(for: viewer),
                    is: Envelope(.receipt, nil, conversationId, FrameData.Receipt(participant: participant, seq: 12)))
            }
        }
    }

    @Test("carry the course of a reply", arguments: texts)
    func replies(text: String) {
        let delta = PassingFrame.ReplyDelta(
            messageId: Identifier(50), generation: 2, offset: 11, text: text, scalars: text.unicodeScalars.count)
        let id = identifiers.text(delta.messageId)
        expect(
            passing.delta(delta, in: conversation),
            is: Envelope(
                .replyDelta, nil, conversationId,
                FrameData.ReplyText(messageId: id, generation: 2, offset: 11, text: text)))
        for requestId in Self.optionals {
            expect(
                passing.snapshot(
                    of: delta.messageId, in: conversation, generation: 3, text: text, requestId: requestId),
                is: Envelope(
                    .replySnapshot, requestId, conversationId,
                    FrameData.ReplyText(
                        messageId: id, generation: 3, offset: text.unicodeScalars.count, text: text)))
        }
    }
}
