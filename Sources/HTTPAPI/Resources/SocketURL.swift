import HTTPTypes
import Hummingbird

/// The absolute address of a customer's socket.
enum SocketURL {
    /// - Parameters:
    ///   - publicURL: where clients reach the server; nil takes the Host that this request was sent to, and `wss` when a
    ///     trusted proxy says that it came over TLS.
    static func text(
        sessionId: String, ticket: String, publicURL: String?, request: Request, client: ClientAddress
    ) -> String {
        "\(base(publicURL, request, client))/ws/chat/\(sessionId)?ticket=\(ticket)"
    }

    private static func base(_ publicURL: String?, _ request: Request, _ client: ClientAddress) -> String {
        if let publicURL {
            if publicURL.hasPrefix("https://") { return "wss://" + publicURL.dropFirst("https://".count) }
            if publicURL.hasPrefix("http://") { return "ws://" + publicURL.dropFirst("http://".count) }
        }
        let forwarded = client.isBehindProxy ? request.headers[.xForwardedProto]?.trimmed.lowercased() : nil
        let host = request.head.authority ?? ""
        return (forwarded == "https" ? "wss://" : "ws://") + (isHost(host) ? host : "localhost")
    }

    /// A name of 253 characters and a port at most.
    private static let hostBytes = 1...261

    /// Letters, digits and what else a host and its port are written with.
    private static func isHost(_ host: String) -> Bool {
        hostBytes.contains(host.utf8.count)
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"),
                    UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
