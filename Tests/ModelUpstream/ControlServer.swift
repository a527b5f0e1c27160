import Foundation
import NIOCore
import NIOHTTP1
public import NIOPosix

/// Lets another process steer an upstream, over HTTP on a port of its own, so that the upstream can refuse connections.
///
/// | request | does |
/// | --- | --- |
/// | `POST /_control` | takes an object of ``Orders``; answers like the next |
/// | `GET /_control` | tells the port, connections, and how many calls there were |
/// | `GET /_control/calls?after=N` | the calls with a number above N (all: -1), oldest first |
public final class ControlServer: Sendable {
    private let channel: any Channel
    public let port: Int

    private init(channel: any Channel, port: Int) {
        self.channel = channel
        self.port = port
    }

    public static func start(
        _ upstream: FakeUpstream, port: Int = 0, group: MultiThreadedEventLoopGroup = .singleton
    ) async throws -> ControlServer {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(upstream))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        guard let bound = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return ControlServer(channel: channel, port: bound)
    }

    public func stop() async throws {
        try await channel.close()
    }

    /// Until the listener closes.
    public func wait() async throws {
        try await channel.closeFuture.get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let upstream: FakeUpstream
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(_ upstream: FakeUpstream) {
            self.upstream = upstream
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body.clear()
            case .body(var part):
                guard body.readableBytes + part.readableBytes <= FakeUpstream.maximumBody else {
                    return context.close(promise: nil)
                }
                body.writeBuffer(&part)
            case .end:
                guard let head else { return }
                let answer = context.eventLoop.makePromise(of: (Int, JSON).self)
                let (upstream, text) = (upstream, String(buffer: body))
                answer.completeWithTask { try await Self.answer(head, text, upstream) }
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                answer.futureResult.whenComplete { result in
                    let (handler, context) = bound.value
                    switch result {
                    case .success(let (status, json)): handler.respond(status, json, context)
                    case .failure(let error): handler.respond(400, ["problem": .string("\(error)")], context)
                    }
                }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private static func answer(
            _ head: HTTPRequestHead, _ body: String, _ upstream: FakeUpstream
        ) async throws -> (Int, JSON) {
            let parts = URLComponents(string: head.uri)
            switch (head.method, parts?.path ?? head.uri) {
            case (.POST, "/_control"):
                try await Orders(body).give(upstream)
                return (200, upstream.json)
            case (.GET, "/_control"): return (200, upstream.json)
            case (.GET, "/_control/calls"):
                let after = parts?.queryItems?.first { $0.name == "after" }?.value.flatMap { Int($0) } ?? -1
                return (200, ["calls": .array(upstream.calls.filter { $0.number > after }.map(\.json))])
            default: return (404, ["problem": "no such route"])
            }
        }

        private func respond(_ status: Int, _ json: JSON, _ context: ChannelHandlerContext) {
            let bytes = json.bytes
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status),
                headers: ["content-type": "application/json", "content-length": String(bytes.count)])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

extension FakeUpstream {
    fileprivate var json: JSON {
        [
            "port": .integer(port), "listening": .bool(isListening), "released": .bool(gate.isOpen),
            "open_connections": .integer(openConnections), "closed_connections": .integer(closedConnections),
            "calls": .integer(calls.count),
        ]
    }
}
