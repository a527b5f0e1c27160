import Domain
import NIOCore
import Wire

/// Encodes the frames that answer one client.
struct ServerFrames: Sendable {
    let views: ViewMaker

    private func frame(
        _ type: ServerFrameType, requestId: String? = nil, conversationId: Identifier<Conversation>? = nil,
        _ data: some Encodable
    ) -> TextFrame {
        frame(type, requestId: requestId, conversationId: conversationId) { $0.value(data) }
    }

    private func frame(
        _ type: ServerFrameType, requestId: String? = nil, conversationId: Identifier<Conversation>? = nil,
        capacity: Int = JSONWriter.frameCapacity, _ data: (inout JSONWriter) -> Void
    ) -> TextFrame {
        TextFrame(json: capacity) { writer in
            if let conversationId {
                writer.beginFrame(type, requestId: requestId) { views.identifiers.write(conversationId, to: &$0) }
            } else {
                writer.beginFrame(type, requestId: requestId)
            }
            data(&writer)
            writer.endFrame()
        }
    }

    /// A frame of a conversation as the client called it.
    private func answer(
        _ type: ServerFrameType, requestId: String?, conversationId: String?, _ data: (inout JSONWriter) -> Void
    ) -> TextFrame {
        TextFrame(json: JSONWriter.frameCapacity) { writer in
            writer.beginFrame(type, requestId: requestId, conversationId: conversationId)
            data(&writer)
            writer.endFrame()
        }
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
        frame(.ready, requestId: requestId, conversationId: conversationId, data)
    }

    func ready(_ data: StaffReady, requestId: String?) -> TextFrame {
        frame(.ready, requestId: requestId, data)
    }

    func synced(_ conversationId: Identifier<Conversation>, at seq: Int64) -> TextFrame {
        frame(.synced, conversationId: conversationId, FrameData.Synced(seq: seq))
    }

    /// For a staff socket, which has nothing to replay at first.
    func synced() -> TextFrame { frame(.synced) { $0.text("{}") } }

    func ack(requestId: String?, conversationId: String?) -> TextFrame {
        answer(.ack, requestId: requestId, conversationId: conversationId) { $0.text("{}") }
    }

    /// Its data is a ``FrameData/Sent``.
    func ack(of message: Message, isDuplicate: Bool, requestId: String?, conversationId: String?) -> TextFrame {
        answer(.ack, requestId: requestId, conversationId: conversationId) { writer in
            writer.text(#"{"message_id":"#)
            views.identifiers.write(message.id, to: &writer)
            if let clientMessageId = message.clientMessageId {
                writer.text(#","client_message_id":"#)
                writer.string(clientMessageId)
            }
            writer.text(#","seq":"#)
            writer.integer(message.seq)
            writer.text(#","at":"#)
            writer.time(message.createdAt)
            writer.text(#","duplicate":"#)
            writer.bool(isDuplicate)
            writer.text("}")
        }
    }

    /// Its data is a ``FrameData/Refused``.
    func error(_ error: SocketError, requestId: String?, conversationId: String?) -> TextFrame {
        answer(.error, requestId: requestId, conversationId: conversationId) { writer in
            writer.text(#"{"code":"#)
            writer.word(error.code.rawValue)
            writer.text(#","detail":"#)
            writer.string(error.detail)
            if let seconds = error.retryInSeconds, seconds.isFinite {
                writer.text(#","retry_in_seconds":"#)
                _ = writer.number(seconds)
            }
            writer.text(#","final":"#)
            writer.bool(error.isFinal)
            writer.text("}")
        }
    }

    /// Its data is a ``FrameData/Pong``.
    func pong(headSeq: Int64, requestId: String?, conversationId: Identifier<Conversation>) -> TextFrame {
        frame(.pong, requestId: requestId, conversationId: conversationId) { writer in
            writer.text(#"{"head_seq":"#)
            writer.integer(headSeq)
            writer.text("}")
        }
    }

    /// Its data is a ``FrameData/Heads``.
    func pong(heads: [Identifier<Conversation>: Int64], requestId: String?) -> TextFrame {
        // An identifier has 30 bytes, a number 20 at most.
        frame(.pong, requestId: requestId, capacity: JSONWriter.frameCapacity + heads.count * 54) { writer in
            writer.text(#"{"heads":{"#)
            var isFirst = true
            for (conversationId, head) in heads {
                if !isFirst { writer.text(",") }
                isFirst = false
                views.identifiers.write(conversationId, to: &writer)
                writer.text(":")
                writer.integer(head)
            }
            writer.text("}}")
        }
    }

    func viewRow(_ conversation: Conversation, isIn: Bool) -> TextFrame {
        frame(
            .viewRow, conversationId: conversation.id,
            FrameData.ViewRow(conversation: views.conversation(conversation), isIn: isIn))
    }

    func unsubscribed(_ conversationId: Identifier<Conversation>, reason: String) -> TextFrame {
        frame(.unsubscribed, conversationId: conversationId, FrameData.Unsubscribed(reason: reason))
    }

    func notice(_ notice: Notice) -> TextFrame {
        frame(.notice, FrameData.Notice(code: notice.code, text: notice.text))
    }

    func drain(reconnectInSeconds seconds: Int) -> TextFrame {
        frame(.drain, FrameData.Drain(reconnectInSeconds: seconds))
    }
}
