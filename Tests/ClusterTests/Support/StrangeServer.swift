import NIOCore
import NIOPosix

/// A server that is no Redis: says something to everybody who comes, or answers something to whatever is said.
final class StrangeServer: Sendable {
    let port: Int
    private let channel: any Channel

    enum Habit: Sendable {
        case greets([UInt8])
        case answers([UInt8])
        case closes
        case isSilent
    }

    init(_ habit: Habit) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StrangeHandler(habit))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func close() async { try? await channel.close() }
}

private final class StrangeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let habit: StrangeServer.Habit

    init(_ habit: StrangeServer.Habit) { self.habit = habit }

    func channelActive(context: ChannelHandlerContext) {
        switch habit {
        case .greets(let bytes): say(bytes, context)
        case .closes: context.close(promise: nil)
        case .answers, .isSilent: break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .answers(let bytes) = habit { say(bytes, context) }
    }

    private func say(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }
}
