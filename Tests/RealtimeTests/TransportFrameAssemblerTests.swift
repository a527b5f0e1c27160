import NIOCore
import Testing

@testable import Realtime

@Suite("Frame assembler")
struct FrameAssemblerTests {
    typealias Event = FrameAssembler.Event

    /// - Parameter pieces: Sizes of the pieces that the input arrives in, the last one repeated.
    static func run(_ input: [UInt8], pieces: [Int]) -> [Event] {
        var assembler = FrameAssembler(maximumMessageBytes: 65_536)
        var events: [Event] = []
        var rest = input[...]
        var sizes = pieces.makeIterator()
        var size = input.count
        while !rest.isEmpty {
            size = max(1, sizes.next() ?? size)
            var bytes = ByteBuffer(bytes: rest.prefix(size))
            rest = rest.dropFirst(size)
            while let event = assembler.next(from: &bytes) { events.append(event) }
            #expect(bytes.readableBytes == 0)
        }
        return events
    }

    @Test("takes what RFC 6455 allows, wherever the bytes are cut", arguments: accepted)
    func takesValidFrames(_ example: Case) {
        check(example)
    }

    @Test("fails what RFC 6455 forbids, wherever the bytes are cut", arguments: refused)
    func refusesInvalidFrames(_ example: Case) {
        check(example)
    }

    private func check(_ example: Case) {
        let input = example.input
        #expect(Self.run(input, pieces: []) == example.expected)
        #expect(Self.run(input, pieces: [1]) == example.expected)
        for cut in 1..<min(max(2, input.count), 200) {
            #expect(Self.run(input, pieces: [cut, input.count]) == example.expected, "cut at \(cut)")
        }
    }

    @Test(
        "takes every close code that the registry allows",
        arguments: [1000, 1001, 1002, 1003, 1007, 1014, 3000, 3999, 4000, 4999])
    func takesRegisteredCloseCodes(code: UInt16) {
        #expect(Self.run(ClientFrame.close(code), pieces: []) == [.close(CloseCode(rawValue: code))])
    }

    @Test("takes messages up to the limit, in pieces of any size", arguments: [1, 3, 7, 1024, 70_000])
    func takesTheLargestMessage(piece: Int) {
        for message in [Self.long65535, Self.long65536] {
            #expect(Self.run(ClientFrame.text(message), pieces: [piece]) == [Self.text(message)])
        }
        #expect(Self.long65536.utf8.count == 65_536)
    }

    @Test("judges a length before it reads a single byte of the payload")
    func judgesTheDeclaredLength() {
        let header = ClientFrame.bytes(1, [], declaring: 65_537)
        #expect(Self.run(header, pieces: [1]) == [.violation(.messageTooBig, .tooBig)])
    }

    @Test("fails text at the first byte that cannot be UTF-8, not at the end of the message")
    func failsTextEarly() {
        let bytes = ClientFrame.bytes(1, [0x61, 0xFF] + Array(repeating: 0x61, count: 50)).prefix(8)
        #expect(Self.run(Array(bytes), pieces: []) == [.violation(.invalidText, .notUTF8)])
    }

    @Test("bounds the fragments of a message")
    func boundsFragments() {
        var input = ClientFrame.text("", final: false)
        for _ in 1..<Int(FrameAssembler.maximumFragments) { input += ClientFrame.more("", final: false) }
        #expect(Self.run(input, pieces: []) == [])
        #expect(
            Self.run(input + ClientFrame.more("", final: false), pieces: []) == [
                .violation(.messageTooBig, .tooManyFragments)
            ])
    }

    @Test("gives what it read from a seeded stream of frames, whatever the pieces")
    func survivesRandomStreams() {
        var random = SplitMix(state: 0x5EED)
        for _ in 0..<200 {
            var input: [UInt8] = []
            var expected: [Event] = []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let message = String(
                    (0..<Int.random(in: 0...300, using: &random)).map { _ in "aé語😀".randomElement(using: &random) ?? "a"
                    })
                var rest = Array(message.utf8)[...]
                var opcode: UInt8 = 1
                repeat {
                    let part = rest.prefix(Int.random(in: 0...200, using: &random))
                    rest = rest.dropFirst(part.count)
                    input += ClientFrame.bytes(opcode, Array(part), final: rest.isEmpty)
                    opcode = 0
                    if Bool.random(using: &random) {
                        input += ClientFrame.ping("k")
                        if rest.isEmpty { expected.append(Self.text(message)) }
                        expected.append(.ping(ByteBuffer(string: "k")))
                    } else if rest.isEmpty {
                        expected.append(Self.text(message))
                    }
                } while !rest.isEmpty
            }
            let pieces = (0..<20).map { _ in Int.random(in: 1...100, using: &random) }
            #expect(Self.run(input, pieces: pieces) == expected)
        }
    }
}

/// SplitMix64, so that a failing stream can be made again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
