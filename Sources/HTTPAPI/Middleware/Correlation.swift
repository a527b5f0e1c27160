import HTTPTypes
import Hummingbird
import Logging
import Synchronization

/// Gives every request its id, answers with it, measures it, and writes the one log line that every request gets.
///
/// The line holds the route's pattern and never the path's query, a body or a header: tickets and tokens stand there.
struct Correlation: Sendable {
    let settings: HTTPSettings
    let figures: RequestFigures

    /// Takes down who asks, and what the request is called.
    func begin(_ request: Request, _ scope: inout RequestScope) {
        scope.requestId = RequestIdentity.accepted(request.headers[.xRequestId]) ?? RequestIdentity.make()
        scope.client = ClientAddress(
            peer: scope.peer, headers: request.headers, isTrustedProxy: settings.isTrustedProxy)
        scope.trace = TraceParent(request.headers[.traceParent])
    }

    /// - Parameter route: the pattern that matched; nil for none, and for what needs none.
    func end(
        _ request: Request, _ response: inout Response, _ scope: RequestScope, route: String,
        since start: ContinuousClock.Instant
    ) {
        response.headers.append(HTTPField(name: .xRequestId, value: scope.requestId))
        response.headers.append(HTTPField(name: .xNodeId, value: settings.nodeId))
        let duration = start.duration(to: .now)
        figures.answered(request.method, route, response.status, in: duration)
        let level = Self.isRoutine(route, response.status) ? Logger.Level.debug : .info
        if scope.logger.logLevel <= level { log(level, request, response, scope, route, duration) }
    }

    private func log(
        _ level: Logger.Level, _ request: Request, _ response: Response, _ scope: RequestScope, _ route: String,
        _ duration: Duration
    ) {
        var metadata: Logger.Metadata = [
            "method": .string(String(request.method.rawValue.prefix(16))),
            "route": .string(route),
            "status": .stringConvertible(response.status.code),
            "duration_ms": .stringConvertible(duration.milliseconds),
            "client": .string(scope.client.text),
        ]
        if let principal = scope.findings.principalKind { metadata["principal"] = .string(principal) }
        scope.correlated.log(level: level, "request", metadata: metadata)
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

    /// 128 bits: those of the process are random, those of the request are a permutation of how many came before it, begun
    /// at a random place. So no two are the same, no call of the system is needed, and nothing can be counted by them.
    static func make() -> String {
        let count = counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).oldValue
        return String(unsafeUninitializedCapacity: 32) { bytes in
            write(process, to: bytes, at: 0)
            write(mixed(count), to: bytes, at: 16)
            return 32
        }
    }

    private static let process = UInt64.random(in: .min ... .max)
    private static let counter = Atomic<UInt64>(UInt64.random(in: .min ... .max))

    /// The finaliser of SplitMix64, which maps each number to another.
    private static func mixed(_ number: UInt64) -> UInt64 {
        var number = number
        number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
        number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
        return number ^ (number >> 31)
    }

    private static func write(_ number: UInt64, to bytes: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        for place in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * place)) & 15
            bytes[start + place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
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
