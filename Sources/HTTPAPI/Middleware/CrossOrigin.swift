import HTTPTypes
import Hummingbird

/// Lets the configured origins' pages read the API's answers (CORS).
///
/// The API is used with bearer tokens and never with cookies, so that a foreign page gains nothing by calling it; what
/// this decides is whose script may read.
struct CrossOrigin: Sendable {
    static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
    static let requestHeaders = """
        Authorization, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, X-Request-ID, \
        traceparent
        """
    static let exposedHeaders = "X-Request-ID, X-Node-ID, Retry-After, ETag, Idempotency-Replayed"
    /// Seconds that a browser remembers a permission; most allow no more than two hours.
    static let preflightSeconds = 7200

    let origins: HTTPSettings.Origins

    /// The answer to a browser that asks whether it may ask; nil for any other request.
    func preflight(_ request: Request) -> Response? {
        guard request.method == .options, let origin = request.headers[.origin],
            request.headers[.accessControlRequestMethod] != nil
        else { return nil }
        return preflight(isAllowed: permission(for: origin) != nil)
    }

    /// Says whose pages may read the answer.
    func permit(_ request: Request, _ response: inout Response) {
        // The answer depends on who asks, unless everybody may.
        if origins != .any { response.headers.append(HTTPField(name: .vary, value: "Origin")) }
        guard let origin = request.headers[.origin], let allowed = permission(for: origin),
            response.headers[.accessControlAllowOrigin] == nil
        else { return }
        response.headers[.accessControlAllowOrigin] = allowed
        response.headers[.accessControlExposeHeaders] = Self.exposedHeaders
    }

    private func preflight(isAllowed: Bool) -> Response {
        // An origin that is not allowed gets no permission; the browser makes the error of it.
        guard isAllowed else { return Response(status: .noContent) }
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: Self.methods,
                .accessControlAllowHeaders: Self.requestHeaders,
                .accessControlMaxAge: String(Self.preflightSeconds),
            ])
    }

    private func permission(for origin: String) -> String? {
        switch origins {
        case .any: "*"
        case .listed(let origins): origins.contains { $0.lowercased() == origin.lowercased() } ? origin : nil
        }
    }
}
