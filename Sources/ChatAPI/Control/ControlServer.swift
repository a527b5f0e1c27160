import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The server's end of the control socket: hands each line to a handler and sends back its answer.
///
/// Whoever may open the socket may do anything (its mode is 0600), so nothing is authenticated here. Still everything
/// is bounded: line length, clients at a time, and the time a client may take.
struct ControlServer: Service {
    /// Clients served at a time; others wait. Verbs are typed by people, or run in parallel by a script.
    static let maximumClients = 8
    /// Time a client has to get a place, to send a whole line, and to take an answer.
    static let patience = TimeAmount.seconds(10)

    private let path: String
    private let patience: TimeAmount
    private let group: any EventLoopGroup
    private let logger: Logger
    private let handler: @Sendable (ByteBuffer) async -> ByteBuffer

    /// - Parameters:
    ///   - path: of the socket: ``DataDirectory/controlSocket``.
    ///   - handler: answers a line, both without line end.
    init(
        path: String, patience: TimeAmount = ControlServer.patience,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger, handler: @escaping @Sendable (ByteBuffer) async -> ByteBuffer
    ) {
        self.path = path
        self.patience = patience
        self.group = group
        self.logger = logger
        self.handler = handler
    }

    /// Serves until a graceful shutdown, which lets asked questions be answered, or cancellation, which does not.
    func run() async throws {
        let listener = try ControlListener(path: path)
        // One loop for all, so that the places need no lock.
        let loop = group.next()
        let places = try await loop.submit { NIOLoopBound(ControlPlaces(Self.maximumClients), eventLoop: loop) }.get()
        let socket = try await ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 16)
            // A client that has said all it wants to may close its end and still get its answers.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ByteToMessageHandler(ControlLine.Decoder()))
                    try pipeline.addHandler(
                        ControlConnection(
                            channel: channel, places: places.value, patience: patience, logger: logger,
                            handler: handler))
                }
            }
            .withBoundSocket(listener.descriptor).get()
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                try? await socket.closeFuture.get()
                try? await loop.flatSubmit { places.value.whenEmpty(on: loop) }.get()
            } onGracefulShutdown: {
                socket.close(promise: nil)
                loop.execute { places.value.finish() }
            }
        } onCancel: {
            socket.close(promise: nil)
            loop.execute { places.value.closeAll() }
        }
        _ = consume listener
    }
}
