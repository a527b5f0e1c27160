public import Domain
public import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// An answer of status 400 or above: problem details as in RFC 9457.
public struct Problem: Error, Sendable {
    public var code: ProblemCode
    /// A sentence for people, without internals and without the caller's private values.
    public var detail: String
    public var errors: [FieldProblem]
    /// `Allow`, `Retry-After`.
    public var headers: HTTPFields

    public init(
        _ code: ProblemCode, detail: String? = nil, errors: [FieldProblem] = [], headers: HTTPFields = [:]
    ) {
        self.code = code
        self.detail = detail ?? code.sentence
        self.errors = errors
        self.headers = headers
        if code.status == .unauthorized { self.headers[.wwwAuthenticate] = "Bearer" }
    }

    /// Come back in so many seconds.
    init(_ code: ProblemCode, retryAfter seconds: Double, detail: String? = nil) {
        self.init(code, detail: detail)
        headers[.retryAfter] = String(Int(max(1, min(seconds, 86_400)).rounded(.up)))
    }

    /// The whole response.
    func response(requestId: String) -> Response {
        let document = ProblemDocument(
            status: code.status.code, title: code.title, code: code.rawValue, detail: detail,
            errors: errors.isEmpty ? nil : errors, requestId: requestId)
        var headers = headers
        headers[.contentType] = "application/problem+json"
        return Response(
            status: code.status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSON.encode(document))))
    }
}
