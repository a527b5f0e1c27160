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
        _ type: String, requestId: String? = nil, conversationId: String? = nil, _ data: some Encodable
    ) -> TextFrame {
        TextFrame(
            json: JSON.encode(
                Envelope(type: type, requestId: requestId, conversationId: conversationId, data: data)))
    }

    enum Mode: String, Encodable, Sendable {
        case live, replay, snapshot
    }

    struct Limits: Encodable, Sendable {
        var frameBytes = 65_536
        var messageScalars = Message.maximumScalars
        var clientMessageIdBytes = Message.maximumClientIdBytes
        var subscriptionsPerFrame = ChatConnection.maximumSubscribedPerFrame
        var framesPerSecond: Double
    }

    struct ContactReady: Encodable, Sendable {
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

    struct StaffReady: Encodable, Sendable {
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
            "ready", requestId: requestId, conversationId: views.identifiers.text(conversationId), data)
    }

    func ready(_ data: StaffReady, requestId: String?) -> TextFrame {
        frame("ready", requestId: requestId, data)
    }

    func synced(_ conversationId: Identifier<Conversation>, at seq: Int64) -> TextFrame {
        struct Data: Encodable { var seq: Int64 }
        return frame("synced", conversationId: views.identifiers.text(conversationId), Data(seq: seq))
    }

    /// For a staff socket, which has nothing to replay at first.
    func synced() -> TextFrame { frame("synced", Empty()) }

    private struct Empty: Encodable {}

    func ack(requestId: String?, conversationId: String?) -> TextFrame {
        frame("ack", requestId: requestId, conversationId: conversationId, Empty())
    }

    func ack(of message: Message, isDuplicate: Bool, requestId: String?, conversationId: String?) -> TextFrame {
        struct Data: Encodable {
            var messageId: String
            var clientMessageId: String?
            var seq: Int64
            var at: Timestamp
            var duplicate: Bool
        }
        return frame(
            "ack", requestId: requestId, conversationId: conversationId,
            Data(
                messageId: views.identifiers.text(message.id), clientMessageId: message.clientMessageId,
                seq: message.seq, at: message.createdAt, duplicate: isDuplicate))
    }

    func error(_ error: SocketError, requestId: String?, conversationId: String?) -> TextFrame {
        struct Data: Encodable {
            var code: SocketError.Code
            var detail: String
            var retryInSeconds: Double?
            var final: Bool
        }
        return frame(
            "error", requestId: requestId, conversationId: conversationId,
            Data(
                code: error.code, detail: error.detail, retryInSeconds: error.retryInSeconds, final: error.isFinal))
    }

    func pong(headSeq: Int64, requestId: String?, conversationId: Identifier<Conversation>) -> TextFrame {
        struct Data: Encodable { var headSeq: Int64 }
        return frame(
            "pong", requestId: requestId, conversationId: views.identifiers.text(conversationId),
            Data(headSeq: headSeq))
    }

    func pong(heads: [Identifier<Conversation>: Int64], requestId: String?) -> TextFrame {
        // By hand: public ids are data, and the encoder's keys are snake-cased.
        let members = heads.map { "\"\(views.identifiers.text($0.key))\":\($0.value)" }.joined(separator: ",")
        let request = requestId.map { "\"request_id\":\(String(decoding: JSON.encode($0), as: UTF8.self))," } ?? ""
        return TextFrame(json: Array("{\"type\":\"pong\",\(request)\"data\":{\"heads\":{\(members)}}}".utf8))
    }

    func viewRow(_ conversation: Conversation, isIn: Bool) -> TextFrame {
        struct Data: Encodable {
            var conversation: ConversationView
            var isIn: Bool

            enum CodingKeys: String, CodingKey {
                case conversation
                case isIn = "in"
            }
        }
        return frame(
            "view.row", conversationId: views.identifiers.text(conversation.id),
            Data(conversation: views.conversation(conversation), isIn: isIn))
    }

    func unsubscribed(_ conversationId: Identifier<Conversation>, reason: String) -> TextFrame {
        struct Data: Encodable { var reason: String }
        return frame("unsubscribed", conversationId: views.identifiers.text(conversationId), Data(reason: reason))
    }

    func drain(reconnectInSeconds seconds: Int) -> TextFrame {
        struct Data: Encodable { var reconnectInSeconds: Int }
        return frame("drain", Data(reconnectInSeconds: seconds))
    }
}
