import Crypto
import Foundation
import NIOCore
import NIOHTTP1

/// What a request head asks of the connection that carries it.
enum ConnectionDemand {
    /// Nothing: the next request may follow on the connection.
    case none
    /// Another protocol that is not spoken here (`h2c`, a CONNECT tunnel). llhttp parses nothing behind such a
    /// request, so that its answer must end the connection, or the client would wait for ever for its next one.
    case otherProtocol
    /// A WebSocket handshake, or what is wrong with it.
    case webSocket(Result<Handshake, HandshakeFault>)

    init(_ head: HTTPRequestHead) {
        guard head.method != .CONNECT else {
            self = .otherProtocol
            return
        }
        // The cheap look first: nearly all requests have no such header.
        guard head.headers.contains(name: "upgrade"), head.headers.lists("connection", "upgrade") else {
            self = .none
            return
        }
        guard head.headers.lists("upgrade", "websocket"), head.method == .GET, head.version == .http1_1 else {
            self = .otherProtocol
            return
        }
        self = .webSocket(Result { () throws(HandshakeFault) in try Handshake(head) })
    }
}

extension HandshakeFault: Error {}

/// A WebSocket handshake as RFC 6455 §4.2.1 wants it.
struct Handshake {
    static let version = "13"
    private static let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    /// RFC 6455 §4.1: a nonce of 16 bytes, base64.
    private static let keyBytes = 16

    let head: HTTPRequestHead
    private let key: String
    let offeredSubprotocols: [String]

    init(_ head: HTTPRequestHead) throws(HandshakeFault) {
        let headers = head.headers
        guard !headers.contains(name: "transfer-encoding"), headers["content-length"].allSatisfy({ $0 == "0" }) else {
            throw .malformedHandshake
        }
        let versions = headers["sec-websocket-version"]
        guard let version = versions.first, versions.count == 1 else { throw .malformedHandshake }
        guard version == Self.version else { throw .unsupportedVersion }
        let keys = headers["sec-websocket-key"]
        guard let key = keys.first, keys.count == 1, Data(base64Encoded: key)?.count == Self.keyBytes else {
            throw .malformedHandshake
        }
        self.head = head
        self.key = key
        offeredSubprotocols = headers[canonicalForm: "sec-websocket-protocol"].map(String.init)
    }

    /// The whole 101 response.
    ///
    /// - Parameter subprotocol: Left out when the client did not offer it, as RFC 6455 §4.2.2 demands.
    func acceptance(subprotocol: String?) -> ByteBuffer {
        let digest = Insecure.SHA1.hash(data: Data((key + Self.guid).utf8))
        var response = ByteBuffer()
        response.reserveCapacity(256)
        response.writeStaticString("HTTP/1.1 101 Switching Protocols\r\n")
        response.writeStaticString("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
        response.writeString(Data(digest).base64EncodedString())
        response.writeStaticString("\r\n")
        if let subprotocol, offeredSubprotocols.contains(subprotocol) {
            response.writeString("Sec-WebSocket-Protocol: \(subprotocol)\r\n")
        }
        response.writeStaticString("\r\n")
        return response
    }
}

extension HTTPHeaders {
    /// Whether one of the comma-separated values of a header is this token, in any case.
    fileprivate func lists(_ name: String, _ token: String) -> Bool {
        self[canonicalForm: name].contains { $0.lowercased() == token }
    }
}
