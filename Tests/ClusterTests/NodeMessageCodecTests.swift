import Domain
import NIOCore
import Testing

@testable import Cluster

@Suite(.serialized) struct NodeMessageCodecTests {
    // MARK: Samples

    private static let numbers: [Int64] = [.min, -1, 0, 1, 42, .max]
    private static let texts = ["", "a", "你好，世界", "👩‍👩‍👧‍👦🇨🇳", "\u{0}\n\"\\", String(repeating: "长", count: 5_000)]

    private static func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private static let owners: [OwnerChange?] = {
        let every = Owner.Kind.allCases.enumerated().map { index, kind in
            Owner(kind: kind, id: index.isMultiple(of: 2) ? nil : numbers[index], epoch: numbers[index])
        }
        return [nil] + every.map { OwnerChange(from: nil, to: $0) } + every.map { OwnerChange(from: $0, to: every[0]) }
    }()

    private static let notices: [NodeMessage] = Notice.Audience.allCases.enumerated().map { index, audience in
        .notice(
            Notice(
                id: Identifier(numbers[index]), workspaceId: Identifier(numbers[index + 1]), code: texts[index],
                text: texts[index + 1], audience: audience, locale: [nil, "zh-CN", "en"][index]))
    }

    private static let events: [RungEvent] = {
        var events: [RungEvent] = []
        for (index, kind) in Event.Kind.allCases.enumerated() {
            for (place, number) in numbers.enumerated() {
                let status = Message.Status.allCases[(index + place) % Message.Status.allCases.count]
                let sender = Actor.Kind.allCases[(index + place) % Actor.Kind.allCases.count]
                let text = texts[(index + place) % texts.count]
                events.append(
                    RungEvent(
                        workspaceId: Identifier(number), conversationId: Identifier(numbers[index]), seq: number,
                        kind: kind,
                        message: place.isMultiple(of: 2)
                            ? .init(id: Identifier(number), status: status, sender: sender) : nil,
                        owners: owners[(index + place) % owners.count],
                        isHiddenFromContacts: place.isMultiple(of: 2),
                        json: [
                            nil, RungEvent.Forms(staff: bytes(text), contact: bytes(text)),
                            RungEvent.Forms(staff: bytes(text), contact: bytes("other")),
                        ][place % 3]))
            }
        }
        return events
    }()

    private static let frames: [PassedFrame] = {
        var kinds: [PassedFrame.Kind] = texts.map { .replaceable(key: $0) }
        for (number, text) in zip(numbers, texts) {
            kinds.append(.delta(id: Identifier(number), generation: number, offset: 0, text: text))
            kinds.append(.delta(id: Identifier(1), generation: 1, offset: .max, text: text))
            kinds.append(.reply(id: Identifier(number), generation: number))
            kinds.append(.reset(id: Identifier(number), generation: number))
            kinds.append(.snapshot(id: Identifier(number), generation: number, text: text))
        }
        return kinds.enumerated().map { index, kind in
            let number = numbers[index % numbers.count]
            return PassedFrame(
                conversationId: Identifier(number), type: texts[index % texts.count], kind: kind,
                ownerEpoch: index.isMultiple(of: 2) ? number : nil,
                excluded: [
                    nil, .init(kind: .contact, id: number), .init(kind: .ai, id: nil),
                ][index % 3],
                json: .init(staff: bytes("{}"), contact: bytes(index.isMultiple(of: 2) ? "{}" : "{\"a\":1}")))
        }
    }()

    private static let messages: [NodeMessage] =
        [
            .events([]), .events(events), .replies([]),
            .replies(texts.map { OwedReply(id: Identifier(7), owner: $0) }),
            .ended(EndedRights()),
            .ended(
                EndedRights(
                    sessions: numbers.map { Identifier($0) }, logins: numbers.map { Identifier($0) },
                    keys: numbers.reversed().map { Identifier($0) },
                    users: Dictionary(uniqueKeysWithValues: numbers.map { (Identifier($0), $0) }))),
            .stopReply(Identifier(.max), in: Identifier(.min)), .wantsReply(Identifier(.min), in: Identifier(.max)),
        ] + frames.map { .passing($0) } + notices

    // MARK: Tests

    @Test(arguments: ["", "node-a", "节点", String(repeating: "n", count: 300)])
    func whatIsWrittenIsReadBack(node: String) throws {
        for message in Self.messages {
            let decoded = try #require(NodeMessageCodec.decode(NodeMessageCodec.encode(message, from: node)))
            #expect(decoded.message == message && decoded.node == node)
        }
    }

    @Test func everyEventAndFrameIsReadBackAlone() throws {
        for message in Self.events.map({ NodeMessage.events([$0]) }) {
            #expect(NodeMessageCodec.decode(NodeMessageCodec.encode(message, from: "a"))?.message == message)
        }
    }

    /// A payload may be a slice of what came in with it.
    @Test func aSliceIsReadLikeABufferOfItsOwn() throws {
        for message in Self.messages {
            var whole = ByteBuffer(string: "before")
            whole.writeImmutableBuffer(NodeMessageCodec.encode(message, from: "a"))
            whole.writeString("behind")
            let slice = try #require(whole.getSlice(at: 6, length: whole.readableBytes - 12))
            #expect(NodeMessageCodec.decode(slice)?.message == message)
        }
    }

    @Test func whatIsCutShortOrGoesOnIsDropped() throws {
        for message in Self.messages {
            let encoded = NodeMessageCodec.encode(message, from: "node-a")
            // Of long ones, where the fields begin and some of the rest.
            let lengths = (0..<encoded.readableBytes).filter { $0 < 600 || $0.isMultiple(of: 97) }
            for length in lengths {
                let part = try #require(encoded.getSlice(at: 0, length: length))
                #expect(NodeMessageCodec.decode(part) == nil, "\(length) of \(encoded.readableBytes) bytes")
            }
            var longer = encoded
            longer.writeInteger(UInt8(0))
            #expect(NodeMessageCodec.decode(longer) == nil)
        }
    }

    @Test(arguments: 0..<40)
    func damagedBytesAreAMessageOrNothing(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for message in Self.messages {
            var bytes = Array(NodeMessageCodec.encode(message, from: "node-a").readableBytesView)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<max(1, min(bytes.count, 400)), using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
                }
                if bytes.isEmpty { bytes = [1] }
            }
            // What can be read can be written, and is then the same.
            guard let decoded = NodeMessageCodec.decode(ByteBuffer(bytes: bytes)) else { continue }
            let again = NodeMessageCodec.decode(NodeMessageCodec.encode(decoded.message, from: decoded.node))
            #expect(again?.message == decoded.message && again?.node == decoded.node)
        }
    }

    @Test(arguments: 0..<20)
    func noiseIsNothing(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<500 {
            let count = Int.random(in: 0..<80, using: &random)
            var bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            if count > 8, Bool.random(using: &random) {
                // Past the version and a name, so that the fields are reached.
                bytes.replaceSubrange(0..<7, with: [1, 0, 0, 0, 1, 97, UInt8.random(in: 0...8, using: &random)])
            }
            _ = NodeMessageCodec.decode(ByteBuffer(bytes: bytes))
        }
    }

    @Test func aListThatSaysItIsEndlessCostsNothing() {
        // Events, counted as four milliards, and none of them there.
        for count: UInt32 in [1, UInt32(NodeMessageCodec.maximumCount), .max] {
            var bytes = ByteBuffer()
            bytes.writeInteger(NodeMessageCodec.version)
            bytes.writeInteger(UInt32(0))
            bytes.writeInteger(UInt8(1))
            bytes.writeInteger(count)
            #expect(NodeMessageCodec.decode(bytes) == nil)
        }
        // A name that is longer than memory.
        var bytes = ByteBuffer()
        bytes.writeInteger(NodeMessageCodec.version)
        bytes.writeInteger(UInt32.max)
        #expect(NodeMessageCodec.decode(bytes) == nil)
    }

    @Test func whatANewerBuildSaysIsDropped() {
        let encoded = NodeMessageCodec.encode(.stopReply(Identifier(1), in: Identifier(2)), from: "a")
        for version in UInt8.min ... .max where version != NodeMessageCodec.version {
            var other = encoded
            other.setInteger(version, at: 0)
            #expect(NodeMessageCodec.decode(other) == nil)
        }
        // The kind stands behind the version and a name of one letter.
        let kindPlace = 1 + 4 + 1
        #expect(encoded.getInteger(at: kindPlace, as: UInt8.self) == 5)
        for kind in UInt8.min ... .max where !(1...6).contains(kind) {
            var other = encoded
            other.setInteger(kind, at: kindPlace)
            #expect(NodeMessageCodec.decode(other) == nil)
        }
    }

    /// An event of a kind that this build does not know takes those beside it along: the log has them all.
    @Test func anUnknownKindOfEventDropsTheMessage() {
        let event = RungEvent(
            workspaceId: Identifier(1), conversationId: Identifier(2), seq: 3, kind: .messageCreated, message: nil,
            owners: nil, isHiddenFromContacts: false, json: nil)
        var bytes = NodeMessageCodec.encode(.events([event]), from: "a")
        let text = String(buffer: bytes)
        #expect(text.contains("message.created"))
        let place = bytes.readableBytesView.firstRange(of: "message.created".utf8)?.lowerBound ?? 0
        bytes.setString("message.creamed", at: place)
        #expect(NodeMessageCodec.decode(bytes) == nil)
    }
}
