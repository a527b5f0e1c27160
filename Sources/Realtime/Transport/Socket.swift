public import NIOCore

/// An open WebSocket, as its owner uses it: on its event loop only.
///
/// A value around the channel handler, so that a socket costs no object of its own. Using it after the socket has
/// closed does nothing.
///
/// What is sent counts as queued until it is flushed, and only flushing makes room: every tick that sends must end in
/// `flush` or `flushSoon`. (Within `opened` and `received` that happens by itself.)
public struct Socket {
    let handler: SocketHandler

    /// The deadlines and the event loop that this socket shares with others.
    public var loop: SocketLoop { handler.loop }
    public var eventLoop: any EventLoop { handler.loop.eventLoop }

    /// Whether frames may be sent: `false` as soon as either side has begun to close.
    public var isOpen: Bool { handler.isOpen }

    /// Whether the outbound buffer is below its high water mark. Sending is possible nevertheless; the owner's own
    /// queue should hold back when this is `false`.
    public var isWritable: Bool { handler.isWritable }

    /// Bytes that were sent here and not yet taken by the operating system.
    public var queuedBytes: Int { handler.queuedBytes }

    // MARK: Sending

    /// Sends a frame that other sockets may share, without copying it. Not flushed.
    public func send(_ frame: TextFrame) { handler.send(frame) }

    /// Sends one text message without copying it. Not flushed.
    public func send(text: ByteBuffer) { handler.send(text: text) }

    /// Sends one text message made of several buffers in this order, without copying or joining them. Not flushed.
    public func send(pieces: [ByteBuffer]) { handler.send(pieces: pieces) }

    /// Sends a ping. Not flushed.
    ///
    /// - Parameter payload: At most 125 bytes; what is beyond them is cut off.
    public func ping(_ payload: ByteBuffer = ByteBuffer()) { handler.ping(payload) }

    /// Writes everything sent so far to the network.
    public func flush() { handler.flush() }

    /// Writes everything sent so far to the network when the event loop has done what it is doing now, so that many
    /// sends of one tick, to many sockets, cost one system call per socket.
    ///
    /// - Parameter inBulk: for one of very many sockets that are sent the same: those with other frames go first.
    public func flushSoon(inBulk: Bool = false) { handler.flushSoon(inBulk: inBulk) }

    // MARK: Receiving

    /// Stops reading, so that the peer is held back by TCP. Messages that were read before may still be delivered:
    /// those of a few kilobytes, and when the peer has already closed its side, all that the operating system holds.
    public func pauseReading() { handler.pauseReading() }

    public func resumeReading() { handler.resumeReading() }

    // MARK: Closing

    /// Starts the close handshake: the frame goes out behind everything sent before, then nothing more is delivered
    /// or sent. The connection is dropped when the peer has answered, or when it has not in time.
    ///
    /// - Parameter reason: At most 123 bytes of UTF-8; a longer one is cut at a scalar.
    public func close(_ code: CloseCode, reason: String = "") { handler.close(code, reason: reason) }

    /// Drops the connection now, without a close frame. What is queued is lost.
    public func forceClose() { handler.forceClose() }
}
