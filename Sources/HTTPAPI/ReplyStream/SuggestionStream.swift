import Assistant
import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Wire

/// `POST …/suggestion` with `Accept: text/event-stream`: `suggestion.delta {offset,text}`, `suggestion.reset {reason}`, and
/// one end, `suggestion.completed` or `suggestion.failed {code}`. Only the agent who asked sees it.
struct SuggestionStream: Sendable {
    struct Delta: Codable, Sendable {
        /// Unicode scalars of the suggestion before this piece.
        var offset: Int
        var text: String
    }

    struct Reset: Codable, Sendable {
        var reason: String
    }

    struct Failed: Codable, Sendable {
        var code: String
    }

    let desk: AssistantDesk
    let views: ViewMaker

    func response(to question: ReplyQuestion, _ call: Call) -> Response {
        let logger = call.incoming.logger
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store",
                // nginx would otherwise collect the stream before passing it on.
                .accelBuffering: "no",
            ],
            body: ResponseBody { writer in
                let (pieces, piecesIn) = AsyncThrowingStream<ReplyPiece, any Error>.makeStream(
                    bufferingPolicy: .bufferingOldest(Self.maximumPieces))
                let making = Task {
                    defer { piecesIn.finish() }
                    return try await desk.suggestion(to: question) { piece in
                        guard case .enqueued = piecesIn.yield(piece) else { throw CancellationError() }
                    }
                }
                defer { making.cancel() }
                var offset = 0
                for try await piece in pieces {
                    switch piece {
                    case .text(let text):
                        try await writer.write(event("suggestion.delta", Delta(offset: offset, text: text)))
                        offset += text.unicodeScalars.count
                    case .reset(let reason):
                        offset = 0
                        try await writer.write(event("suggestion.reset", Reset(reason: reason)))
                    }
                }
                do {
                    let made = try await making.value
                    try await writer.write(event("suggestion.completed", SuggestionView(made, views)))
                } catch is CancellationError {
                    // The agent has gone, or reads too slowly: the end is missing, and says so.
                    return
                } catch is BudgetExhausted {
                    try await writer.write(event("suggestion.failed", Failed(code: "rate_limited")))
                } catch {
                    logger.warning("a suggestion failed", metadata: ["error": "\(error)"])
                    try await writer.write(event("suggestion.failed", Failed(code: "unavailable")))
                }
                try await writer.finish(nil)
            })
    }

    /// Pieces that wait for a slow reader; a whole answer has fewer.
    private static let maximumPieces = 4096

    private func event(_ type: String, _ data: some Encodable) -> ByteBuffer {
        ServerSentEvent.bytes(type: type, seq: nil, json: ByteBuffer(bytes: JSON.encode(data)))
    }
}
