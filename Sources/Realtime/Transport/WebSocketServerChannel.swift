public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP1

/// HTTP and WebSockets on one port, for Hummingbird's `Application`:
///
///     let loops = SocketLoops()
///     Application(
///         router: router,
///         server: HTTPServerBuilder { responder in
///             WebSocketServerChannel(responder: responder, upgrading: entrance, loops: loops)
///         },
///         eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton))
///
/// The event loops must be those of NIOPosix: the ones that Hummingbird prefers on Apple platforms know neither the
/// receive buffers nor the half-closing that are used here.
///
/// Requests go to Hummingbird's responder. Handshakes go to `upgrading`, and an accepted one becomes a socket that
/// consists of one channel handler: no task, no timer and none of the HTTP handlers remain.
///
/// Hummingbird therefore does not wait for sockets when it stops. They stay open, each delegate is told
/// `shouldDrain()`, and closing them is up to their owner.
public struct WebSocketServerChannel: ServerChildChannel, HTTPChannelHandler {
    /// A connection as Hummingbird's server handles it.
    public struct Connection: ServerChildChannelValue {
        public let channel: any Channel
        let gate: NIOLoopBound<UpgradeGate>
        let errand: EventLoopFuture<UpgradeGate.Errand>
    }

    /// Bytes that the HTTP parser may hold back: more than the longest head. Behind a handshake it parses nothing
    /// and would otherwise pile up whatever a peer sends.
    private static let maximumParserBytes = 256 * 1024

    public let responder: HTTPChannelHandler.Responder
    private let upgrading: any SocketUpgrading
    private let loops: SocketLoops
    private let configuration: TransportConfiguration

    public init(
        responder: @escaping HTTPChannelHandler.Responder,
        upgrading: any SocketUpgrading,
        loops: SocketLoops,
        configuration: TransportConfiguration = TransportConfiguration()
    ) {
        self.responder = responder
        self.upgrading = upgrading
        self.loops = loops
        self.configuration = configuration
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            // One receive buffer stays with each connection for its whole life, so it starts small.
            try channel.syncOptions?.setOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 512, initial: max(512, configuration.socket.receiveBufferBytes), maximum: 65_536))
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = configuration.http.httpDecoder.maxHeaderFieldSize
            limits.maxHeaderListSize = configuration.http.httpDecoder.maxHeaderListSize
            limits.maxHeaderFieldCount = configuration.http.httpDecoder.maxHeaderFieldCount
            let encoder = HTTPResponseEncoder()
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .fireError, limitConfiguration: limits),
                maximumBufferSize: Self.maximumParserBytes)
            let errand = channel.eventLoop.makePromise(of: UpgradeGate.Errand.self)
            let gate = UpgradeGate(
                configuration: configuration, upgrading: upgrading, loop: loops.loop(of: channel.eventLoop),
                encoder: encoder, decoder: decoder, errand: errand, logger: logger)
            do {
                try channel.pipeline.syncOperations.addHandlers([encoder, decoder, gate])
            } catch {
                errand.fail(error)
                throw error
            }
            return Connection(
                channel: channel, gate: NIOLoopBound(gate, eventLoop: channel.eventLoop), errand: errand.futureResult)
        }
    }

    public func handle(value connection: Connection, logger: Logger) async {
        let channel = connection.channel
        let errand = await withTaskCancellationHandler {
            try? await connection.errand.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        guard errand == .http else { return }
        let http = try? await channel.eventLoop.submit { try connection.gate.value.openHTTP() }.get()
        guard let http else { return }
        await handleHTTP(asyncChannel: http, logger: logger)
        // Usually the channel is closed by now; after a late handshake it is not, and becomes a socket.
        channel.eventLoop.execute { connection.gate.value.httpReleased() }
    }
}
