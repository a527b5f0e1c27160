import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Stands between the HTTP parser and Hummingbird and turns a connection into a socket when a handshake is accepted.
///
/// NIO's own upgrade handler looks at the first request of a connection only. Reverse proxies pool their connections
/// and send a handshake over one that has carried requests before, so this gate stays in the pipeline and takes a
/// handshake at any time: it waits until earlier requests are answered, makes the HTTP task let go of the connection,
/// and only then changes the protocol.
///
/// It also closes, after their answer, the connections that asked for a protocol not spoken here, and those that
/// never send a request head.
final class UpgradeGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What the connection's task has to do.
    enum Errand: Sendable {
        /// Serve plain HTTP, beginning with `openHTTP`.
        case http
        /// Nothing: the connection is a socket, or gone.
        case nothing
    }

    /// Makes the HTTP task leave the connection; seen by nobody but Hummingbird's trace log.
    private struct HandOver: Error {}

    private enum Phase {
        /// No whole request head has arrived yet.
        case fresh
        /// Plain HTTP is wanted; parts are kept until the connection's task has opened it.
        case opening
        case http
        /// A handshake has begun: its end, and the answers to earlier requests, are awaited.
        case handshake(Result<Handshake, HandshakeFault>, isComplete: Bool)
        case deciding(Handshake)
        /// Accepted: the HTTP task has to let go of the connection.
        case releasing(Handshake, UpgradeAcceptance)
        /// The HTTP handlers are being removed.
        case upgrading(UpgradeAcceptance)
        /// The last answer is written and our side shut down.
        case lingering
        case done
    }

    private static let deadlineTag = DeadlineTag(rawValue: 0)

    private let configuration: TransportConfiguration
    private let upgrading: any SocketUpgrading
    private let loop: SocketLoop
    private let encoder: HTTPResponseEncoder
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private let errand: EventLoopPromise<Errand>
    private let logger: Logger
    private var isErrandGiven = false

    private var phase = Phase.fresh
    private var context: ChannelHandlerContext?
    private var kept: [HTTPServerRequestPart] = []
    private var leftover = ByteBuffer()
    private var http: HTTPSide?
    /// Requests that were passed on and are not answered yet.
    private var unanswered = 0
    /// The request passed on last is the last one of this connection.
    private var isLastRequest = false
    private var isLastRequestComplete = false
    private var isDraining = false
    private var isInputClosed = false
    private var isReadHeld = false
    private var deadline: TimerWheel.Deadline?
    private var decision: Task<Void, Never>?

    init(
        configuration: TransportConfiguration, upgrading: any SocketUpgrading, loop: SocketLoop,
        encoder: HTTPResponseEncoder, decoder: ByteToMessageHandler<HTTPRequestDecoder>,
        errand: EventLoopPromise<Errand>, logger: Logger
    ) {
        self.configuration = configuration
        self.upgrading = upgrading
        self.loop = loop
        self.encoder = encoder
        self.decoder = decoder
        self.errand = errand
        self.logger = logger
    }

    // MARK: The connection's task

    /// Puts Hummingbird behind the gate. Called on the event loop for the task that is going to serve it, and not
    /// before that task runs: a `NIOAsyncChannel` that nobody comes to serve traps.
    func openHTTP() throws -> HTTPSide.AsyncChannel {
        guard case .opening = phase, let context else { throw ChannelError.ioOnClosedChannel }
        let http: HTTPSide
        do {
            http = try HTTPSide(on: context.channel, configuration: configuration.http, logger: logger)
        } catch {
            context.close(promise: nil)
            throw error
        }
        self.http = http
        clearDeadline()
        phase = .http
        let parts = kept
        kept = []
        for part in parts { receive(part, context) }
        context.fireChannelReadComplete()
        if isDraining { context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        if isInputClosed { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        releaseRead(context)
        return http.channel
    }

    /// The HTTP task has let go of the connection.
    func httpReleased() {
        guard case .releasing(let handshake, let acceptance) = phase, let context else { return }
        upgrade(handshake, acceptance, context)
    }

    private func give(_ errand: Errand) {
        guard !isErrandGiven else { return }
        isErrandGiven = true
        self.errand.succeed(errand)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        receive(unwrapInboundIn(data), context)
    }

    private func receive(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch phase {
        case .fresh, .http:
            if case .head(let head) = part { judge(head, context) } else { pass(part, context) }
        case .opening:
            kept.append(part)
        case .handshake(let handshake, false):
            // A handshake has no body, and is judged faulty if it announces one.
            guard case .end = part else { return }
            phase = .handshake(handshake, isComplete: true)
            decideIfReady(context)
        case .handshake(_, true), .deciding, .releasing, .upgrading:
            // The parser stops behind a handshake; a peer for which it did not is no WebSocket client.
            context.close(promise: nil)
        case .lingering, .done:
            break
        }
    }

    private func judge(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch ConnectionDemand(head) {
        case .none:
            pass(.head(head), context)
        case .otherProtocol:
            isLastRequest = true
            pass(.head(head), context)
        case .webSocket(let handshake):
            phase = .handshake(handshake, isComplete: false)
            decideIfReady(context)
        }
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        if case .fresh = phase {
            phase = .opening
            kept.append(part)
            give(.http)
            return
        }
        switch part {
        case .head: unanswered += 1
        case .body: break
        case .end: isLastRequestComplete = isLastRequest
        }
        context.fireChannelRead(wrapInboundOut(part))
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let isLastAnswer = isLastRequest && unanswered == 1
        switch unwrapOutboundIn(data) {
        case .head(var head) where isLastAnswer && head.status.code >= 200:
            head.headers.replaceOrAdd(name: "connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            context.write(data, promise: promise)
            unanswered = max(0, unanswered - 1)
            if isLastAnswer { linger(context) } else { decideIfReady(context) }
        case .head, .body:
            context.write(data, promise: promise)
        }
    }

    private func refuse(_ refusal: UpgradeRefusal, fault: HandshakeFault? = nil, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders(refusal.headers)
        headers.replaceOrAdd(name: "content-length", value: String(refusal.body.readableBytes))
        headers.replaceOrAdd(name: "connection", value: "close")
        if fault == .unsupportedVersion {
            headers.replaceOrAdd(name: "sec-websocket-version", value: Handshake.version)
        }
        if refusal.status == .upgradeRequired {
            // RFC 9110 §15.5.22: the answer must say to what.
            headers.replaceOrAdd(name: "upgrade", value: "websocket")
            headers.replaceOrAdd(name: "connection", value: "upgrade, close")
        }
        let status = HTTPResponseStatus(statusCode: refusal.status.code, reasonPhrase: refusal.status.reasonPhrase)
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(refusal.body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        linger(context)
        give(.nothing)
    }

    /// Ends the connection behind the last answer. Closing at once could reset it, and cost the peer the answer, when
    /// it has sent something that was not read.
    private func linger(_ context: ChannelHandlerContext) {
        phase = .lingering
        setDeadline(configuration.lingerTimeout)
        context.flush()
        context.close(mode: .output, promise: nil)
        releaseRead(context)
    }

    // MARK: Handshake

    private func decideIfReady(_ context: ChannelHandlerContext) {
        guard case .handshake(let result, let isComplete) = phase, unanswered == 0 else { return }
        switch result {
        case .failure(let fault):
            refuse(upgrading.refusal(of: fault), fault: fault, context)
        case .success(let handshake):
            guard isComplete else { return }
            guard let head = try? HTTPRequest(handshake.head, secure: false, splitCookie: false) else {
                refuse(upgrading.refusal(of: .malformedHandshake), context)
                return
            }
            let request = UpgradeRequest(
                head: head, uri: URI(handshake.head.uri), remoteAddress: context.channel.remoteAddress,
                eventLoop: context.eventLoop, offeredSubprotocols: handshake.offeredSubprotocols)
            phase = .deciding(handshake)
            setDeadline(configuration.decisionTimeout)
            let promise = context.eventLoop.makePromise(of: UpgradeDecision.self)
            decision = Task(executorPreference: loop.executor) { [upgrading] in
                promise.succeed(await upgrading.decide(request))
            }
            promise.futureResult.assumeIsolated().whenSuccess { self.decided($0) }
        }
    }

    private func decided(_ decision: UpgradeDecision) {
        self.decision = nil
        guard case .deciding(let handshake) = phase, let context else {
            // Too late: the peer has left, or was told to.
            if case .accept(let acceptance) = decision { acceptance.abandon() }
            return
        }
        switch decision {
        case .accept(let acceptance):
            guard http != nil else { return upgrade(handshake, acceptance, context) }
            phase = .releasing(handshake, acceptance)
            // Ends the wait for the next request, and with it the task; its closing of the channel stops here.
            context.fireErrorCaught(HandOver())
        case .refuse(let refusal):
            refuse(refusal, context)
        case .decline:
            isLastRequest = true
            phase = http == nil ? .fresh : .http
            pass(.head(handshake.head), context)
            if http == nil { kept.append(.end(nil)) } else { pass(.end(nil), context) }
            context.fireChannelReadComplete()
        }
    }

    private func upgrade(
        _ handshake: Handshake, _ acceptance: UpgradeAcceptance, _ context: ChannelHandlerContext
    ) {
        phase = .upgrading(acceptance)
        let pipeline = context.pipeline.syncOperations
        let socket = SocketHandler(loop: loop, configuration: configuration.socket)
        do {
            // In front of everything: from here on no byte reaches the HTTP handlers, so that they can go in peace.
            try pipeline.addHandler(socket, position: .first)
            try configure(context.channel)
        } catch {
            context.close(promise: nil)
            return
        }
        pipeline.removeHandler(encoder, promise: nil)
        for handler in http?.handlers ?? [] { pipeline.removeHandler(handler, promise: nil) }
        http = nil
        // The decoder is the last to go, since it goes late: it first hands over what it has not parsed.
        pipeline.removeHandler(decoder).assumeIsolated().whenComplete { _ in
            self.finishUpgrade(handshake, acceptance, socket)
        }
    }

    private func finishUpgrade(_ handshake: Handshake, _ acceptance: UpgradeAcceptance, _ socket: SocketHandler) {
        guard case .upgrading = phase, let context else { return }
        phase = .done
        clearDeadline()
        give(.nothing)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
        socket.begin(
            handshake.acceptance(subprotocol: acceptance.subprotocol), received: leftover, isDraining: isDraining,
            makeDelegate: acceptance.makeDelegate)
    }

    private func configure(_ channel: any Channel) throws {
        guard let options = channel.syncOptions else { return }
        let limits = configuration.socket
        let high = max(1, limits.highWaterMark)
        let low = min(max(1, limits.lowWaterMark), high)
        try options.setOption(.autoRead, value: false)
        try options.setOption(.writeBufferWaterMark, value: .init(low: low, high: high))
        try options.setOption(
            .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: max(64, limits.receiveBufferBytes)))
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        let holds =
            switch phase {
            case .opening, .handshake(_, true), .deciding, .releasing, .upgrading, .done: true
            // Behind the last request the parser only piles up what arrives.
            case .http: isLastRequestComplete
            case .fresh, .handshake(_, false), .lingering: false
            }
        if holds { isReadHeld = true } else { context.read() }
    }

    private func releaseRead(_ context: ChannelHandlerContext) {
        guard isReadHeld else { return }
        isReadHeld = false
        read(context: context)
    }

    // MARK: Deadlines

    private func setDeadline(_ delay: TimeAmount) {
        if let deadline, loop.deadlines.postpone(deadline, to: delay) { return }
        deadline = loop.deadlines.set(Self.deadlineTag, after: delay, for: self)
    }

    private func clearDeadline() {
        if let deadline { loop.deadlines.cancel(deadline) }
        deadline = nil
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { setDeadline(configuration.headTimeout) }
    }

    func channelActive(context: ChannelHandlerContext) {
        setDeadline(configuration.headTimeout)
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (event, phase) {
        case (is ChannelShouldQuiesceEvent, .fresh), (is ChannelShouldQuiesceEvent, .lingering):
            context.close(promise: nil)
        case (is ChannelShouldQuiesceEvent, .http):
            context.fireUserInboundEventTriggered(event)
        case (is ChannelShouldQuiesceEvent, _):
            isDraining = true
        case (ChannelEvent.inputClosed, .http):
            context.fireUserInboundEventTriggered(event)
        case (ChannelEvent.inputClosed, .opening):
            // Its request is still answered.
            isInputClosed = true
        case (ChannelEvent.inputClosed, _):
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch phase {
        case .fresh, .opening:
            guard error is HTTPParserError else { return context.close(promise: nil) }
            kept = []
            refuse(upgrading.refusal(of: .malformedRequest), context)
        case .http:
            context.fireErrorCaught(error)
        case .upgrading:
            if case .leftoverDataWhenDone(let bytes) = error as? ByteToMessageDecoderError {
                leftover = bytes
            } else {
                context.close(promise: nil)
            }
        case .handshake, .deciding, .releasing:
            context.close(promise: nil)
        case .lingering, .done:
            break
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch phase {
        case .releasing, .upgrading: promise?.succeed(())
        default: context.close(mode: mode, promise: promise)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        conclude()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        conclude()
        self.context = nil
    }

    private func conclude() {
        clearDeadline()
        decision?.cancel()
        decision = nil
        kept = []
        http = nil
        switch phase {
        case .releasing(_, let acceptance), .upgrading(let acceptance): acceptance.abandon()
        default: break
        }
        phase = .done
        give(.nothing)
    }
}

extension UpgradeGate: DeadlineTarget {
    func deadlinePassed(_ tag: DeadlineTag) {
        deadline = nil
        guard let context else { return }
        if case .deciding = phase {
            decision?.cancel()
            refuse(upgrading.refusal(of: .undecided), context)
        } else {
            context.close(promise: nil)
        }
    }
}
