import HTTPTypes
import Hummingbird
import Logging

/// Gives every request its id, answers with it, measures it, and writes the one log line that every request gets.
///
/// The line holds the route's pattern and never the path's query, a body or a header: tickets and tokens stand there.
struct Correlation: RouterMiddleware {
    typealias Context = RequestScope

    let settings: HTTPSettings
    let figures: RequestFigures

    func handle(
        _ request: Request, context: RequestScope, next: (Request, RequestScope) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var scope = context
        scope.requestId = RequestIdentity.accepted(request.headers[.xRequestId]) ?? RequestIdentity.make()
        scope.client = ClientAddress(
            peer: context.peer, headers: request.headers, isTrustedProxy: settings.isTrustedProxy)
        scope.logger[metadataKey: "hb.request.id"] = nil
        scope.logger[metadataKey: "request_id"] = .string(scope.requestId)
        if let trace = TraceParent(request.headers[.traceParent]) {
            scope.logger[metadataKey: "trace_id"] = .string(trace.traceId)
            scope.logger[metadataKey: "parent_span_id"] = .string(trace.spanId)
        }
        var response = try await next(request, scope)
        response.headers[.xRequestId] = scope.requestId
        response.headers[.xNodeId] = settings.nodeId
        let duration = start.duration(to: .now)
        let path = scope.endpointPath ?? "-"
        let route = path == "NotFound" ? "unmatched" : path
        figures.answered(request.method, route, response.status, in: duration)
        log(request, response, scope, route, duration)
        return response
    }

    private func log(
        _ request: Request, _ response: Response, _ scope: RequestScope, _ route: String, _ duration: Duration
    ) {
        var metadata: Logger.Metadata = [
            "method": .string(String(request.method.rawValue.prefix(16))),
            "route": .string(route),
            "status": .stringConvertible(response.status.code),
            "duration_ms": .stringConvertible(duration.milliseconds),
            "client": .string(scope.client.text),
        ]
        if let principal = scope.findings.principalKind { metadata["principal"] = .string(principal) }
        scope.logger.log(
            level: Self.isRoutine(route, response.status) ? .debug : .info, "request", metadata: metadata)
    }

    /// Load balancers ask every second, and Prometheus every few. A scraper without the right token is worth a line.
    private static func isRoutine(_ route: String, _ status: HTTPResponse.Status) -> Bool {
        route.hasPrefix("/health") ? status.code < 500 : route == MetricsRoutes.path && status.code < 400
    }
}

/// Ids by which a request is found again in logs and problems.
enum RequestIdentity {
    static let maximumBytes = 128

    /// An id that a client or proxy sent, if it is sane: 1…128 letters, digits, `.`, `_`, `-`.
    static func accepted(_ text: String?) -> String? {
        guard let text, (1...maximumBytes).contains(text.utf8.count), text.utf8.allSatisfy(isSane) else { return nil }
        return text
    }

    /// 128 random bits.
    static func make() -> String {
        [UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)].map { value in
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    private static func isSane(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// A W3C `traceparent`: the trace that the caller is in.
struct TraceParent: Equatable {
    let traceId: String
    let spanId: String

    /// Nil for anything but version 00 with ids that are not all zeros (W3C Trace Context, 3.2).
    init?(_ header: String?) {
        guard let header, header.utf8.count == 55 else { return nil }
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00",
            parts.allSatisfy({ $0.utf8.allSatisfy(Self.isHex) }),
            parts[1].utf8.contains(where: { $0 != UInt8(ascii: "0") }),
            parts[2].utf8.contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        traceId = String(parts[1])
        spanId = String(parts[2])
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

extension Duration {
    /// With two decimals.
    var milliseconds: Double {
        let value = Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
        return (value * 100).rounded() / 100
    }
}
