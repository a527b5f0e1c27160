import NIOCore
import Testing

@testable import Realtime

/// Streams of a client and what the assembler must make of them.
extension FrameAssemblerTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let input: [UInt8]
        let expected: [Event]

        init(_ name: String, _ input: [[UInt8]], _ expected: [Event]) {
            testDescription = name
            self.input = input.flatMap { $0 }
            self.expected = expected
        }
    }

    static func text(_ text: String) -> Event { .text(ByteBuffer(string: text)) }

    static let long126 = String(repeating: "a", count: 126)
    static let long65535 = String(repeating: "é", count: 32_767) + "x"
    static let long65536 = String(repeating: "語文", count: 10_922) + "abcd"

    static let accepted: [Case] = [
        Case("a text", [ClientFrame.text("Hello")], [text("Hello")]),
        Case("an empty text", [ClientFrame.text("")], [text("")]),
        Case("an empty frame, then a text", [ClientFrame.text(""), ClientFrame.text("a")], [text(""), text("a")]),
        Case("two texts", [ClientFrame.text("one"), ClientFrame.text("two")], [text("one"), text("two")]),
        Case(
            "125 bytes", [ClientFrame.text(String(repeating: "b", count: 125))],
            [text(String(repeating: "b", count: 125))]),
        Case("126 bytes", [ClientFrame.text(long126)], [text(long126)]),
        Case(
            "fragments",
            [
                ClientFrame.text("one ", final: false), ClientFrame.more("two ", final: false),
                ClientFrame.more("three"),
            ],
            [text("one two three")]),
        Case(
            "empty fragments",
            [ClientFrame.text("", final: false), ClientFrame.more("", final: false), ClientFrame.more("x")],
            [text("x")]),
        Case(
            "a fragment's scalar cut",
            [ClientFrame.bytes(1, [0xE4, 0xBD], final: false), ClientFrame.bytes(0, [0xA0])],
            [text("你")]),
        Case(
            "controls between fragments",
            [
                ClientFrame.text("a", final: false), ClientFrame.ping("p"), ClientFrame.more("b", final: false),
                ClientFrame.pong("q"), ClientFrame.more("c"),
            ],
            [.ping(ByteBuffer(string: "p")), .pong(ByteBuffer(string: "q")), text("abc")]),
        Case("an empty ping", [ClientFrame.ping()], [.ping(ByteBuffer())]),
        Case(
            "a ping of 125 bytes", [ClientFrame.bytes(9, Array(repeating: 7, count: 125))],
            [.ping(ByteBuffer(repeating: 7, count: 125))]),
        Case("binary in a pong", [ClientFrame.bytes(10, [0xFF, 0x00])], [.pong(ByteBuffer(bytes: [0xFF, 0x00]))]),
        Case("a close without a code", [ClientFrame.close()], [.close(nil)]),
        Case("a close with a code", [ClientFrame.close(1000)], [.close(.normal)]),
        Case("a close with a reason", [ClientFrame.close(1001, Array("再见".utf8))], [.close(CloseCode(rawValue: 1001))]),
        Case(
            "nothing after a close", [ClientFrame.close(4000), ClientFrame.text("late"), [0xFF]],
            [.close(CloseCode(rawValue: 4000))]),
        Case(
            "a close within a message", [ClientFrame.text("a", final: false), ClientFrame.close(1000)],
            [.close(.normal)]),
        Case(
            "scalars of every length",
            [ClientFrame.text("aß語😀\u{0}\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}")],
            [text("aß語😀\u{0}\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}")]),
    ]

    static func violation(_ code: CloseCode, _ violation: FrameAssembler.Violation) -> [Event] {
        [.violation(code, violation)]
    }

    static let refused: [Case] =
        [
            Case(
                "an unmasked text", [ClientFrame.bytes(1, [0x61], masked: false)], violation(.protocolError, .notMasked)
            ),
            Case("an unmasked ping", [ClientFrame.bytes(9, [], masked: false)], violation(.protocolError, .notMasked)),
            Case("RSV1", [ClientFrame.bytes(1, [0x61], reserved: 0x40)], violation(.protocolError, .reservedBits)),
            Case("RSV2", [ClientFrame.bytes(1, [0x61], reserved: 0x20)], violation(.protocolError, .reservedBits)),
            Case(
                "RSV3 on a close", [ClientFrame.bytes(8, [], reserved: 0x10)], violation(.protocolError, .reservedBits)),
            Case("binary", [ClientFrame.bytes(2, [0])], violation(.unacceptableData, .binary)),
            Case("a binary fragment", [ClientFrame.bytes(2, [0], final: false)], violation(.unacceptableData, .binary)),
            Case(
                "a ping of 126 bytes", [ClientFrame.bytes(9, Array(repeating: 7, count: 126))],
                violation(.protocolError, .longControl)),
            Case(
                "a ping with a wide length", [ClientFrame.bytes(9, [1], inBytes: 8)],
                violation(.protocolError, .longControl)),
            Case(
                "a fragmented ping", [ClientFrame.bytes(9, [], final: false)],
                violation(.protocolError, .fragmentedControl)),
            Case(
                "a fragmented close", [ClientFrame.bytes(8, [], final: false)],
                violation(.protocolError, .fragmentedControl)),
            Case(
                "a continuation of nothing", [ClientFrame.more("a")], violation(.protocolError, .unexpectedContinuation)
            ),
            Case(
                "a continuation after a whole message", [ClientFrame.text("a"), ClientFrame.more("b")],
                [text("a")] + violation(.protocolError, .unexpectedContinuation)),
            Case(
                "a text within a message", [ClientFrame.text("a", final: false), ClientFrame.text("b")],
                violation(.protocolError, .interruptedMessage)),
            Case(
                "binary within a message", [ClientFrame.text("a", final: false), ClientFrame.bytes(2, [1])],
                violation(.protocolError, .interruptedMessage)),
            Case(
                "16 bits for a short length", [ClientFrame.bytes(1, [0x61], inBytes: 2)],
                violation(.protocolError, .notMinimal)),
            Case(
                "64 bits for a middle length", [ClientFrame.bytes(1, [], declaring: 0xFFFF, inBytes: 8)],
                violation(.protocolError, .notMinimal)),
            Case(
                "65 537 bytes declared", [ClientFrame.bytes(1, [], declaring: 65_537)],
                violation(.messageTooBig, .tooBig)),
            Case(
                "2^63 bytes declared", [ClientFrame.bytes(1, [], declaring: 1 << 63)],
                violation(.messageTooBig, .tooBig)),
            Case(
                "2^64-1 bytes declared", [ClientFrame.bytes(1, [], declaring: .max)], violation(.messageTooBig, .tooBig)
            ),
            Case(
                "too much in fragments",
                [ClientFrame.text(long65535, final: false), ClientFrame.bytes(0, [], declaring: 2)],
                violation(.messageTooBig, .tooBig)),
            Case("a close of one byte", [ClientFrame.bytes(8, [3])], violation(.protocolError, .badClose)),
            Case(
                "a close reason that is not UTF-8", [ClientFrame.close(1000, [0xC3, 0x28])],
                violation(.invalidText, .notUTF8)),
            Case("a close reason cut off", [ClientFrame.close(1000, [0xE4, 0xBD])], violation(.invalidText, .notUTF8)),
            Case("a text cut off", [ClientFrame.bytes(1, [0x61, 0xE4, 0xBD])], violation(.invalidText, .notUTF8)),
            Case(
                "a message cut off in its last fragment",
                [ClientFrame.text("a", final: false), ClientFrame.bytes(0, [0xF0, 0x9F, 0x98])],
                violation(.invalidText, .notUTF8)),
            Case(
                "nothing after a violation", [ClientFrame.more("a"), ClientFrame.text("b")],
                violation(.protocolError, .unexpectedContinuation)),
            Case(
                "HTTP instead of a frame", [Array("GET / HTTP/1.1\r\n\r\n".utf8)],
                violation(.protocolError, .reservedBits)),
        ]
        + [UInt8](3...7).map {
            Case("reserved opcode \($0)", [ClientFrame.bytes($0)], violation(.protocolError, .reservedOpcode))
        }
        + [UInt8](11...15).map {
            Case("reserved opcode \($0)", [ClientFrame.bytes($0)], violation(.protocolError, .reservedOpcode))
        }
        + [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map { (code: UInt16) in
            Case("close code \(code)", [ClientFrame.close(code)], violation(.protocolError, .badClose))
        }
        + [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xC3, 0xC3], [0xE4, 0xBD, 0x20], [0xF0, 0x9F, 0x98, 0xC0],
        ].map { (bytes: [UInt8]) in
            Case(
                "not UTF-8: \(bytes)", [ClientFrame.bytes(1, Array("12345678".utf8) + bytes + [0x61])],
                violation(.invalidText, .notUTF8))
        }
}
