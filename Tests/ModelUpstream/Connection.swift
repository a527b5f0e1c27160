import NIOCore
import NIOHTTP1
import NIOPosix

/// One connection: reads requests and takes the steps of their answers, one answer after the other. Writes bytes itself, so
/// that it can break any rule of HTTP.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// An answer on its way.
    private struct Answer {
        var steps: ArraySlice<FakeUpstream.Step>
        var outcome: Call.Outcome
        var call: Int?
        var keepsAlive: Bool
        var isChunked = false
        /// When the last pause was to end.
        var due: NIODeadline
    }

    private let upstream: FakeUpstream
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var answer: Answer?

    init(_ upstream: FakeUpstream) {
        self.upstream = upstream
    }

    // MARK: In

    func channelActive(context: ChannelHandlerContext) {
        upstream.opened(context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.abandoned)
        upstream.closed(context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // Nobody who waits for an answer asks on.
            guard answer == nil else { return context.close(promise: nil) }
            self.head = head
            body.clear()
        case .body(var part):
            guard body.readableBytes + part.readableBytes <= FakeUpstream.maximumBody else {
                return context.close(promise: nil)
            }
            body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            self.head = nil
            begin(head, context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        let request = FakeUpstream.Request(
            method: "\(head.method)", uri: head.uri, headers: head.headers, body: String(buffer: body))
        let (script, call) = upstream.answer(request, at: now.uptimeNanoseconds)
        answer = Answer(
            steps: script.steps[...], outcome: script.ending.outcome, call: call, keepsAlive: head.isKeepAlive, due: now
        )
        run(context)
    }

    // MARK: Out

    private func run(_ context: ChannelHandlerContext) {
        while var answer, context.channel.isActive {
            guard let step = answer.steps.popFirst() else { return finish(answer, context) }
            self.answer = answer
            switch step {
            case .head(let status, let headers): writeHead(status, headers, context)
            case .bytes(let bytes): write(chunk(bytes), context)
            case .byteByByte(let bytes): for byte in bytes { write(chunk([byte]), context) }
            case .token(let text, let bytes, let isByteByByte):
                if isByteByByte {
                    for byte in bytes { write(chunk([byte]), context) }
                } else {
                    write(chunk(bytes), context)
                }
                if let call = answer.call { upstream.sent(text, of: call, at: NIODeadline.now().uptimeNanoseconds) }
            case .raw(let bytes): write(bytes, context)
            case .whole(let status, let headers, let bytes):
                writeHead(status, headers + [("content-length", String(bytes.count))], context)
                write(bytes, context)
            case .pause(let duration):
                let due = answer.due + TimeAmount(duration)
                self.answer?.due = due
                context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { [self] in run(context) }
                return
            case .gate:
                if upstream.gate.isOpen { continue }
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                let loop = context.eventLoop
                upstream.gate.pass {
                    loop.execute {
                        let (connection, context) = bound.value
                        connection.answer?.due = NIODeadline.now()
                        connection.run(context)
                    }
                }
                return
            case .comments(let pause): return comment(every: TimeAmount(pause), context)
            case .hang: return
            case .end: if answer.isChunked { write(Array("0\r\n\r\n".utf8), context) }
            case .cut:
                end(answer.outcome)
                context.close(promise: nil)
            case .reset:
                end(answer.outcome)
                reset(context)
            }
        }
    }

    private func finish(_ answer: Answer, _ context: ChannelHandlerContext) {
        end(answer.outcome)
        if !answer.keepsAlive { context.close(promise: nil) }
    }

    /// The answer is over; later ends of it are none.
    private func end(_ outcome: Call.Outcome) {
        if let call = answer?.call { upstream.ended(call, outcome, at: NIODeadline.now().uptimeNanoseconds) }
        answer = nil
    }

    private func writeHead(_ status: Int, _ headers: [(String, String)], _ context: ChannelHandlerContext) {
        let isChunked = !headers.contains { $0.0 == "content-length" }
        answer?.isChunked = isChunked
        let reason = HTTPResponseStatus(statusCode: status).reasonPhrase
        let lines =
            ["HTTP/1.1 \(status) \(reason)"] + headers.map { "\($0): \($1)" }
            + (isChunked ? ["transfer-encoding: chunked"] : [])
            + (answer?.keepsAlive == false ? ["connection: close"] : [])
        write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8), context)
    }

    private func chunk(_ bytes: [UInt8]) -> [UInt8] {
        guard answer?.isChunked == true, !bytes.isEmpty else { return bytes }
        return Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + [0x0D, 0x0A]
    }

    private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    private func comment(every pause: TimeAmount, _ context: ChannelHandlerContext) {
        guard answer != nil, context.channel.isActive else { return }
        if context.channel.isWritable { write(chunk(Array(": keep-alive\n\n".utf8)), context) }
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in comment(every: pause, context) }
    }

    /// Closes with RST: with a linger of no time the kernel drops what it still holds (socket(7)).
    private func reset(_ context: ChannelHandlerContext) {
        guard let socket = context.channel as? any SocketOptionProvider else { return context.close(promise: nil) }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in bound.value.close(promise: nil) }
    }
}

extension Script.Ending {
    fileprivate var outcome: Call.Outcome {
        switch self {
        case .finished: .finished
        case .broken: .broken
        case .refused: .refused
        }
    }
}
