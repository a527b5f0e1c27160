import Foundation
import NIOCore
import NIOPosix

/// A client on plain TCP: it sends the bytes it is told to and keeps what comes back.
final class RawClient: Sendable {
    struct Inbox: Sendable {
        var bytes = ByteBuffer()
        /// The server has closed its side, or the connection is gone.
        var isEnded = false
    }

    struct Response: Sendable {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let inbox: Observed<Inbox>

        init(inbox: Observed<Inbox>) { self.inbox = inbox }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            inbox.update { $0.bytes.writeImmutableBuffer(bytes) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { inbox.update { $0.isEnded = true } }
        }

        func channelInactive(context: ChannelHandlerContext) { inbox.update { $0.isEnded = true } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    let channel: any Channel
    let inbox: Observed<Inbox>

    private init(channel: any Channel, inbox: Observed<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    static func connect(_ port: Int) async throws -> RawClient {
        let inbox = Observed(Inbox())
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(inbox: inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel: channel, inbox: inbox)
    }

    // MARK: Sending

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    static let sampleKey = "dGhlIHNhbXBsZSBub25jZQ=="

    static func request(_ path: String, method: String = "GET", headers: [String] = [], body: String = "") -> String {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + headers
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    static func handshake(_ path: String, headers: [String] = []) -> String {
        request(
            path,
            headers: [
                "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: \(sampleKey)",
            ] + headers)
    }

    /// A connected and upgraded client.
    static func socket(_ port: Int, _ path: String = "/ws/echo") async throws -> RawClient {
        let client = try await connect(port)
        try await client.send(handshake(path))
        let response = try await client.response()
        guard response.status == 101 else { throw Observed<Inbox>.TimedOut(description: "\(response)") }
        return client
    }

    func close() async throws {
        try await channel.close()
    }

    // MARK: Receiving

    func frame() async throws -> ServerFrame {
        try await inbox.wait("a frame") { inbox in
            var bytes = inbox.bytes
            return ServerFrame.parse(&bytes) != nil || inbox.isEnded
        }
        let frame = inbox.update { ServerFrame.parse(&$0.bytes) }
        guard let frame else { throw Observed<Inbox>.TimedOut(description: "the connection ended before a frame") }
        return frame
    }

    func response() async throws -> Response {
        try await inbox.wait("a response") { inbox in
            var bytes = inbox.bytes
            return Self.parse(&bytes) != nil || inbox.isEnded
        }
        let response = inbox.update { Self.parse(&$0.bytes) }
        guard let response else {
            throw Observed<Inbox>.TimedOut(description: "the connection ended before a response")
        }
        return response
    }

    /// Waits for the server to end the connection.
    ///
    /// - Returns: The bytes that came before the end and were not taken yet.
    @discardableResult
    func ended() async throws -> Int {
        try await inbox.wait("the connection to end") { $0.isEnded }.bytes.readableBytes
    }

    private static func parse(_ buffer: inout ByteBuffer) -> Response? {
        let text = String(buffer: buffer)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].drop(while: { $0 == " " }).description
        }
        let head = text[..<end.upperBound].utf8.count
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        guard buffer.readableBytes >= head + length else { return nil }
        buffer.moveReaderIndex(forwardBy: head)
        return Response(status: status, headers: headers, body: buffer.readString(length: length) ?? "")
    }
}
