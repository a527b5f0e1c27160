import NIOCore
import NIOEmbedded
import Testing

@testable import Cluster

@Suite struct RESPDecoderTests {
    /// What our decoder makes of pieces, until it fails.
    static func decode(
        _ pieces: [[UInt8]], limits: RESPDecoder.Limits = .init()
    ) -> (values: [RESPValue], fault: RESPDecoder.Fault?) {
        let processor = NIOSingleStepByteToMessageProcessor(RESPDecoder(limits: limits))
        var values: [RESPValue] = []
        do {
            for piece in pieces { try processor.process(buffer: ByteBuffer(bytes: piece)) { values.append($0) } }
            return (values, nil)
        } catch {
            return (values, error as? RESPDecoder.Fault)
        }
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: [
        ("+OK\r\n", RESPValue.status(ByteBuffer(string: "OK"))),
        ("+\r\n", .status(ByteBuffer())),
        ("+a\rb\nc\r\n", .status(ByteBuffer(string: "a\rb\nc"))),
        ("+a\r\r\n", .status(ByteBuffer(string: "a\r"))),
        ("-ERR no\r\n", .error(ByteBuffer(string: "ERR no"))),
        (":0\r\n", .integer(0)),
        (":-9223372036854775808\r\n", .integer(.min)),
        (":9223372036854775807\r\n", .integer(.max)),
        ("$0\r\n\r\n", .bulk(ByteBuffer())),
        ("$7\r\na\r\nb\0c$\r\n", .bulk(ByteBuffer(string: "a\r\nb\0c$"))),
        ("$-1\r\n", .null), ("*-1\r\n", .null), ("*0\r\n", .array([])),
        (
            "*3\r\n:1\r\n*2\r\n$-1\r\n*0\r\n+x\r\n",
            .array([.integer(1), .array([.null, .array([])]), .status(ByteBuffer(string: "x"))])
        ),
    ])
    func repliesAreReadHoweverTheyAreCut(_ text: String, _ value: RESPValue) {
        let whole = bytes(text)
        #expect(Self.decode([whole]).values == [value])
        #expect(Self.decode(whole.map { [$0] }).values == [value])
        for cut in 1..<whole.count {
            let (values, fault) = Self.decode([Array(whole[..<cut]), Array(whole[cut...]) + bytes(":7\r\n")])
            #expect(values == [value, .integer(7)])
            #expect(fault == nil)
        }
        for cut in 0..<whole.count {
            #expect(Self.decode([Array(whole[..<cut])]).values == [])
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 400 Bad Request\r\n", RESPDecoder.Fault.unknownKind(UInt8(ascii: "H"))),
        ("J\0\0\0\n8.0.36\0", .unknownKind(UInt8(ascii: "J"))),
        ("*\0\0\0\n8.0", .badNumber), ("$\0\0\0\n8.0", .badNumber), (":\0\0", .badNumber),
        ("\u{15}\u{3}\u{3}", .unknownKind(0x15)), ("\r\n", .unknownKind(13)),
        ("_\r\n", .unknownKind(UInt8(ascii: "_"))),
        (":\r\n", .badNumber), (":-\r\n", .badNumber), (":+1\r\n", .badNumber), (":01\r\n", .badNumber),
        (":-0\r\n", .badNumber), (":00\r\n", .badNumber), (": 1\r\n", .badNumber), (":1 \r\n", .badNumber),
        (":1\rx", .badNumber), (":1\n", .badNumber), (":9223372036854775808\r\n", .badNumber),
        (":-9223372036854775809\r\n", .badNumber), (":111111111111111111111", .badNumber),
        ("$-2\r\n", .badLength), ("*-2\r\n", .badLength), ("$x\r\n", .badNumber),
        ("$1\r\nabc", .badTerminator), ("$1\r\na\n\r", .badTerminator), ("$99999999999\r\n", .excess),
        ("$9223372036854775807\r\n", .excess), ("*9223372036854775807\r\n", .excess), ("*2147483647\r\n", .excess),
        (String(repeating: "*1\r\n", count: 9), .excess), (String(repeating: "*1\r\n", count: 8) + "*0\r\n", .excess),
        ("+" + String(repeating: "x", count: 17_000), .excess),
        (String(repeating: "*60000\r\n", count: 3), .excess),
    ])
    func whatIsNoReplyIsRefusedAsSoonAsItIsSeen(_ text: String, _ fault: RESPDecoder.Fault) {
        #expect(Self.decode([bytes(text)]).fault == fault)
        #expect(Self.decode(bytes(text).map { [$0] }).fault == fault)
    }

    @Test func aReplyIsBoundedAsAWhole() {
        var limits = RESPDecoder.Limits()
        limits.replyBytes = 1000
        let block = bytes("$100\r\n" + String(repeating: "x", count: 100) + "\r\n")
        #expect(Self.decode([bytes("*9\r\n") + (0..<9).flatMap { _ in block }], limits: limits).values.count == 1)
        #expect(Self.decode([bytes("*10\r\n") + (0..<10).flatMap { _ in block }], limits: limits).fault == .excess)
        // Each for itself: a stream may be as long as it likes.
        #expect(Self.decode((0..<100).map { _ in block }, limits: limits).values.count == 100)
        limits.elements = 3
        #expect(
            Self.decode((0..<100).map { _ in bytes("*3\r\n:1\r\n:1\r\n:1\r\n") }, limits: limits).values.count == 100)
    }

    @Test func eightArraysWithinEachOtherAreRead() {
        let text = String(repeating: "*1\r\n", count: 8) + ":1\r\n"
        #expect(Self.decode([bytes(text)]).values.count == 1)
    }

    @Test func aLineThatComesByteByByteIsSearchedOnce() {
        // Searching anew with each byte would take 16,000 × 16,000 / 2 steps, each time.
        let line = bytes("+" + String(repeating: "\r", count: 16_000) + "\r\n")
        for _ in 0..<3 { #expect(Self.decode(line.map { [$0] }).values.count == 1) }
    }

    @Test func commandsAreReadAsTheyWereMeant() {
        let parts = ["SET", "a\r\nb", "", "\0", "*1\r\n$8\r\nFLUSHALL\r\n", "你好"]
        var buffer = ByteBuffer()
        buffer.writeCommand(RedisCommand("SET", parts.dropFirst().map { .text($0) }))
        buffer.writeCommand(RedisCommand("X", .number(.min), .bytes(ByteBuffer(bytes: 0...255))))
        buffer.writePublish(ByteBuffer(string: "\r\n"), installation: "名", topic: "a b\r\n")
        #expect(
            Self.decode([Array(buffer.readableBytesView)]).values == [
                .array(parts.map { .bulk(ByteBuffer(string: $0)) }),
                .array([
                    .bulk(ByteBuffer(string: "X")), .bulk(ByteBuffer(string: "-9223372036854775808")),
                    .bulk(ByteBuffer(bytes: 0...255)),
                ]),
                .array(["PUBLISH", "名:a b\r\n", "\r\n"].map { .bulk(ByteBuffer(string: $0)) }),
            ])
    }

    @Test func whatAServerSaysIsQuotedWithoutHarm() {
        #expect(RESPValue.error(ByteBuffer(string: "ERR a\u{1B}[31m\n\"b\"")).refusal == "ERR a?[31m?\"b\"")
        #expect(RESPValue.error(ByteBuffer(string: String(repeating: "x", count: 9999))).refusal?.count == 200)
    }
}
