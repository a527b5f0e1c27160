import DequeModule
import NIOCore

/// One connection to Redis: sends commands and gives each answer to who waits for it, in order.
///
/// Everything in it must be used on its channel's event loop, which is what makes the unchecked conformance sound.
final class RedisConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Awaited {
        let reply: PendingReply
        let since: NIODeadline
    }

    /// Takes values that answer no command: what was published to a subscriber.
    /// - Returns: whether the value was such a one.
    var push: ((RESPValue) -> Bool)?
    /// Called after answers were handed out, with what they make free in the outbox.
    var answered: ((_ replies: Int, _ bytes: Int) -> Void)?
    /// Called for an error that answers what nobody waits for.
    var refused: ((String) -> Void)?
    /// Called once, when the connection has ended and everybody who waited has been told.
    var ended: ((RedisFault) -> Void)?

    private let eventLoop: any EventLoop
    private let processor: NIOSingleStepByteToMessageProcessor<RESPDecoder>
    private var context: ChannelHandlerContext?
    private var awaited: Deque<Awaited> = []
    private var fault: RedisFault?
    private var freedReplies = 0
    private var freedBytes = 0
    /// Whether the server has said something that is no whole answer.
    private(set) var hasHeardFragment = false

    init(eventLoop: any EventLoop, limits: RESPDecoder.Limits = .init()) {
        self.eventLoop = eventLoop
        processor = NIOSingleStepByteToMessageProcessor(RESPDecoder(limits: limits))
    }

    var isOpen: Bool { fault == nil && context != nil }

    /// Sends commands that are encoded already, and flushes.
    func send(_ bytes: ByteBuffer, replies: some Sequence<PendingReply>) {
        guard isOpen, let context else {
            for reply in replies { reply.batch?.fail(fault ?? .closed) }
            return
        }
        let now = eventLoop.now
        for reply in replies { awaited.append(Awaited(reply: reply, since: now)) }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Sends a few commands.
    func send(_ commands: [RedisCommand], completion: @escaping ReplyBatch.Completion) {
        let batch = ReplyBatch(count: commands.count, completion: completion)
        var bytes = ByteBuffer()
        for command in commands { bytes.writeCommand(command) }
        send(bytes, replies: commands.map { _ in PendingReply(batch: batch, bytes: 0) })
    }

    /// Sends commands whose answers are pushes, such as `SUBSCRIBE`.
    func sendUnanswered(_ bytes: ByteBuffer) { send(bytes, replies: EmptyCollection()) }

    /// Whether somebody waits since before `moment`.
    func isStalled(since moment: NIODeadline) -> Bool {
        guard let first = awaited.first else { return false }
        return first.since < moment
    }

    /// Ends the connection, for a reason.
    func end(_ fault: RedisFault) {
        guard self.fault == nil else { return }
        self.fault = fault
        let context = context
        self.context = nil
        let waiting = awaited
        awaited = []
        for one in waiting { one.reply.batch?.fail(fault) }
        context?.close(promise: nil)
        let ended = ended
        (self.ended, push, answered, refused) = (nil, nil, nil, nil)
        ended?(fault)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard fault == nil else { return context.close(promise: nil) }
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) { end(.outOfReach("the connection was closed")) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What arrives after the end is nobody's.
        guard fault == nil else { return }
        hasHeardFragment = true
        do {
            try processor.process(buffer: unwrapInboundIn(data)) { value in
                if fault == nil { receive(value) }
            }
        } catch {
            end(RedisFault(error))
        }
        free()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.outOfReach("the connection was closed"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(RedisFault(error)) }

    private func receive(_ value: RESPValue) {
        hasHeardFragment = false
        if push?(value) == true { return }
        guard let first = awaited.popFirst() else {
            // A server that takes no more connections says so without being asked.
            let refusal = value.refusal.map { RedisFault(refusal: $0, to: "the connection") }
            return end(refusal ?? .outOfReach("the server answered what nobody asked"))
        }
        if first.reply.bytes > 0 {
            freedReplies += 1
            freedBytes += first.reply.bytes
        }
        if let batch = first.reply.batch {
            batch.take(value)
        } else if let refusal = value.refusal {
            refused?(refusal)
        }
    }

    private func free() {
        guard freedReplies > 0 else { return }
        answered?(freedReplies, freedBytes)
        (freedReplies, freedBytes) = (0, 0)
    }
}
