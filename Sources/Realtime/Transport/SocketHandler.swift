import NIOCore

/// The one channel handler of an upgraded connection: frames in, frames out, the close handshake.
///
/// It is the last handler as well as the first. Nothing is forwarded, because on a connection that carried plain HTTP
/// before its upgrade an inert HTTP handler remains behind it.
/// It asks for every read itself (the channel's automatic reading is off), so that not reading is simply not asking.
final class SocketHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Stage: UInt8 {
        /// Before `begin`.
        case new
        case open
        /// We have sent a close frame and wait for the peer's.
        case closing
        /// Nothing is left to say: our side is shut down, the peer's end of file is awaited.
        case finishing
        case closed
    }

    private static let closeDeadline = DeadlineTag(rawValue: 0)
    /// RFC 6455 §5.5: 125 bytes, of which the code takes two.
    private static let maximumReasonBytes = 123

    let loop: SocketLoop
    private let closeTimeout: TimeAmount
    private(set) var context: ChannelHandlerContext?
    private var delegate: (any SocketDelegate)?
    private var assembler: FrameAssembler
    /// The newest unanswered ping of a peer that does not read its pongs: RFC 6455 §5.5.3 lets us answer only that.
    private var owedPong: ByteBuffer?
    private var deadline: TimerWheel.Deadline?
    private var end = SocketEnd.lost
    private var stage = Stage.new
    private var isDraining = false
    private var isReadingPaused = false
    /// Kept here, since it is asked for with each frame: the channel's own answer takes longer than a write does.
    private var isBelowHighWater = true
    private var hasUnflushed = false
    /// Whether the socket is in its loop's lists of those to be flushed.
    private var isFlushPlanned = false
    private var isBulkFlushPlanned = false

    init(loop: SocketLoop, configuration: SocketConfiguration) {
        self.loop = loop
        self.closeTimeout = configuration.closeTimeout
        self.assembler = FrameAssembler(maximumMessageBytes: configuration.maximumMessageBytes)
    }

    /// Starts the socket.
    ///
    /// - Parameters:
    ///   - acceptance: The answer to the handshake, in full.
    ///   - received: What the peer sent behind its handshake.
    ///   - isDraining: Whether the server began to stop during the handshake.
    func begin(
        _ acceptance: ByteBuffer, received: ByteBuffer, isDraining: Bool,
        makeDelegate: @Sendable (Socket) -> any SocketDelegate
    ) {
        write(acceptance)
        flush()
        let delegate = makeDelegate(Socket(handler: self))
        self.delegate = delegate
        stage = .open
        delegate.opened()
        if isDraining || self.isDraining, stage == .open { delegate.shouldDrain() }
        if received.readableBytes > 0 { receive(received) }
        finishReading()
    }

    // MARK: Sending

    var isOpen: Bool { stage == .open }
    var isWritable: Bool { isBelowHighWater && context != nil }

    var queuedBytes: Int {
        (try? context?.channel.syncOptions?.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
    }

    func send(_ frame: TextFrame) {
        guard stage == .open else { return }
        write(frame.bytes)
    }

    func send(text: ByteBuffer) {
        guard stage == .open else { return }
        write(FrameHeader.text(payload: text.readableBytes))
        if text.readableBytes > 0 { write(text) }
    }

    func send(pieces: [ByteBuffer]) {
        guard stage == .open else { return }
        write(FrameHeader.text(payload: pieces.reduce(0) { $0 + $1.readableBytes }))
        for piece in pieces where piece.readableBytes > 0 { write(piece) }
    }

    func ping(_ payload: ByteBuffer) {
        guard stage == .open else { return }
        writeControl(FrameHeader.ping, payload)
    }

    /// The loop's list has come to this socket.
    func flushAsPlanned(inBulk: Bool) {
        if inBulk { isBulkFlushPlanned = false } else { isFlushPlanned = false }
        flush()
    }

    func flush() {
        guard hasUnflushed else { return }
        hasUnflushed = false
        context?.flush()
    }

    func flushSoon(inBulk: Bool = false) {
        guard hasUnflushed, !isFlushPlanned else { return }
        if inBulk {
            guard !isBulkFlushPlanned else { return }
            isBulkFlushPlanned = true
        } else {
            isFlushPlanned = true
        }
        loop.flushSoon(self, inBulk: inBulk)
    }

    private func write(_ bytes: ByteBuffer) {
        guard let context else { return }
        hasUnflushed = true
        context.write(wrapOutboundOut(bytes), promise: nil)
    }

    private func writeControl(_ first: UInt8, _ payload: ByteBuffer) {
        let payload = payload.readableBytesView.prefix(FrameAssembler.maximumControlPayload)
        var frame = ByteBuffer()
        frame.reserveCapacity(2 + payload.count)
        FrameHeader.write(first, payload: payload.count, into: &frame)
        frame.writeBytes(payload)
        write(frame)
    }

    // MARK: Reading

    func pauseReading() {
        isReadingPaused = true
    }

    func resumeReading() {
        guard isReadingPaused else { return }
        isReadingPaused = false
        context?.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Nothing is read before `begin`, except when the operating system's buffer is emptied because the peer has
        // closed already: there is nobody left to open a socket for.
        guard stage != .new else { return context.close(promise: nil) }
        receive(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        finishReading()
    }

    private func finishReading() {
        flush()
        // A closing socket reads on whatever its owner said, to see the peer's close frame or its end of file.
        if !isReadingPaused || stage != .open { context?.read() }
    }

    private func receive(_ bytes: ByteBuffer) {
        guard stage == .open || stage == .closing else { return }
        if stage == .open { delegate?.heard() }
        var bytes = bytes
        while stage == .open || stage == .closing, let event = assembler.next(from: &bytes) {
            handle(event)
        }
    }

    private func handle(_ event: FrameAssembler.Event) {
        switch event {
        case .text(let text):
            if stage == .open { delegate?.received(.text(text)) }
        case .ping(let payload):
            guard stage == .open else { return }
            if isWritable { writeControl(FrameHeader.pong, payload) } else { owedPong = payload }
            delegate?.received(.ping)
        case .pong(let payload):
            if stage == .open { delegate?.received(.pong(payload)) }
        case .close(let code):
            if stage == .open {
                end = .byPeer(code)
                writeClose(code, reason: "")
            }
            finish()
        case .violation(let code, let violation):
            if stage == .open {
                end = .byUs(code)
                writeClose(code, reason: violation.rawValue)
            }
            finish()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        isBelowHighWater = isWritable
        guard stage == .open else { return }
        if isWritable, let payload = owedPong {
            owedPong = nil
            writeControl(FrameHeader.pong, payload)
            flushSoon()
        }
        delegate?.writabilityChanged(to: isWritable)
    }

    // MARK: Closing

    func close(_ code: CloseCode, reason: String) {
        guard stage == .open else { return }
        end = .byUs(code)
        writeClose(code, reason: reason)
        flush()
        stage = .closing
        awaitPeer()
        if isReadingPaused { resumeReading() }
    }

    func forceClose() {
        guard stage != .closed else { return }
        context?.close(promise: nil)
    }

    private func writeClose(_ code: CloseCode?, reason: String) {
        var payload = ByteBuffer()
        if let code {
            payload.writeInteger(code.rawValue)
            var room = Self.maximumReasonBytes
            for scalar in reason.unicodeScalars {
                let size = UTF8.width(scalar)
                guard size <= room else { break }
                room -= size
                payload.writeString(String(scalar))
            }
        }
        writeControl(FrameHeader.close, payload)
    }

    /// Both sides have said their last: shuts down our side behind what is still queued. The peer's end of file
    /// completes the close; closing at once could reset the connection and cost the peer our close frame.
    private func finish() {
        stage = .finishing
        flush()
        if deadline == nil { awaitPeer() }
        context?.close(mode: .output, promise: nil)
    }

    private func awaitPeer() {
        deadline = loop.deadlines.set(Self.closeDeadline, after: closeTimeout, for: self)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            context.close(promise: nil)
        case is ChannelShouldQuiesceEvent:
            isDraining = true
            if stage == .open { delegate?.shouldDrain() }
        default:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        conclude()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isBelowHighWater = context.channel.isWritable
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        conclude()
        self.context = nil
    }

    private func conclude() {
        guard stage != .closed else { return }
        stage = .closed
        if let deadline { loop.deadlines.cancel(deadline) }
        deadline = nil
        owedPong = nil
        // The delegate holds the socket and the socket its delegate: this is where the circle is broken.
        let delegate = self.delegate
        self.delegate = nil
        delegate?.closed(end)
    }
}

extension SocketHandler: DeadlineTarget {
    func deadlinePassed(_ tag: DeadlineTag) {
        deadline = nil
        forceClose()
    }
}
