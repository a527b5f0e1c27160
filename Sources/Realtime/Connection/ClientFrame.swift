import Domain
import NIOCore
import Wire

/// A frame of a client: the envelope, with its data still to be read by type.
struct ClientFrame {
    /// Longest `request_id` that is echoed, in UTF-8 bytes.
    static let maximumRequestIdBytes = 128

    private enum Content {
        /// Still to be read.
        case json(JSONValue)
        case message(NewMessage)
    }

    var type: String
    var requestId: String?
    var conversationId: String?
    private var data: Content

    /// - Throws: ``FrameFault`` with what of the envelope could be read.
    init(_ text: ByteBuffer) throws(FrameFault) {
        guard let frame = text.withUnsafeReadableBytes({ MessageFrame($0) }),
            frame.requestId?.utf8.count ?? 0 <= Self.maximumRequestIdBytes
        else {
            try self.init(parsing: text)
            return
        }
        self.init(frame)
    }

    private init(_ frame: MessageFrame) {
        type = MessageFrame.type
        requestId = frame.requestId
        conversationId = frame.conversationId
        data = .message(frame.message)
    }

    /// Reads a frame of any type and form.
    init(parsing text: ByteBuffer) throws(FrameFault) {
        let value: JSONValue
        do {
            value = try text.withUnsafeReadableBytes { bytes -> Result<JSONValue, JSONSyntaxError> in
                Result { () throws(JSONSyntaxError) in try JSONValue(parsing: bytes) }
            }.get()
        } catch {
            throw FrameFault(SocketError(.invalid, "the frame is not a JSON document"))
        }
        guard case .object(let members) = value else {
            throw FrameFault(SocketError(.invalid, "a frame is a JSON object"))
        }
        let requestId: String?
        switch members["request_id"] {
        case .none, .some(.null): requestId = nil
        case .some(.string(let id)) where id.utf8.count <= Self.maximumRequestIdBytes: requestId = id
        default: throw FrameFault(SocketError(.invalid, "request_id is not a text of at most 128 bytes"))
        }
        let conversationId: String?
        switch members["conversation_id"] {
        case .none, .some(.null): conversationId = nil
        case .some(.string(let id)): conversationId = id
        default: throw FrameFault(SocketError(.invalid, "conversation_id is not a text"), requestId: requestId)
        }
        guard case .some(.string(let type)) = members["type"] else {
            throw FrameFault(SocketError(.invalid, "type is missing or no text"), requestId: requestId)
        }
        // Of several the first by name, so that the same frame always gets the same answer.
        if let unknown = members.keys.lazy.filter({ !Self.isKnown($0) }).min() {
            throw FrameFault(
                SocketError(.invalid, "unknown field \(unknown.prefix(64))"), requestId: requestId,
                conversationId: conversationId)
        }
        let data = members["data"] ?? .object([:])
        guard case .object = data else {
            throw FrameFault(
                SocketError(.invalid, "data is not an object"), requestId: requestId, conversationId: conversationId)
        }
        self.type = type
        self.requestId = requestId
        self.conversationId = conversationId
        self.data = .json(data)
    }

    private static func isKnown(_ name: String) -> Bool {
        switch name {
        case "type", "request_id", "conversation_id", "data": true
        default: false
        }
    }

    /// Reads the data of a ``MessageFrame``.
    func message() throws -> NewMessage {
        switch data {
        case .json(let data): try StrictJSONDecoder().decode(NewMessage.self, from: data)
        case .message(let message): message
        }
    }

    /// Reads the data of any other frame as `type`.
    func decoded<Content: Decodable>(_ type: Content.Type) throws -> Content {
        guard case .json(let data) = data else { throw SocketError(.invalid, "the data is not valid") }
        return try StrictJSONDecoder().decode(type, from: data)
    }
}

/// A frame that could not be read, with what is needed to answer it.
struct FrameFault: Error {
    var error: SocketError
    var requestId: String?
    var conversationId: String?

    init(_ error: SocketError, requestId: String? = nil, conversationId: String? = nil) {
        self.error = error
        self.requestId = requestId
        self.conversationId = conversationId
    }
}

// The data of each frame type, as in the protocol.

struct HelloData: Decodable {
    struct Resume: Decodable {
        var epoch: String
        var seq: Int64
    }

    var token: String?
    var resume: Resume?
    var capabilities: [String]?
}

struct ReadData: Decodable {
    var seq: Int64
}

struct NoData: Decodable {
    private enum CodingKeys: CodingKey {}

    init(from decoder: any Decoder) throws {
        // Asks for no member, so that any that is there is one too many.
        _ = try decoder.container(keyedBy: CodingKeys.self)
    }
}

struct HandoffData: Decodable {
    enum Target: String, Decodable, CaseIterable {
        case human, ai
    }

    var to: Target
    var reason: String?
}

struct ReplyData: Decodable {
    var messageId: String
}

struct TokenData: Decodable {
    var token: String
}

struct SubscribeData: Decodable {
    struct Wanted: Decodable {
        var id: String
        var after: Int64?
    }

    struct View: Decodable {
        var status: Conversation.Status?
        var priority: Conversation.Priority?
        var owner: Owner.Kind?
        var assignee: String?
        var teamId: String?
        var inboxId: String?
        var contactId: String?
        var label: String?
    }

    var conversations: [Wanted]?
    var view: View?
}

struct UnsubscribeData: Decodable {
    struct Wanted: Decodable {
        var id: String
    }

    var conversations: [Wanted]
}
