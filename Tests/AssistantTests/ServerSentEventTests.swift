import Testing

@testable import Assistant

@Suite struct ServerSentEventTests {
    static func read(_ bytes: [UInt8], cutAt cuts: [Int] = []) throws -> [ServerSentEvent] {
        var reader = ServerSentEventReader()
        var events: [ServerSentEvent] = []
        var start = 0
        for cut in cuts + [bytes.count] where cut >= start {
            events += try reader.read(bytes[start..<cut])
            start = cut
        }
        return events + reader.finish()
    }

    static let openAI = """
        data: {"choices":[{"delta":{"content":"通常三天"}}]}

        : keep-alive

        data: {"choices":[]}

        data: [DONE]


        """
    static let dashScope = """
        id:1
        event:result
        :HTTP_STATUS/200
        data:{"output":"退"}

        id:2
        event:error
        :HTTP_STATUS/429
        data:{"code":"Throttling"}


        """

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `reads the same wherever the bytes are cut`(_ newline: String) throws {
        for text in [Self.openAI, Self.dashScope] {
            let bytes = Array(text.replacing("\n", with: newline).utf8)
            let whole = try Self.read(bytes)
            for cut in 0...bytes.count { #expect(try Self.read(bytes, cutAt: [cut]) == whole) }
            #expect(try Self.read(bytes, cutAt: Array(0..<bytes.count)) == whole)
        }
        let whole = try Self.read(Array(Self.openAI.replacing("\n", with: newline).utf8))
        #expect(
            whole.map(\.data) == ["{\"choices\":[{\"delta\":{\"content\":\"通常三天\"}}]}", "{\"choices\":[]}", "[DONE]"])
    }

    @Test func `reads DashScope's status, names and missing spaces`() throws {
        let events = try Self.read(Array(Self.dashScope.utf8))
        #expect(
            events == [
                ServerSentEvent(name: "result", data: "{\"output\":\"退\"}", status: 200),
                ServerSentEvent(name: "error", data: "{\"code\":\"Throttling\"}", status: 429),
            ])
    }

    @Test(arguments: [
        ("data: a\ndata: b\n\n", ["a\nb"]), ("data:a\n\n", ["a"]), ("data:  a\n\n", [" a"]), ("data\n\n", [""]),
        ("id: 1\ndata: a\nid: 2\ndata: b\n", ["a", "b"]),
        ("data: a", ["a"]), ("data: a\n", ["a"]), ("\n\n\n", []), (": comment only\n\n", []), ("event: x\n\n", []),
        ("\u{FEFF}data: a\n\n", ["a"]), ("unknown: x\ndata: a\n\n", ["a"]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        ("retry: 3\ndata: a\n\n", ["a"]), ("data: a\r\rdata: b\r\r", ["a", "b"]),
    ])
    func `follows the format, and where servers stray from it`(_ text: String, _ data: [String]) throws {
        #expect(try Self.read(Array(text.utf8)).map(\.data) == data)
    }

    @Test func `refuses endless lines and events`() {
        var reader = ServerSentEventReader()
        #expect(throws: ServerSentEventReader.Overflow.self) {
            for _ in 0..<20 { _ = try reader.read([UInt8](repeating: 0x61, count: 1 << 17)) }
        }
        var other = ServerSentEventReader()
        #expect(throws: ServerSentEventReader.Overflow.self) {
            let line = Array("data: ".utf8) + [UInt8](repeating: 0x61, count: 1 << 16) + [0x0A]
            for _ in 0..<40 { _ = try other.read(line) }
        }
    }

    @Test(arguments: 0..<200)
    func `survives random bytes`(_ seed: Int) throws {
        var random = SeededGenerator(UInt64(seed))
        let alphabet: [UInt8] = Array("data: {}[]\"\n\r:ide 1".utf8) + [0xE9, 0x80, 0x80, 0xFF, 0]
        let bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
            Bool.random(using: &random)
                ? alphabet.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
        }
        let whole = try Self.read(bytes)
        var cuts: [Int] = []
        for index in 0..<bytes.count where Int.random(in: 0...4, using: &random) == 0 { cuts.append(index) }
        #expect(try Self.read(bytes, cutAt: cuts) == whole)
    }
}
