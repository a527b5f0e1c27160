import NIOCore
import NIOPosix

/// A verb's end of the control socket: sends one line and takes the answer.
struct ControlClient: Sendable {
    /// Time to connect: the socket is on this machine.
    private static let connectTimeout = TimeAmount.seconds(5)
    /// Time for an answer: a migration or a check of a large database may take a while.
    static let answerTimeout = TimeAmount.seconds(120)

    private let path: String
    private let answerTimeout: TimeAmount
    private let group: any EventLoopGroup

    init(
        path: String, answerTimeout: TimeAmount = ControlClient.answerTimeout,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.path = path
        self.answerTimeout = answerTimeout
        self.group = group
    }

    /// Sends `line` (without a line end) and returns the answer (without one).
    /// - Throws: ``ControlUnreachable`` when nobody answers.
    func exchange(_ line: ByteBuffer) async throws -> ByteBuffer {
        let connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            let address = try ControlSocketAddress(path: path)
            connection = try await ClientBootstrap(group: group)
                .connectTimeout(Self.connectTimeout)
                .connect(unixDomainSocketPath: address.systemPath) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(ControlLine.Decoder()))
                        return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            _ = consume address  // its path was valid until here
        } catch let unreachable as ControlUnreachable {
            throw unreachable
        } catch let error as IOError {
            throw ControlUnreachable(reason: "\(path): \(SystemError.text(error.errnoCode))")
        } catch {
            throw ControlUnreachable(reason: "\(path): \(error)")
        }
        let deadline = connection.channel.eventLoop.scheduleTask(in: answerTimeout) {
            connection.channel.close(promise: nil)
        }
        defer { deadline.cancel() }
        do {
            return try await connection.executeThenClose { answers, requests in
                try await requests.write(ControlLine.ended(line))
                for try await answer in answers { return answer }
                throw ControlUnreachable(reason: "\(path): it closed the connection without an answer")
            }
        } catch let unreachable as ControlUnreachable {
            throw unreachable
        } catch {
            throw ControlUnreachable(reason: "\(path): \(error)")
        }
    }
}
