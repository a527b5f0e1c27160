import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Realtime
import Storage
import Wire

/// `POST …/messages` with `Accept: text/event-stream`: the message, then its reply as it is written.
struct ReplyStream: Sendable {
    /// How often the stream looks whether the reply is still under way: one that was stopped before anything was shown
    /// leaves no event.
    static let checkInterval = Duration.seconds(5)
    /// Checks from comment to comment. Contract: one every 15 s.
    static let checksPerComment = 3
    /// Events that a retry reads from the log in search of the reply's ending, which stands right behind its question.
    static let maximumReplay = 1000

    let store: ChatStore
    let hub: Hub
    let encoder: EventEncoder
    let checkInterval: Duration

    /// Sends the message and opens the stream of what comes of it.
    func response(
        sending draft: MessageDraft, to conversationId: Identifier<Conversation>, _ call: Call
    ) async throws -> Response {
        let access = call.access
        // Listening begins before the message is sent, so that nothing of the reply is missed.
        let head = try await store.read { try $0.head(of: conversationId, by: access).seq }
        var frames = try await hub.stream(of: conversationId, after: head, by: access)
        let (sent, due) = try await store.write(to: conversationId) { transaction in
            let sent = try transaction.send(draft, to: conversationId, by: access)
            return (sent, try transaction.reply(to: sent.message))
        }
        guard let due, !due.isFinished else {
            return Self.response(with: try await record(of: sent.message, due, by: access))
        }
        // A retry joins the reply that its first send asked for.
        if sent.isDuplicate {
            frames = try await hub.stream(of: conversationId, after: sent.message.seq - 1, by: access)
        }
        let progress = ReplyProgress(questionSeq: sent.message.seq, replyId: due.id)
        let (logger, body, chosen) = (call.incoming.logger, call.incoming.request.body, frames)
        var response = Self.response(
            ResponseBody { writer in
                do {
                    try await follow(chosen, progress, body, writer: &writer)
                } catch is CancellationError {
                    // The client has gone; the reply goes on without it.
                } catch {
                    logger.debug("a reply's stream broke off", metadata: ["error": "\(error)"])
                    throw error
                }
            })
        // Listening for the client hanging up uses the connection's inbound side up.
        response.headers[.connection] = "close"
        return response
    }

    private static func response(_ body: ResponseBody) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream",
                .cacheControl: "no-store",
                // nginx would otherwise collect the stream before passing it on.
                .accelBuffering: "no",
            ],
            body: body)
    }

    // MARK: What is over

    private static func response(with events: [ByteBuffer]) -> Response {
        response(ResponseBody(contentsOf: events))
    }

    /// The message alone when no reply is due; with all that came of it when that is over.
    private func record(of message: Message, _ due: DueReply?, by access: Access) async throws -> [ByteBuffer] {
        var progress = due.map { ReplyProgress(questionSeq: message.seq, replyId: $0.id) }
        var events: [ByteBuffer] = []
        var after = message.seq - 1
        while events.count < Self.maximumReplay {
            let page = SeqPage(.after(after), limit: progress == nil ? 1 : SeqPage.limits.upperBound)
            let slice = try await store.read { try $0.events(of: message.conversationId, page, by: access) }
            for event in slice.items {
                let envelope = encoder.envelope(event, for: access.viewer)
                events.append(
                    ServerSentEvent.bytes(
                        type: envelope.type, seq: event.seq, json: ByteBuffer(bytes: JSON.encode(envelope))))
                guard let step = progress?.take(.init(event)), step != .forwardAndEnd else { return events }
            }
            guard slice.hasMore, let last = slice.items.last else { break }
            after = last.seq
        }
        return events
    }

    // MARK: What is under way

    private func follow(
        _ frames: ConversationStream, _ progress: ReplyProgress, _ request: RequestBody,
        writer: inout any ResponseBodyWriter
    ) async throws {
        var progress = progress
        var checks = 0
        var isOver = false
        // The body was read to its end, so whatever comes in now is the client hanging up.
        try await request.consumeWithCancellationOnInboundClose { _ in
            try await Pulse.run(frames, every: checkInterval) { beat in
                switch beat {
                case .element(let frame):
                    let sight = ReplyProgress.Sight(frame, replyId: progress.replyId, encoder.views.identifiers)
                    let step = progress.take(sight)
                    if step != .skip { try await writer.write(frame.serverSentEvent) }
                    return step != .forwardAndEnd
                case .tick:
                    checks += 1
                    if checks.isMultiple(of: Self.checksPerComment) { try await writer.write(ServerSentEvent.comment) }
                    // One check later, so that an ending which is on its way is still written.
                    if isOver { return false }
                    let replyId = progress.replyId
                    isOver = try await store.read { try $0.openJob(replyId) == nil }
                    return true
                }
            }
        }
        try await writer.finish(nil)
    }
}

extension StreamFrame {
    fileprivate var serverSentEvent: ByteBuffer { ServerSentEvent.bytes(type: type, seq: seq, json: json) }
}
