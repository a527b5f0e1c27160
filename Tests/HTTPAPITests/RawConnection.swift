import NIOCore
import NIOPosix

/// A TCP connection on which a test says byte for byte what it wants.
struct RawConnection: Sendable {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Sends what `body` writes and returns all that came back until the first answer is whole or the peer closes.
    static func exchange(
        port: Int, _ body: @escaping @Sendable (RawConnection) async throws -> Void
    ) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let connection = RawConnection(outbound: outbound)
            // The server may answer and close before all is written.
            async let writing: Void = { try? await body(connection) }()
            var answer = ""
            for try await bytes in inbound {
                answer += String(buffer: bytes)
                if isWhole(answer) { break }
            }
            await writing
            return answer
        }
    }

    /// Sends a request, reads until `mark` has come, and hangs up.
    static func reading(port: Int, _ request: String, until mark: String) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var answer = ""
            for try await bytes in inbound {
                answer += String(buffer: bytes)
                if answer.contains(mark) { return }
            }
            throw FixtureFault.missing("\(mark) in \(answer)")
        }
    }

    private static func isWhole(_ answer: String) -> Bool {
        guard let end = answer.range(of: "\r\n\r\n"),
            let length = answer[..<end.lowerBound].lowercased().split(separator: "\r\n")
                .first(where: { $0.hasPrefix("content-length:") })
                .flatMap({ Int($0.dropFirst("content-length:".count).filter(\.isNumber)) })
        else { return false }
        return answer[end.upperBound...].utf8.count >= length
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? {
        ranges(of: text).first
    }
}
