extension FakeUpstream {
    /// What the upstream does with one request, step by step.
    public enum Step: Sendable {
        /// Status and headers. Without a `content-length` the body is chunked.
        case head(Int, [(String, String)])
        case bytes([UInt8])
        /// One write and one chunk for each byte.
        case byteByByte([UInt8])
        /// Bytes that carry a piece of the answer's text.
        case token(String, [UInt8], isByteByByte: Bool)
        /// Bytes in no chunk of their own: half a chunk, or no HTTP at all.
        case raw([UInt8])
        /// A whole answer.
        case whole(Int, [(String, String)], [UInt8])
        /// Counted from when the pause before it was to end, so that many of them keep the pace.
        case pause(Duration)
        /// Waits until the gate is open.
        case gate
        /// A comment, again and again, for ever.
        case comments(every: Duration)
        /// Nothing more, with the connection open.
        case hang
        case end
        /// Closes without ending the body.
        case cut
        /// Closes with a reset (RST).
        case reset
    }
}

extension FakeUpstream.Step {
    public static let stream: Self = .head(200, [("content-type", "text/event-stream"), ("x-request-id", "req-42")])

    /// A comment every few milliseconds, for ever.
    public static let keepAlives: Self = .comments(every: .milliseconds(5))

    public static func text(_ text: String) -> Self { .bytes(Array(text.utf8)) }

    public static func json(_ status: Int, _ body: String, _ headers: [(String, String)] = []) -> [Self] {
        [
            .whole(
                status, [("content-type", "application/json"), ("x-request-id", "req-42")] + headers, Array(body.utf8))
        ]
    }

    /// A whole answer of OpenAI's, streamed.
    public static func answer(_ pieces: [String]) -> [Self] {
        let said = Said(pieces: pieces, usage: Usage(input: 31, output: 12, cached: 8, reasoning: 3))
        let asked = Asked(dialect: .openAI, model: "gpt-x", isStreaming: true, wantsUsage: true)
        return Script(Behaviour(.ok), asked, said, Identity(number: 42)).steps
    }
}
