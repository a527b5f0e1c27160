import NIOCore
import NIOEmbedded
import NIOPosix

@testable import Cluster

/// A Redis in memory, on an event loop whose time the test moves. It speaks the protocol and can be made ill.
final class FakeRedis: @unchecked Sendable {
    /// One client's end.
    final class Client {
        let channel: EmbeddedChannel
        let decoder = NIOSingleStepByteToMessageProcessor(RESPDecoder())
        var channels: [String] = []
        /// Commands that were taken, by their parts.
        var commands: [[String]] = []

        init(channel: EmbeddedChannel) { self.channel = channel }
    }

    let loop = EmbeddedEventLoop()
    private(set) var clients: [Client] = []
    /// Dials so far, also those that failed.
    private(set) var dials = 0
    var isDown = false
    var isFrozen = false
    /// Instead of what Redis would answer, by the command's name.
    var answers: [String: String] = [:]

    var dialer: RedisDialer { RedisDialer { self.dial($0) } }

    var open: [Client] { clients.filter { $0.channel.isActive } }

    private func dial(_ connection: RedisConnection) -> EventLoopFuture<any Channel> {
        dials += 1
        if isDown { return loop.makeFailedFuture(IOError(errnoCode: 111, reason: "connect")) }
        let channel = EmbeddedChannel(handler: connection, loop: loop)
        clients.append(Client(channel: channel))
        guard let address = try? SocketAddress(ipAddress: "127.0.0.1", port: 6379) else {
            return loop.makeFailedFuture(ChannelError.inappropriateOperationForState)
        }
        return channel.connect(to: address).map { channel }
    }

    /// Moves the time, in steps between which everything under way arrives.
    func advance(by time: TimeAmount) {
        var rest = time.nanoseconds
        settle()
        while rest > 0 {
            let step = min(rest, 5_000_000)
            loop.advanceTime(by: .nanoseconds(step))
            settle()
            rest -= step
        }
    }

    /// Lets everything that is under way arrive.
    func settle() {
        var isBusy = true
        while isBusy {
            loop.run()
            isBusy = false
            guard !isFrozen else { return }
            for client in clients {
                while let bytes = try? client.channel.readOutbound(as: ByteBuffer.self) {
                    isBusy = true
                    try? client.decoder.process(buffer: bytes) { take($0, from: client) }
                }
            }
        }
    }

    /// Cuts connections, as a killed server does.
    func cut(_ clients: [Client]) {
        for client in clients { _ = client.channel.close() }
        loop.run()
    }

    func say(_ text: String, to client: Client) {
        guard client.channel.isActive else { return }
        _ = try? client.channel.writeInbound(ByteBuffer(string: text))
    }

    private func take(_ command: RESPValue, from client: Client) {
        let parts = (command.elements ?? []).compactMap(\.text)
        client.commands.append(parts)
        guard let name = parts.first else { return }
        if let answer = answers[name] { return say(answer, to: client) }
        switch name {
        case "PING": say(client.channels.isEmpty ? "+PONG\r\n" : "*2\r\n$4\r\npong\r\n$0\r\n\r\n", to: client)
        case "SUBSCRIBE":
            for channel in parts.dropFirst() {
                client.channels.append(channel)
                say("*3\r\n$9\r\nsubscribe\r\n\(bulk(channel)):\(client.channels.count)\r\n", to: client)
            }
        case "UNSUBSCRIBE":
            for channel in parts.dropFirst() {
                client.channels.removeAll { $0 == channel }
                say("*3\r\n$11\r\nunsubscribe\r\n\(bulk(channel)):\(client.channels.count)\r\n", to: client)
            }
        case "PUBLISH":
            let listeners = open.filter { $0.channels.contains(parts[1]) }
            for listener in listeners { say("*3\r\n$7\r\nmessage\r\n\(bulk(parts[1]))\(bulk(parts[2]))", to: listener) }
            say(":\(listeners.count)\r\n", to: client)
        default: say("+OK\r\n", to: client)
        }
    }

    private func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
}
