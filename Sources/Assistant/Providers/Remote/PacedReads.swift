import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Lets the streams of a provider's connection be read at the readers' pace, and passes on what came together as one piece.
///
/// The pauses are made where the socket is read, and not where its pieces are taken: there, nobody can tell whether more of
/// them are waiting already, and a pause before each would hold up a model that is faster than its readers.
final class PacedReads: ChannelInboundHandler, ChannelOutboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart

    /// Reads of a stream before the first pause: what announces the role, the first token, and one that comes between. The
    /// first text must wait for nothing.
    static let readsBefore = 3

    private let pace: ReadingPace
    private var isStream = false
    /// Reads of this stream that brought something.
    private var reads = 0
    private var readAt = NIODeadline.uptimeNanoseconds(0)
    /// What the read that is going on has brought.
    private var gathered: ByteBuffer?
    private var nextRead: Scheduled<Void>?

    init(_ pace: ReadingPace) {
        self.pace = pace
    }

    /// Puts one into a connection that speaks HTTP/1.1.
    static func add(toConnection channel: any Channel, _ pace: ReadingPace) throws {
        let pipeline = channel.pipeline.syncOperations
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(PacedReads(pace), position: .after(decoder))
    }

    /// Puts one into a stream of a connection that speaks HTTP/2.
    static func add(toStream channel: any Channel, _ pace: ReadingPace) throws {
        let pipeline = channel.pipeline.syncOperations
        let codec = try pipeline.handler(type: HTTP2FramePayloadToHTTP1ClientCodec.self)
        try pipeline.addHandler(PacedReads(pace), position: .after(codec))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch part {
        case .head(let head):
            // One that only announces another, such as 103, is not a stream's.
            if head.status.code >= 200 { begin(head) }
        case .body(var more) where isStream:
            if gathered?.writeBuffer(&more) == nil { gathered = more }
            return
        case .body: break
        case .end:
            passOn(context)
            end()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if gathered != nil {
            reads += 1
            readAt = context.eventLoop.now
            passOn(context)
        }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        guard isStream, reads >= Self.readsBefore else { return context.read() }
        guard nextRead == nil else { return }
        let due = readAt + pace.interval
        guard due > context.eventLoop.now else { return context.read() }
        nextRead = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            self.nextRead = nil
            context.read()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        passOn(context)
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What had come before it is the reply's.
        passOn(context)
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    private func begin(_ head: HTTPResponseHead) {
        end()
        guard head.headers.first(name: "content-type")?.lowercased().hasPrefix("text/event-stream") == true else {
            return
        }
        isStream = true
        reads = 0
        pace.begin()
    }

    private func end() {
        nextRead?.cancel()
        nextRead = nil
        guard isStream else { return }
        isStream = false
        pace.end()
    }

    private func passOn(_ context: ChannelHandlerContext) {
        guard let gathered else { return }
        self.gathered = nil
        context.fireChannelRead(wrapInboundOut(.body(gathered)))
    }
}
