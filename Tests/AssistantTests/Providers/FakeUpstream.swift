import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A model provider on real TCP that answers, and fails, as it is told.
final class FakeUpstream: Sendable {
    /// What it does with one request, step by step.
    enum Step: Sendable {
        case head(Int, [(String, String)])
        case bytes([UInt8])
        /// One write and one flush for each byte.
        case byteByByte([UInt8])
        /// A comment every few milliseconds, for ever.
        case keepAlives
        /// Nothing more, with the connection open.
        case hang
        case end
        /// Closes without ending the body.
        case cut
        /// Closes with a reset (RST).
        case reset

        static let stream: Step = .head(200, [("content-type", "text/event-stream"), ("x-request-id", "req-42")])
        static func text(_ text: String) -> Step { .bytes(Array(text.utf8)) }
        static func json(_ status: Int, _ body: String, _ headers: [(String, String)] = []) -> [Step] {
            [
                .head(status, [("content-type", "application/json"), ("x-request-id", "req-42")] + headers),
                .text(body), .end,
            ]
        }
        static func answer(_ texts: [String]) -> [Step] {
            [.stream, .text(OpenAIStreamTests.role)] + texts.map { .text(OpenAIStreamTests.delta($0)) } + [
                .text(OpenAIStreamTests.delta("", finish: "stop")), .text(OpenAIStreamTests.usage),
                .text(OpenAIStreamTests.done), .end,
            ]
        }
    }

    struct Request: Sendable {
        var method: String
        var uri: String
        var headers: HTTPHeaders
        var body: String
    }

    private struct State {
        var requests: [Request] = []
        var open = 0
        var closed = 0
    }

    private let channel: any Channel
    private let state: SharedState

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    let port: Int

    /// - Parameter script: the steps for the request with this number, counted from 0.
    static func start(_ script: @escaping @Sendable (Int, Request) -> [Step]) async throws -> FakeUpstream {
        let state = SharedState()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(state: state, script: script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return FakeUpstream(channel: channel, port: port, state: state)
    }

    static func start(_ steps: [Step]) async throws -> FakeUpstream {
        try await start { _, _ in steps }
    }

    private init(channel: any Channel, port: Int, state: SharedState) {
        self.channel = channel
        self.port = port
        self.state = state
    }

    var base: String { "http://127.0.0.1:\(port)/v1" }
    var requests: [Request] { state.value.withLock { $0.requests } }
    var openConnections: Int { state.value.withLock { $0.open } }
    var closedConnections: Int { state.value.withLock { $0.closed } }

    func stop() async throws {
        try await channel.close()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let state: SharedState
        private let script: @Sendable (Int, Request) -> [Step]
        private var request: Request?

        init(state: SharedState, script: @escaping @Sendable (Int, Request) -> [Step]) {
            self.state = state
            self.script = script
        }

        func channelActive(context: ChannelHandlerContext) {
            state.value.withLock { $0.open += 1 }
        }

        func channelInactive(context: ChannelHandlerContext) {
            state.value.withLock {
                $0.open -= 1
                $0.closed += 1
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                request = Request(method: "\(head.method)", uri: head.uri, headers: head.headers, body: "")
            case .body(let buffer): request?.body += String(buffer: buffer)
            case .end:
                guard let request else { return }
                let number = state.value.withLock {
                    $0.requests.append(request)
                    return $0.requests.count - 1
                }
                for step in script(number, request) { run(step, context) }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func run(_ step: Step, _ context: ChannelHandlerContext) {
            switch step {
            case .head(let status, let headers):
                let head = HTTPResponseHead(
                    version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: HTTPHeaders(headers))
                context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            case .bytes(let bytes): write(bytes, context)
            case .byteByByte(let bytes): for byte in bytes { write([byte], context) }
            case .keepAlives: ping(NIOLoopBound(context, eventLoop: context.eventLoop))
            case .hang: break
            case .end: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .cut: context.close(promise: nil)
            case .reset:
                let linger = linger(l_onoff: 1, l_linger: 0)
                guard let channel = context.channel as? any SocketOptionProvider else {
                    return context.close(promise: nil)
                }
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                channel.setSoLinger(linger).whenComplete { _ in bound.value.close(promise: nil) }
            }
        }

        private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        }

        private func ping(_ bound: NIOLoopBound<ChannelHandlerContext>) {
            let context = bound.value
            guard context.channel.isActive else { return }
            write(Array(": ping\n\n".utf8), context)
            let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .milliseconds(5)) { handler.value.ping(bound) }
        }
    }
}
