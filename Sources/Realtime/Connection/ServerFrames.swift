import Domain
import NIOCore
import Wire

/// Encodes the frames that answer one client.
struct ServerFrames: Sendable {
    let views: ViewMaker

    private struct Envelope<Content: Encodable>: Encodable {
        var type: String
        var requestId: String?
        var conversationId: String?
        var data: Content
    }

    private func frame(
        _ type: ServerFrameType, requestId: String? = nil, conversationId: String? = nil, _ data: some Encodable
    ) -> TextFrame {
        TextFrame(
            json: JSON.encode(
                Envelope(type: type.rawValue, requestId: requestId, conversationId: conversationId, data: data)))
    }

    enum Mode: String, Codable, CaseIterable, Sendable {
        case live, replay, snapshot
    }

    struct Limits: Codable, Sendable {
        var frameBytes = 65_536
        var messageScalars = Message.maximumScalars
        var clientMessageIdBytes = Message.maximumClientIdBytes
        var subscriptionsPerFrame = ChatConnection.maximumSubscribedPerFrame
        var framesPerSecond: Double
    }

    struct ContactReady: Codable, Sendable {
        var connectionId: String
        var nodeId: String
        var session: SessionView
        var conversation: ContactConversationView
        var epoch: String
        var headSeq: Int64
        var mode: Mode
        var heartbeatSeconds = ChatConnection.heartbeatSeconds
        var limits: Limits
    }

    struct StaffReady: Codable, Sendable {
        var connectionId: String
        var nodeId: String
        var user: UserView
        var epoch: String
        var mode: Mode
        var heartbeatSeconds = ChatConnection.heartbeatSeconds
        var limits: Limits
    }

    func ready(_ data: ContactReady, conversationId: Identifier<Conversation>, requestId: String?) -> TextFrame {
        frame(
            .ready, requestId: requestId, conversationId: views.identifiers.text(conversationId), data)
    }

    func ready(_ data: StaffReady, requestId: String?) -> TextFrame {
        frame(.ready, requestId: requestId, data)
    }

    func synced(_ conversationId: Identifier<Conversation>, at seq: Int64) -> TextFrame {
        frame(.synced, conversationId: views.identifiers.text(conversationId), FrameData.Synced(seq: seq))
    }

    /// For a staff socket, which has nothing to replay at first.
    func synced() -> TextFrame { frame(.synced, FrameData.Nothing()) }

    func ack(requestId: String?, conversationId: String?) -> TextFrame {
        frame(.ack, requestId: requestId, conversationId: conversationId, FrameData.Nothing())
    }

    func ack(of message: Message, isDuplicate: Bool, requestId: String?, conversationId: String?) -> TextFrame {
        frame(
            .ack, requestId: requestId, conversationId: conversationId,
            FrameData.Sent(
                messageId: views.identifiers.text(message.id), clientMessageId: message.clientMessageId,
                seq: message.seq, at: message.createdAt, duplicate: isDuplicate))
    }

    func error(_ error: SocketError, requestId: String?, conversationId: String?) -> TextFrame {
        frame(
            .error, requestId: requestId, conversationId: conversationId,
            FrameData.Refused(
                code: error.code, detail: error.detail, retryInSeconds: error.retryInSeconds, final: error.isFinal))
    }

    func pong(headSeq: Int64, requestId: String?, conversationId: Identifier<Conversation>) -> TextFrame {
        frame(
            .pong, requestId: requestId, conversationId: views.identifiers.text(conversationId),
            FrameData.Pong(headSeq: headSeq))
    }

    func pong(heads: [Identifier<Conversation>: Int64], requestId: String?) -> TextFrame {
        // By hand: public ids are data, and the encoder's keys are snake-cased.
        let members = heads.map { "\"\(views.identifiers.text($0.key))\":\($0.value)" }.joined(separator: ",")
        let request = requestId.map { "\"request_id\":\(String(decoding: JSON.encode($0), as: UTF8.self))," } ?? ""
        return TextFrame(json: Array("{\"type\":\"pong\",\(request)\"data\":{\"heads\":{\(members)}}}".utf8))
    }

    func viewRow(_ conversation: Conversation, isIn: Bool) -> TextFrame {
        frame(
            .viewRow, conversationId: views.identifiers.text(conversation.id),
            FrameData.ViewRow(conversation: views.conversation(conversation), isIn: isIn))
    }

    func unsubscribed(_ conversationId: Identifier<Conversation>, reason: String) -> TextFrame {
        frame(
            .unsubscribed, conversationId: views.identifiers.text(conversationId),
            FrameData.Unsubscribed(reason: reason))
    }

    func notice(_ notice: Notice) -> TextFrame {
        frame(.notice, FrameData.Notice(code: notice.code, text: notice.text))
    }

    func drain(reconnectInSeconds seconds: Int) -> TextFrame {
        frame(.drain, FrameData.Drain(reconnectInSeconds: seconds))
    }
}
