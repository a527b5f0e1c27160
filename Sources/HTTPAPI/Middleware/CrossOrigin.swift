import HTTPTypes
import Hummingbird

/// Lets the configured origins' pages read the API's answers (CORS).
///
/// The API is used with bearer tokens and never with cookies, so that a foreign page gains nothing by calling it; what
/// this decides is whose script may read.
struct CrossOrigin: RouterMiddleware {
    typealias Context = RequestScope

    static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
    static let requestHeaders = """
        Authorization, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, X-Request-ID, \
        traceparent
        """
    static let exposedHeaders = "X-Request-ID, X-Node-ID, Retry-After, ETag, Idempotency-Replayed"
    /// Seconds that a browser remembers a permission; most allow no more than two hours.
    static let preflightSeconds = 7200

    let origins: HTTPSettings.Origins

    func handle(
        _ request: Request, context: RequestScope, next: (Request, RequestScope) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin] else {
            var response = try await next(request, context)
            vary(&response)
            return response
        }
        let allowed = permission(for: origin)
        var response: Response
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            response = preflight(isAllowed: allowed != nil)
        } else {
            response = try await next(request, context)
        }
        vary(&response)
        guard let allowed, response.headers[.accessControlAllowOrigin] == nil else { return response }
        response.headers[.accessControlAllowOrigin] = allowed
        response.headers[.accessControlExposeHeaders] = Self.exposedHeaders
        return response
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

    /// The answer depends on who asks, unless everybody may.
    private func vary(_ response: inout Response) {
        if origins != .any { response.headers.append(HTTPField(name: .vary, value: "Origin")) }
    }
}
