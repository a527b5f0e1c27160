import NIOCore
import NIOEmbedded
import Testing

@testable import Realtime

/// When sockets are flushed that were sent something in one tick.
@Suite struct TransportFlushTests {
    private final class Silent: SocketDelegate {
        func opened() {}
        func received(_ message: InboundMessage) {}
        func closed(_ end: SocketEnd) {}
    }

    /// Sockets on one loop.
    private final class Sockets {
        let eventLoop = EmbeddedEventLoop()
        let loop: SocketLoop
        private(set) var all: [(channel: EmbeddedChannel, socket: Socket)] = []

        init(_ count: Int) throws {
            loop = SocketLoop(eventLoop: eventLoop)
            for _ in 0..<count {
                let handler = SocketHandler(loop: loop, configuration: SocketConfiguration())
                let channel = EmbeddedChannel(handler: handler, loop: eventLoop)
                handler.begin(
                    ByteBuffer(string: "hello"), received: ByteBuffer(), isDraining: false,
                    makeDelegate: { _ in Silent() })
                _ = try channel.readOutbound(as: ByteBuffer.self)
                all.append((channel, Socket(handler: handler)))
            }
        }

        func send(_ text: String, to range: Range<Int>, inBulk: Bool) {
            let frame = TextFrame(ByteBuffer(string: text))
            for (_, socket) in all[range] {
                socket.send(frame)
                socket.flushSoon(inBulk: inBulk)
            }
        }

        /// What has gone out of each since the last look.
        func written() throws -> [String] {
            try all.map { channel, _ in
                var texts: [String] = []
                while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
                    texts.append(String(decoding: bytes.readableBytesView.dropFirst(2), as: UTF8.self))
                }
                return texts.joined(separator: ",")
            }
        }
    }

    @Test func fewAreFlushedWithinTheTick() throws {
        let sockets = try Sockets(3)
        sockets.send("a", to: 0..<3, inBulk: false)
        sockets.send("b", to: 1..<2, inBulk: false)
        #expect(try sockets.written() == ["", "", ""])
        sockets.eventLoop.run()
        #expect(try sockets.written() == ["a", "a,b", "a"])
    }

    @Test func veryManyAreFlushedInSlicesAndWhatComesMeanwhileJoinsThem() throws {
        let size = SocketLoop.flushedAtOnce
        let sockets = try Sockets(2 * size)
        sockets.send("a", to: 0..<2 * size, inBulk: true)
        sockets.eventLoop.run()
        #expect(try sockets.written() == Array(repeating: "a", count: size) + Array(repeating: "", count: size))
        sockets.send("b", to: 0..<2 * size, inBulk: true)
        sockets.eventLoop.advanceTime(by: .milliseconds(1))
        // The second half gets both with one write, and each everything, in order.
        #expect(try sockets.written() == Array(repeating: "b", count: size) + Array(repeating: "a,b", count: size))
        sockets.send("c", to: 0..<1, inBulk: true)
        sockets.eventLoop.run()
        #expect(try sockets.written().filter { $0 == "c" }.count == 1)
    }

    @Test func othersAreFlushedBeforeTheRestOfTheBulk() throws {
        let size = SocketLoop.flushedAtOnce
        let sockets = try Sockets(3 * size)
        sockets.send("a", to: 0..<3 * size - 1, inBulk: true)
        sockets.eventLoop.run()
        _ = try sockets.written()
        sockets.send("answer", to: 3 * size - 1..<3 * size, inBulk: false)
        // A socket that waits among the bulk need not wait either.
        sockets.send("answer", to: 3 * size - 2..<3 * size - 1, inBulk: false)
        sockets.eventLoop.advanceTime(by: .microseconds(20))
        let written = try sockets.written()
        #expect(Array(written.suffix(2)) == ["a,answer", "answer"])
        #expect(written.filter { $0 == "a" }.count == size - 2)
        sockets.eventLoop.advanceTime(by: .milliseconds(1))
        #expect(try sockets.written().filter { $0 == "a" }.count == size)
    }
}
