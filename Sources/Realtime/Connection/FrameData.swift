import Domain
import Wire

/// Types of the frames that the server sends beside durable events.
enum ServerFrameType: String, CaseIterable, Sendable {
    case ack, error, ready, synced, pong, typing, receipt
    case viewRow = "view.row"
    case unsubscribed
    case replyStarted = "reply.started"
    case replyDelta = "reply.delta"
    case replyReset = "reply.reset"
    case replySnapshot = "reply.snapshot"
    case replyFailed = "reply.failed"
    case notice, drain
}

/// The data of those frames, as in the protocol.
enum FrameData {
    struct Nothing: Codable, Sendable {}

    /// Of the `ack` of a message.
    struct Sent: Codable, Sendable {
        var messageId: String
        var clientMessageId: String?
        var seq: Int64
        var at: Timestamp
        var duplicate: Bool
    }

    struct Refused: Codable, Sendable {
        var code: SocketError.Code
        var detail: String
        var retryInSeconds: Double?
        var final: Bool
    }

    struct Synced: Codable, Sendable {
        var seq: Int64
    }

    struct Pong: Codable, Sendable {
        var headSeq: Int64
    }

    /// Of a staff socket's `pong`.
    struct Heads: Codable, Sendable {
        var heads: [String: Int64]
    }

    struct Participant: Codable, Sendable {
        var kind: Actor.Kind
        var id: String?
        @Nullable var name: String?
    }

    struct Typing: Codable, Sendable {
        var participant: Participant
    }

    struct Receipt: Codable, Sendable {
        var participant: Participant
        var seq: Int64
    }

    struct ViewRow: Codable, Sendable {
        var conversation: ConversationView
        var isIn: Bool

        private enum CodingKeys: String, CodingKey {
            case conversation
            case isIn = "in"
        }
    }

    struct Unsubscribed: Codable, Sendable {
        var reason: String
    }

    struct ReplyStarted: Codable, Sendable {
        var messageId: String
        var generation: Int64
        var ownerEpoch: Int64
    }

    /// Of a delta and of a snapshot.
    struct ReplyText: Codable, Sendable {
        var messageId: String
        var generation: Int64
        /// In Unicode scalars.
        var offset: Int
        var text: String
    }

    struct ReplyReset: Codable, Sendable {
        var messageId: String
        var generation: Int64
        var reason: String
        var keep: String
    }

    struct ReplyFailed: Codable, Sendable {
        var messageId: String
        var code: String
    }

    struct Notice: Codable, Sendable {
        var code: String
        var text: String
    }

    struct Drain: Codable, Sendable {
        var reconnectInSeconds: Int
    }
}
