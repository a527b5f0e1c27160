import Logging
import NIOCore

/// One client of a ``ControlServer``: answers its lines one after the other, in their order.
///
/// A channel handler and not a `NIOAsyncChannel`, because one of those ends the process when it is dropped unserved,
/// which happens to a client that still waits for its place when the server stops.
final class ControlConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Lines asked ahead of their answers. Our own client asks one.
    private static let maximumQuestions = 64

    private let channel: any Channel
    private let places: ControlPlaces
    private let patience: TimeAmount
    private let logger: Logger
    private let handler: @Sendable (ByteBuffer) async -> ByteBuffer

    private var questions = CircularBuffer<ByteBuffer>()
    private var hasPlace = false
    /// Nothing more will be asked.
    private var isFinishing = false
    private var work: Task<Void, Never>?
    private var deadline: Scheduled<Void>?

    init(
        channel: any Channel, places: ControlPlaces, patience: TimeAmount, logger: Logger,
        handler: @escaping @Sendable (ByteBuffer) async -> ByteBuffer
    ) {
        self.channel = channel
        self.places = places
        self.patience = patience
        self.logger = logger
        self.handler = handler
    }

    // MARK: What the places say

    func admit() {
        hasPlace = true
        proceed()
    }

    /// Answers what has been asked, then closes.
    func finish() {
        isFinishing = true
        proceed()
    }

    func close() {
        channel.close(promise: nil)
    }

    // MARK: What the channel says

    func channelActive(context: ChannelHandlerContext) {
        awaitClient()
        places.enter(self)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isFinishing else { return }
        questions.append(unwrapInboundIn(data))
        guard questions.count <= Self.maximumQuestions else { return refuse("too many questions at once") }
        proceed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { finish() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is ControlLine.TooLong { return refuse("the line is too long") }
        logger.debug("control client failed", metadata: ["reason": "\(error)"])
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        work?.cancel()
        questions.removeAll()
        isFinishing = true
        places.leave(self)
        context.fireChannelInactive()
    }

    // MARK: Work

    private func proceed() {
        guard hasPlace, work == nil else {
            // One that waits for its place with nothing asked yet has nothing to wait for.
            if isFinishing, work == nil, questions.isEmpty { close() }
            return
        }
        guard let question = questions.popFirst() else {
            if isFinishing { close() }
            return
        }
        deadline?.cancel()  // however long the work takes, it is not the client's fault
        let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
        work = Task { [handler, loop = channel.eventLoop] in
            let answer = await handler(question)
            loop.execute { connection.value.send(answer) }
        }
    }

    private func send(_ answer: ByteBuffer) {
        guard channel.isActive else { return }
        awaitClient()
        let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.writeAndFlush(ControlLine.ended(answer)).whenComplete { _ in
            // Only now: closing earlier could cut the answer off.
            connection.value.work = nil
            connection.value.proceed()
        }
    }

    /// Says why nothing more is answered, and closes.
    private func refuse(_ reason: String) {
        guard !isFinishing else { return }
        isFinishing = true
        questions.removeAll()
        let reply = ControlLine.ended(ControlReply<Nothing>.malformed(reason).encoded())
        channel.writeAndFlush(reply).whenComplete { [channel] _ in channel.close(promise: nil) }
    }

    private func awaitClient() {
        deadline?.cancel()
        deadline = channel.eventLoop.scheduleTask(in: patience) { [channel] in channel.close(promise: nil) }
    }
}
