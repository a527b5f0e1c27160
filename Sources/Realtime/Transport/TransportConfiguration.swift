public import HummingbirdCore
public import NIOCore

/// Limits of an upgraded socket.
public struct SocketConfiguration: Sendable {
    /// Bytes of one inbound text message; a longer one closes with 1009.
    public var maximumMessageBytes = 65_536
    /// How long the peer may take to answer our close frame, or to close its side after the handshake of closing.
    public var closeTimeout = TimeAmount.seconds(5)
    /// Bytes of outbound data that may wait in the channel before the socket is no longer writable. Small, because
    /// everything beyond it should wait in the owner's queue, where it can be merged, replaced and counted.
    public var highWaterMark = 65_536
    /// Bytes at which it is writable again.
    public var lowWaterMark = 16_384
    /// Bytes of a read. Each connection keeps one such buffer: client frames are short, idle sockets are many.
    public var receiveBufferBytes = 512

    public init() {}
}

/// Limits of the HTTP side, up to and including the upgrade.
public struct TransportConfiguration: Sendable {
    /// Plain HTTP: idle timeout, header limits, additional handlers.
    public var http: HTTP1Channel.Configuration
    /// How long a new connection may take to send its first whole request head; it is closed without an answer then.
    /// (Later requests on the connection are bound by the idle timeout.)
    public var headTimeout = TimeAmount.seconds(10)
    /// How long the decision about an upgrade may take before it is refused.
    public var decisionTimeout = TimeAmount.seconds(10)
    /// How long a refused peer may take to close its side, so that the answer is not lost to a reset.
    public var lingerTimeout = TimeAmount.seconds(2)
    public var socket = SocketConfiguration()

    /// - Parameter http: By default Hummingbird's, with an idle timeout of 60 s.
    public init(http: HTTP1Channel.Configuration = .init(idleTimeout: .seconds(60))) {
        self.http = http
    }
}
