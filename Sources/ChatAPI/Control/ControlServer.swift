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
    /// Time a client has to send a whole line, and to take an answer.
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

    /// Serves until a graceful shutdown or cancellation.
    func run() async throws {
        let listener = try ControlListener(path: path)
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 16)
            // A client that has said all it wants to may close its end and still get its answers.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(listener.descriptor) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(ControlLine.Decoder()))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await withGracefulShutdownHandler {
            try await server.executeThenClose { connections in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    var places = Self.maximumClients
                    for try await connection in connections {
                        // Whoever comes later waits, in the socket's backlog at last. A place becomes free, because
                        // nobody may hold one without saying something.
                        if places > 0 { places -= 1 } else { try await tasks.next() }
                        tasks.addTask { await serve(connection) }
                    }
                }
            }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
        }
        _ = consume listener
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        do {
            try await connection.executeThenClose { lines, answers in
                do {
                    try await withGracefulShutdownHandler {
                        var deadline = closeLater(connection.channel)
                        defer { deadline.cancel() }
                        for try await line in lines {
                            deadline.cancel()  // however long the work takes, it is not the client's fault
                            let answer = await handler(line)
                            deadline = closeLater(connection.channel)
                            try await answers.write(ControlLine.ended(answer))
                        }
                    } onGracefulShutdown: {
                        // What has been asked is still answered; nothing more is.
                        connection.channel.close(mode: .input, promise: nil)
                    }
                } catch is ControlLine.TooLong {
                    let reply = ControlReply<Nothing>.malformed("the line is too long").encoded()
                    try await answers.write(ControlLine.ended(reply))
                }
            }
        } catch {
            logger.debug("control client went away", metadata: ["reason": "\(error)"])
        }
    }

    private func closeLater(_ channel: any Channel) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
    }
}
