import HTTPTypes
import NIOCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where a request comes from, as far as it can be believed.
struct ClientAddress: Sendable, Equatable {
    /// IP address, or `unknown` for a peer that has none.
    var text: String
    /// Whether the connection is a trusted proxy's, whose `X-Forwarded-*` headers count.
    var isBehindProxy: Bool

    /// Hops that are looked at. A longer list than any real chain of proxies is made up.
    static let maximumHops = 16

    init(text: String, isBehindProxy: Bool) {
        self.text = text
        self.isBehindProxy = isBehindProxy
    }

    /// - Parameter peer: IP address of the connection, nil when it has none.
    init(peer: String?, headers: HTTPFields, isTrustedProxy: (String) -> Bool) {
        // The system writes addresses in one spelling.
        let peer = peer.map(Self.unmapped)
        text = peer ?? "unknown"
        isBehindProxy = peer.map(isTrustedProxy) ?? false
        guard isBehindProxy else { return }
        // Each proxy appends whom it saw, so the rightmost address that is no proxy of ours is the client; what stands
        // left of it, the client may have written.
        let hops = headers[values: .xForwardedFor].joined(separator: ",").split(separator: ",")
        for hop in hops.suffix(Self.maximumHops).reversed() {
            guard let address = Self.normalized(Self.withoutPort(hop.trimmed)) else { return }
            text = address
            guard isTrustedProxy(address) else { return }
        }
    }

    /// What rate limits count by: of IPv6 the network, because a customer has 2⁶⁴ addresses in one.
    var rateKey: String {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return text }
        return withUnsafeBytes(of: &address) { bytes in
            bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
        }
    }

    /// One spelling per address; IPv4 inside IPv6, as a dual-stack listener sees it, is IPv4. Nil for no address.
    private static func normalized(_ text: String) -> String? {
        guard text.utf8.count <= 45, !text.utf8.contains(0), let address = try? SocketAddress(ipAddress: text, port: 0)
        else { return nil }
        return address.ipAddress.map(unmapped)
    }

    /// IPv4 inside IPv6 as IPv4.
    private static func unmapped(_ address: String) -> String {
        let mapped = "::ffff:"
        guard address.utf8.first == UInt8(ascii: ":"), address.lowercased().hasPrefix(mapped), address.contains(".")
        else {
            return address
        }
        return String(address.dropFirst(mapped.count))
    }

    private static func withoutPort(_ hop: String) -> String {
        if hop.hasPrefix("["), let end = hop.firstIndex(of: "]") {
            return String(hop[hop.index(after: hop.startIndex)..<end])
        }
        let parts = hop.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[0]) : hop
    }
}

extension HTTPField.Name {
    static let xForwardedFor = name("X-Forwarded-For")
    static let xForwardedProto = name("X-Forwarded-Proto")
    static let xRequestId = name("X-Request-ID")
    static let xNodeId = name("X-Node-ID")
    static let traceParent = name("traceparent")
    static let idempotencyKey = name("Idempotency-Key")
    static let idempotencyReplayed = name("Idempotency-Replayed")
    static let referrerPolicy = name("Referrer-Policy")
    static let permissionsPolicy = name("Permissions-Policy")
    static let frameOptions = name("X-Frame-Options")
    static let accelBuffering = name("X-Accel-Buffering")
    static let crossOriginResourcePolicy = name("Cross-Origin-Resource-Policy")

    /// A name that is written here, and so is a token.
    private static func name(_ text: String) -> HTTPField.Name { HTTPField.Name(text) ?? .server }
}

extension StringProtocol {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        let start = drop { $0 == " " || $0 == "\t" }
        var end = start[...]
        while let last = end.last, last == " " || last == "\t" { end = end.dropLast() }
        return String(end)
    }
}
