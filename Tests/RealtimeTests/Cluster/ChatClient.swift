import Domain
import NIOCore
import NIOPosix
import Storage
import Testing

@testable import Realtime

/// Takes sockets for a node on plain TCP, already upgraded and recognised.
final class SocketPort: Sendable {
    let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    /// - Parameter access: of everyone who connects.
    init(_ node: TestNode, _ entrance: ChatConnection.Entrance, as access: Access) async throws {
        let hub = node.hub
        let loops = SocketLoops()
        let credentials = SocketCredentials(
            bearer: { _ in throw CredentialRefusal.unauthenticated },
            ticket: { _ in throw CredentialRefusal.unauthenticated })
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = SocketHandler(
                        loop: loops.loop(of: channel.eventLoop), configuration: SocketConfiguration())
                    try channel.pipeline.syncOperations.addHandler(handler)
                    try channel.pipeline.syncOperations.addHandler(
                        Opening {
                            guard let shard = hub.fanout.shard(of: channel.eventLoop),
                                let seat = hub.census.enter(address: "test", limit: 0)
                            else { return channel.close(promise: nil) }
                            handler.begin(ByteBuffer(), received: ByteBuffer(), isDraining: false) { socket in
                                ChatConnection(
                                    socket: socket, hub: hub, shard: shard, entrance: entrance,
                                    credentials: credentials, seat: seat,
                                    credential: SocketCredential(access: access, expiresAt: nil))
                            }
                        }, position: .first)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func connect() async throws -> ChatClient { ChatClient(try await RawClient.connect(port)) }

    func close() async throws { try await channel.close() }
}

/// Opens the socket once its connection is active.
private final class Opening: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    private let open: () -> Void

    init(_ open: @escaping () -> Void) { self.open = open }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        open()
    }
}

/// A client of the chat protocol.
final class ChatClient: Sendable {
    private let client: RawClient
    private let frames = Observed<[SeenFrame]>([])

    fileprivate init(_ client: RawClient) { self.client = client }

    var seen: [SeenFrame] { frames.value }

    func send(_ type: String, _ data: String, request: String? = nil, in conversation: String? = nil) async throws {
        var members = ["\"type\":\"\(type)\"", "\"data\":\(data)"]
        if let request { members.append("\"request_id\":\"\(request)\"") }
        if let conversation { members.append("\"conversation_id\":\"\(conversation)\"") }
        try await client.send(ClientFrame.text("{" + members.joined(separator: ",") + "}"))
    }

    /// Reads on until a frame is as wanted.
    @discardableResult
    func next(where isWanted: (SeenFrame) -> Bool) async throws -> SeenFrame {
        while true {
            let frame = try await client.frame()
            switch frame.opcode {
            case 1:
                let json = try JSONValue(parsing: frame.text)
                let seen = SeenFrame(
                    type: json["type"]?.stringValue ?? "", seq: json["seq"]?.intValue, json: json)
                frames.update { $0.append(seen) }
                if isWanted(seen) { return seen }
            case 8: throw Closed(code: frame.closeCode ?? 0)
            default: continue
            }
        }
    }

    @discardableResult
    func next(_ type: String) async throws -> SeenFrame { try await next { $0.type == type } }

    /// The answer to a request.
    func answer(to request: String) async throws -> SeenFrame {
        try await next { $0.json["request_id"]?.stringValue == request }
    }

    /// Reads to the close frame.
    func closed() async throws -> Int {
        do {
            try await next { _ in false }
            return 0
        } catch let closed as Closed {
            return closed.code
        }
    }

    struct Closed: Error { var code: Int }
}
