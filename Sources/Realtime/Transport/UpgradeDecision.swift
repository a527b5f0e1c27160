public import HTTPTypes
public import HummingbirdCore
public import NIOCore

/// Decides who gets a socket. The transport asks it once per well-formed WebSocket handshake, whatever the path.
public protocol SocketUpgrading: Sendable {
    /// Called on the event loop: it may wait, but must not hold the thread. When it takes longer than the transport's decision timeout its task is cancelled
    /// and the peer gets the refusal of `HandshakeFault.undecided`.
    func decide(_ request: UpgradeRequest) async -> UpgradeDecision

    /// The answer to a handshake that never gets to a decision.
    func refusal(of fault: HandshakeFault) -> UpgradeRefusal
}

/// A handshake that is complete and well-formed: GET, HTTP/1.1, version 13, a valid key.
public struct UpgradeRequest: Sendable {
    public let head: HTTPRequest
    /// Parsed as Hummingbird parses it for HTTP routes.
    public let uri: URI
    public let remoteAddress: SocketAddress?
    /// The loop that the socket will live on.
    public let eventLoop: any EventLoop
    /// The subprotocols that the client offers, in its order of preference.
    public let offeredSubprotocols: [String]
}

public enum UpgradeDecision: Sendable {
    case accept(UpgradeAcceptance)
    /// The peer gets this answer, and the connection is closed.
    case refuse(UpgradeRefusal)
    /// Not a path for sockets: the request is answered by the HTTP routes like any other, and the connection is
    /// closed after that, since its parser has stopped at the handshake.
    case decline
}

public struct UpgradeAcceptance: Sendable {
    let subprotocol: String?
    let makeDelegate: @Sendable (Socket) -> any SocketDelegate
    let abandon: @Sendable () -> Void

    /// - Parameters:
    ///   - subprotocol: Named in the answer if the client offered it, else left out.
    ///   - abandon: Called instead of `makeDelegate` when the peer has gone away meanwhile, to give back whatever the
    ///     decision reserved. On the event loop or off it.
    ///   - makeDelegate: Called on the event loop after the handshake's answer was written. It must not send yet;
    ///     `opened()` follows.
    public init(
        subprotocol: String? = nil,
        abandon: @escaping @Sendable () -> Void = {},
        makeDelegate: @escaping @Sendable (Socket) -> any SocketDelegate
    ) {
        self.subprotocol = subprotocol
        self.makeDelegate = makeDelegate
        self.abandon = abandon
    }
}

/// An answer in place of a socket. `Content-Length` and `Connection: close` are added.
public struct UpgradeRefusal: Sendable {
    public var status: HTTPResponse.Status
    public var headers: HTTPFields
    public var body: ByteBuffer

    public init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why a handshake got no decision.
public enum HandshakeFault: Sendable, Hashable, CaseIterable {
    /// The first request could not be parsed as HTTP.
    case malformedRequest
    /// A WebSocket handshake with a wrong or missing key, no version, or a body (RFC 6455 §4.2.1).
    case malformedHandshake
    /// A version other than 13; the answer names the one that is spoken (RFC 6455 §4.4).
    case unsupportedVersion
    /// No decision within the time for it.
    case undecided

    public var status: HTTPResponse.Status {
        switch self {
        case .malformedRequest, .malformedHandshake: .badRequest
        case .unsupportedVersion: .upgradeRequired
        case .undecided: .serviceUnavailable
        }
    }
}
