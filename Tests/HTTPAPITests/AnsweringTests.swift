import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HTTPAPI

/// How requests are carried out, whatever they ask for.
@Suite struct AnsweringTests {
    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        ] as [(Int64, String)])
    func theDateIsWrittenAsTheStandardSays(_ second: Int64, _ text: String) {
        #expect(DateHeader.text(of: second) == text)
    }

    @Test func theDateIsMadeAnewWithEachSecond() {
        let second = Mutex<Int64>(784_111_777)
        let date = DateHeader { second.withLock { $0 } }
        #expect(date.text() == "Sun, 06 Nov 1994 08:49:37 GMT")
        second.withLock { $0 += 1 }
        #expect(date.text() == "Sun, 06 Nov 1994 08:49:38 GMT")
    }

    @Test func requestsAreNamedDifferently() {
        let names = (0..<10_000).map { _ in RequestIdentity.make() }
        #expect(Set(names).count == names.count)
        #expect(
            names.allSatisfy { name in
                name.utf8.count == 32
                    && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            })
        // Neighbours share nothing in the half that counts.
        #expect(zip(names, names.dropFirst()).allSatisfy { $0.dropFirst(16).prefix(6) != $1.dropFirst(16).prefix(6) })
    }

    @Test func connectionsAreServedOnTheirEventLoops() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        for _ in 0..<2 {
            let channel = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
            let seen = Places()
            let bound = LoopBound(RecordingChannels(seen: seen))
            await bound.handle(value: RecordingChannels.Connection(channel: channel), logger: Logger(label: "test"))
            #expect(seen.places.withLock { $0 } == [true, true, false, true])
            try await channel.close()
        }
        try await group.shutdownGracefully()
    }

    private final class Places: Sendable {
        /// Whether the event loop's thread was the one.
        let places = Mutex<[Bool]>([])
    }

    private struct RecordingChannels: ServerChildChannel {
        struct Connection: ServerChildChannelValue {
            let channel: any Channel
        }

        let seen: Places

        func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
            channel.eventLoop.makeSucceededFuture(Connection(channel: channel))
        }

        func handle(value: Connection, logger: Logger) async {
            note(value)
            await Task.yield()
            note(value)
            // As an endpoint does that is not brief.
            await withTaskExecutorPreference(globalConcurrentExecutor) { await leave(value) }
            note(value)
        }

        private func leave(_ value: Connection) async { note(value) }

        private func note(_ value: Connection) {
            seen.places.withLock { $0.append(value.channel.eventLoop.inEventLoop) }
        }
    }
}
