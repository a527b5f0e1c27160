public import NIOCore

/// What an accepted socket tells its owner. All calls are made on the socket's event loop, and none after `closed`.
public protocol SocketDelegate: AnyObject {
    /// The handshake is done; frames may be sent from now on. Always the first call.
    func opened()

    /// Bytes of whatever kind have arrived: the peer is alive. Comes before the frames in them.
    func heard()

    /// A whole frame or message. Pings have been answered already. After `close` or a violation nothing more comes.
    func received(_ message: InboundMessage)

    /// The socket's outbound buffer went over the high water mark (`false`) or back under the low one (`true`).
    func writabilityChanged(to isWritable: Bool)

    /// The server has begun to stop. The socket is not touched: closing it is up to the owner's drain.
    func shouldDrain()

    /// The socket is gone. The last call, made exactly once.
    func closed(_ end: SocketEnd)
}

extension SocketDelegate {
    public func heard() {}
    public func writabilityChanged(to isWritable: Bool) {}
    public func shouldDrain() {}
}

/// A message or control frame of the peer. Controls are reported so that they can be counted against a rate.
public enum InboundMessage: Equatable, Sendable {
    /// Valid UTF-8, within the size limit.
    case text(ByteBuffer)
    case ping
    /// With the payload of the ping it answers.
    case pong(ByteBuffer)
}

/// How a socket ended.
public enum SocketEnd: Hashable, Sendable {
    /// The peer sent a close frame first; `nil` when it gave no code.
    case byPeer(CloseCode?)
    /// We sent a close frame first, be it asked for by the owner or because the peer broke the protocol.
    case byUs(CloseCode)
    /// The connection went away without a close frame.
    case lost
}
