import Testing

@testable import Assistant

/// What must hold of both dialects whatever the bytes are.
@Suite struct StreamPropertyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var dialect: any ModelDialect
        var vendor: ModelVendor
        /// A valid stream made from random pieces.
        var stream: @Sendable (inout SeededGenerator) -> String
    }

    private static let words = ["通常", "三天", "👍🏽", "e\u{301}", "a", " ", "\\n", "<think>", "[1]", "退款", "0", "é"]

    private static func pieces(_ random: inout SeededGenerator) -> [String] {
        (0..<Int.random(in: 0...12, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
    }

    static let cases = [
        Case(testDescription: "chat completions", dialect: ChatCompletions(vendor: .other), vendor: .other) { random in
            var text = OpenAIStreamTests.role
            for piece in pieces(&random) {
                text += OpenAIStreamTests.delta(piece)
                switch Int.random(in: 0...5, using: &random) {
                case 0: text += ": keep-alive\n\n"
                case 1: text += ToolCallTests.chunk(ToolCallTests.call(0, id: "c", name: "one", piece))
                case 2: text += "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n"
                default: break
                }
            }
            return text + OpenAIStreamTests.delta("", finish: "stop") + OpenAIStreamTests.usage + OpenAIStreamTests.done
        },
        Case(testDescription: "DashScope", dialect: DashScopeGeneration(), vendor: .dashScope) { random in
            var text = ""
            for (number, piece) in pieces(&random).enumerated() {
                text += DashScopeStreamTests.event(
                    piece, output: number, number: number, reasoning: Bool.random(using: &random) ? "想" : nil)
            }
            return text + DashScopeStreamTests.event("", finish: "stop", output: 99)
        },
    ]

    @Test(arguments: cases, 0..<100)
    func `reads the same wherever the bytes are cut`(_ dialect: Case, _ seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        let newline = ["\n", "\r\n", "\r"].randomElement(using: &random) ?? "\n"
        let bytes = Array(dialect.stream(&random).replacing("\n", with: newline).utf8)
        let whole = ReadStream(bytes, in: dialect.dialect, vendor: dialect.vendor)
        #expect(whole.failure == nil)
        #expect(whole.finish == .stop)
        #expect(whole.usage != nil)
        var cuts: [Int] = []
        for index in bytes.indices where Int.random(in: 0...6, using: &random) == 0 { cuts.append(index) }
        #expect(ReadStream(bytes, cutAt: cuts, in: dialect.dialect, vendor: dialect.vendor) == whole)
        #expect(ReadStream(bytes, cutAt: Array(bytes.indices), in: dialect.dialect, vendor: dialect.vendor) == whole)
    }

    /// However a stream ends early, it never passes for complete, and what came of it is the beginning of the whole.
    @Test(arguments: cases, 0..<60)
    func `a stream that ends early is never whole`(_ dialect: Case, _ seed: Int) {
        var random = SeededGenerator(UInt64(seed) &+ 1000)
        let text = dialect.stream(&random)
        let bytes = Array(text.utf8)
        let whole = ReadStream(bytes, in: dialect.dialect, vendor: dialect.vendor)
        guard let end = text.firstRange(of: "\"stop\"") else { return }
        let place = text[..<end.lowerBound].utf8.count
        let cut = Int.random(in: 0...place, using: &random)
        let part = ReadStream(Array(bytes.prefix(cut)), in: dialect.dialect, vendor: dialect.vendor)
        #expect(part.finish == nil)
        #expect(part.failure?.kind == .truncated)
        #expect(part.toolCalls.isEmpty)
        #expect(whole.text.unicodeScalars.starts(with: part.text.unicodeScalars))
    }

    @Test(arguments: cases, 0..<300)
    func `survives broken streams`(_ dialect: Case, _ seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        var bytes = Array(dialect.stream(&random).utf8)
        for _ in 0..<Int.random(in: 1...8, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: bytes.prefix(Int.random(in: 0...60, using: &random)), at: place)
            default: bytes.removeSubrange(place..<min(place + 20, bytes.count))
            }
        }
        let read = ReadStream(bytes, in: dialect.dialect, vendor: dialect.vendor)
        #expect(read.failure != nil || read.finish != nil)
    }

    @Test(arguments: cases, 0..<200)
    func `survives random bytes`(_ dialect: Case, _ seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        let alphabet = [
            "data:", "{", "}", "[", "]", "\"", ":", ",", "\n", "\n\n", "output", "choices", "event:error", "1", "e9",
            "null",
        ]
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...300, using: &random) {
            if Int.random(in: 0...9, using: &random) == 0 {
                bytes.append(UInt8.random(in: 0...255, using: &random))
            } else {
                bytes += Array((alphabet.randomElement(using: &random) ?? "").utf8)
            }
        }
        let read = ReadStream(bytes, in: dialect.dialect, vendor: dialect.vendor)
        #expect(read.failure != nil || read.finish != nil)
        var stream = ReplyStream(provider: "p", dialect: dialect.dialect, vendor: dialect.vendor, requestId: nil)
        _ = stream.readWhole(bytes)
        _ = stream.end()
        _ = FailureTable.of(dialect.vendor).kind(ModelError.read(bytes), status: nil)
    }
}
