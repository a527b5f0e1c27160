import Domain

/// A `message.send`, read in one pass over its bytes: what customers and agents send all day.
///
/// Only the common form is read here. Whatever is wrong, and whatever is merely unusual (files, `null`, a name with an
/// escape in it), is left to the general reader, so that there is one place that knows the answers.
public struct MessageFrame: Sendable, Equatable {
    /// The type of these frames.
    public static let type = "message.send"

    public var requestId: String?
    public var conversationId: String?
    public var message: NewMessage

    private static let names: [StaticString] = ["type", "request_id", "conversation_id", "data"]
    private static let dataNames: [StaticString] = ["content", "client_message_id", "type", "reply_to"]

    /// - Returns: nil for another frame, and for one of another form.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= JSONLimits().maximumBytes else { return nil }
        var cursor = JSONCursor(bytes)
        var type: String?
        var requestId: String?
        var conversationId: String?
        var message: NewMessage?
        let isRead = cursor.readObject(Self.names) { cursor, index in
            switch index {
            case 0: Self.read(&type, &cursor)
            case 1: Self.read(&requestId, &cursor)
            case 2: Self.read(&conversationId, &cursor)
            default: Self.read(&message, &cursor)
            }
        }
        guard isRead, cursor.isAtEnd(), type == Self.type, let message else { return nil }
        self.requestId = requestId
        self.conversationId = conversationId
        self.message = message
    }

    private static func read(_ text: inout String?, _ cursor: inout JSONCursor) -> Bool {
        text = cursor.string()
        return text != nil
    }

    private static func read(_ message: inout NewMessage?, _ cursor: inout JSONCursor) -> Bool {
        var content: String?
        var clientMessageId: String?
        var kind: Message.Kind?
        var replyTo: String?
        let isRead = cursor.readObject(dataNames) { cursor, index in
            switch index {
            case 0: return read(&content, &cursor)
            case 1: return read(&clientMessageId, &cursor)
            case 2:
                kind = cursor.string().flatMap { Message.Kind(rawValue: $0) }
                return kind != nil
            default: return read(&replyTo, &cursor)
            }
        }
        guard isRead, let content else { return false }
        message = NewMessage(content: content, clientMessageId: clientMessageId, type: kind, replyTo: replyTo)
        return true
    }
}
