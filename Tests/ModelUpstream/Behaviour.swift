/// What the upstream does with a call. Written `name`, `name:parameter`, `name@position` or `name:parameter@position`, as the
/// name of a model or in the header ``headerName``.
public struct Behaviour: Sendable, Equatable {
    public enum Name: String, Sendable, CaseIterable {
        /// The whole answer.
        case ok
        /// The answer at so many pieces a second (20).
        case slow
        /// So many milliseconds (3000) of silence, then the answer.
        case slowFirstToken = "slow_ttft"
        /// The answer waits at the gate, until it is released; in mid-text after so many pieces.
        case hold
        /// Silence for ever, with the connection open.
        case stall
        /// The same after so many pieces (3).
        case stallAfter = "stall_after_n"
        /// Comments for ever, every so many milliseconds (50).
        case keepAliveOnly = "keepalive_only"
        /// The stream ends in order, but without having said that the answer is complete.
        case truncate
        /// The connection is reset in the middle of a chunk.
        case cut
        /// The connection is closed in the middle of a chunk.
        case hangUp = "hang_up"
        /// The answer, each byte in a write and a chunk of its own.
        case splitUTF8 = "split_utf8"
        /// An event that is no JSON.
        case malformedJSON = "malformed_json"
        /// An error as OpenAI puts it into a stream, with a code (`server_error`).
        case errorFrameOpenAI = "error_frame_openai"
        /// An error as DashScope puts it into a stream, with a code (`InternalError`). It leaks into compatible streams too.
        case errorFrameNative = "error_frame_native"
        /// A refusal labelled JSON and framed as an event, with a code (`Throttling.RateQuota`).
        case eventFramed4xx = "sse_framed_4xx"
        case tooManyRequests = "429"
        /// With so many seconds (7) to wait.
        case retryAfter = "429_retry_after"
        /// With so many milliseconds (250) to wait.
        case retryAfterMilliseconds = "429_retry_after_ms"
        /// With the date in so many seconds (7).
        case retryAfterDate = "429_retry_after_date"
        /// Permanent at OpenAI, the limit per minute at DashScope; there, with `free`, permanent too.
        case quota = "429_quota"
        case unauthorized = "401"
        case forbidden = "403"
        case modelNotFound = "404"
        case overflow = "overflow400"
        case arrearage = "arrearage400"
        case inputInspection = "inspection_input400"
        /// The filter ends an answer that has begun.
        case outputInspection = "inspection_output_midstream"
        case serverError = "500"
        case unavailable = "503"
        case badGateway = "html_502"
        /// The answer is a call of the first tool offered; `@end`, behind the text.
        case toolCall = "tool_call"
        /// Its arguments are no JSON.
        case badToolJSON = "bad_tool_json"
        /// The answer ends at its longest length.
        case length
        /// A complete answer without a word.
        case empty
        /// 200 without a body.
        case empty200 = "empty_200"
        /// Each event carries the whole text so far, whatever was asked for. Of the native dialect only.
        case cumulative
        /// No usage at all, though it was asked for.
        case noUsage = "no_usage"
        /// Thoughts, then the answer.
        case thinking
        /// The connection is reset before anything is said. (A refused connection is the listener's: `listening`.)
        case refuseConnection = "refuse_connection"
    }

    /// Where in the answer it goes wrong.
    public enum Position: String, Sendable, CaseIterable {
        /// Before the first byte, the status included.
        case start
        /// Behind the status and headers.
        case head
        /// Behind the first event, which has no text.
        case role
        /// In the middle of the text.
        case mid
        /// Behind the whole text, before the event that says so.
        case end
    }

    /// The header of a request that chooses for this request.
    public static let headerName = "x-fake-behaviour"

    public var name: Name
    public var parameter: String?
    /// Nil: where it is most usual.
    public var position: Position?

    public init(_ name: Name, _ parameter: String? = nil, at position: Position? = nil) {
        self.name = name
        self.parameter = parameter
        self.position = position
    }

    /// Nil when there is no such behaviour.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let words = (parts.first ?? "").split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = words.first.flatMap({ Name(rawValue: String($0)) }) else { return nil }
        self.init(name, words.count > 1 ? String(words[1]) : nil)
        if parts.count > 1 {
            guard let position = Position(rawValue: String(parts[1])) else { return nil }
            self.position = position
        }
    }

    /// The parameter, or `standard` when there is none or it is no number above zero.
    func number(_ standard: Int) -> Int {
        parameter.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? standard
    }
}

extension Behaviour: CustomStringConvertible {
    public var description: String {
        name.rawValue + (parameter.map { ":" + $0 } ?? "") + (position.map { "@" + $0.rawValue } ?? "")
    }
}
