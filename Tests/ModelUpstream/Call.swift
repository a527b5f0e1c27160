public import NIOHTTP1

/// One request to a model as it arrived, and how it went. Times are of the monotonic clock, which all processes of a machine
/// share (`CLOCK_MONOTONIC`).
public struct Call: Sendable {
    public enum Outcome: String, Sendable {
        case running
        /// The whole answer was sent.
        case finished
        /// We broke it off.
        case broken
        /// The caller hung up before the end.
        case abandoned
        /// Answered with a status only.
        case refused
    }

    /// Counted from 0.
    public var number: Int
    public var dialect: Dialect
    public var path: String
    public var model: String
    public var question: String
    /// What was done, as ``Behaviour`` is written.
    public var behaviour: String
    public var headers: HTTPHeaders
    public var body: String
    public var outcome = Outcome.running
    /// The text sent so far.
    public var sent = ""
    /// Pieces of text sent so far.
    public var pieces = 0
    /// When the whole request had arrived.
    public var arrivedAt: UInt64
    /// When the first piece of text had been handed to the kernel.
    public var firstTokenAt: UInt64?
    /// When the answer had ended, or the caller had hung up.
    public var endedAt: UInt64?

    var json: JSON {
        // Each name once; the last one of equal names counts.
        let headers = Dictionary(headers.map { ($0.name.lowercased(), JSON.string($0.value)) }) { $1 }
        return [
            "number": .integer(number), "dialect": .string(dialect.rawValue), "path": .string(path),
            "model": .string(model), "question": .string(question), "behaviour": .string(behaviour),
            "headers": .object(headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }),
            "body": .verbatim(body), "outcome": .string(outcome.rawValue), "sent": .string(sent),
            "pieces": .integer(pieces), "arrived_ns": JSON(arrivedAt), "first_token_ns": JSON(firstTokenAt),
            "ended_ns": JSON(endedAt),
        ]
    }
}
