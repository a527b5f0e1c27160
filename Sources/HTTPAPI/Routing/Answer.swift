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

    func response(_ usual: HTTPResponse.Status) -> Response {
        switch content {
        case .other(let response): return response
        case .nothing: return Response(status: status ?? usual, headers: headers)
        case .json(let value):
            var headers = headers
            headers[.contentType] = "application/json"
            return Response(
                status: status ?? usual, headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSON.encode(value))))
        }
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
