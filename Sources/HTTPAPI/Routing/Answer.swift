import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// What a handler answers.
struct Answer<Value: Encodable & Sendable>: Sendable {
    enum Content: Sendable {
        case json(Value)
        case nothing
        /// A response of another form, such as a stream.
        case other(Response)
    }

    let content: Content
    /// Nil: the route's.
    var status: HTTPResponse.Status?
    var headers: HTTPFields = [:]

    init(_ value: Value, status: HTTPResponse.Status? = nil) {
        content = .json(value)
        self.status = status
    }

    /// A resource that can be edited, with the tag of its present state.
    init(_ value: Value, tag: EntityTag, status: HTTPResponse.Status? = nil) {
        self.init(value, status: status)
        headers[.eTag] = tag.text
    }

    init(response: Response) {
        content = .other(response)
    }

    /// - Parameter usual: the route's status.
    func response(_ usual: HTTPResponse.Status) -> Response { rendered(usual).response }

    func rendered(_ usual: HTTPResponse.Status) -> RenderedAnswer {
        switch content {
        case .other(let response): return RenderedAnswer(response)
        case .nothing: return RenderedAnswer(status: status ?? usual, headers: headers, bytes: [])
        case .json(let value):
            var headers = headers
            headers[.contentType] = "application/json"
            return RenderedAnswer(status: status ?? usual, headers: headers, bytes: JSON.encode(value))
        }
    }
}

/// An answer as it goes out.
struct RenderedAnswer: Sendable {
    let response: Response
    /// Its body; nil for a stream.
    let bytes: [UInt8]?

    var status: HTTPResponse.Status { response.status }
    var headers: HTTPFields { response.headers }

    init(_ stream: Response) {
        response = stream
        bytes = nil
    }

    init(status: HTTPResponse.Status, headers: HTTPFields, bytes: [UInt8]) {
        response =
            bytes.isEmpty
            ? Response(status: status, headers: headers)
            : Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        self.bytes = bytes
    }
}

/// No body.
public struct NoContent: Codable, Sendable {}

extension Answer where Value == NoContent {
    static var done: Answer { Answer(content: .nothing) }

    private init(content: Content) {
        self.content = content
    }
}

extension ListView: SchemaProviding, SchemaNamed {
    static var schemaName: String { SchemaName.of(Item.self) + "List" }

    static func schema(in components: SchemaComponents) -> JSONSchema {
        .object(
            ["items": .array(of: components.schema(of: Item.self)), "next_cursor": JSONSchema.string.orNull],
            required: ["items", "next_cursor"])
    }

    static var example: JSONValue { ["items": [], "next_cursor": nil] }
}

extension SeqListView: SchemaProviding, SchemaNamed {
    static var schemaName: String { SchemaName.of(Item.self) + "History" }

    static func schema(in components: SchemaComponents) -> JSONSchema {
        .object(
            [
                "items": .array(of: components.schema(of: Item.self)), "head_seq": .integer(in: 0...Int64.max),
                "next_cursor": JSONSchema.string.orNull,
            ], required: ["items", "head_seq", "next_cursor"])
    }

    static var example: JSONValue { ["items": [], "head_seq": 0, "next_cursor": nil] }
}

/// A part of a list, and where it goes on.
struct ListView<Item: Encodable & Sendable>: Encodable, Sendable {
    var items: [Item]
    @Nullable var nextCursor: String?
}

/// A part of a conversation's numbered history.
struct SeqListView<Item: Encodable & Sendable>: Encodable, Sendable {
    var items: [Item]
    /// The newest seq in the snapshot that the items were read from.
    var headSeq: Int64
    @Nullable var nextCursor: String?
}
