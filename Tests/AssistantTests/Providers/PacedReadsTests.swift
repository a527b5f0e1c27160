import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import Synchronization
import Testing

@testable import Assistant

/// When the socket of a model is read, and what comes of a read.
@Suite struct PacedReadsTests {
    /// Counts the reads that reach the socket.
    private final class SocketReads: ChannelOutboundHandler {
        typealias OutboundIn = Never
        var count = 0

        func read(context: ChannelHandlerContext) {
            count += 1
            context.read()
        }
    }

    /// A connection in which `handler` is tried.
    private struct Connection {
        let channel = EmbeddedChannel()
        let socket = SocketReads()
        let pace = ReadingPace()

        init(_ contentType: String? = "text/event-stream; charset=utf-8") throws {
            try channel.pipeline.syncOperations.addHandlers([socket, PacedReads(pace)])
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            if let contentType { try begin(contentType) }
        }

        func begin(_ contentType: String) throws {
            var head = HTTPResponseHead(version: .http1_1, status: .ok)
            head.headers.add(name: "content-type", value: contentType)
            try channel.writeInbound(HTTPClientResponsePart.head(head))
            guard case .head = try taken() else { throw Missing() }
        }

        struct Missing: Error {}

        func taken() throws -> HTTPClientResponsePart? { try channel.readInbound(as: HTTPClientResponsePart.self) }

        /// One read of the socket that brings these parts.
        func arrive(_ parts: String...) {
            for part in parts {
                channel.pipeline.fireChannelRead(HTTPClientResponsePart.body(ByteBuffer(string: part)))
            }
            channel.pipeline.fireChannelReadComplete()
        }

        func texts() throws -> [String] {
            var texts: [String] = []
            while case .body(let bytes) = try taken() { texts.append(String(buffer: bytes)) }
            return texts
        }

        /// Reads that reached the socket when somebody asks for one.
        func ask() -> Int {
            let before = socket.count
            channel.read()
            return socket.count - before
        }

        func isPaused() -> Bool { ask() == 0 }

        func pass(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }
    }

    @Test func theBeginningOfAStreamWaitsForNothing() throws {
        let connection = try Connection()
        for text in ["role", "first", "second"] {
            #expect(connection.ask() == 1)
            connection.arrive(text)
        }
        #expect(try connection.texts() == ["role", "first", "second"])
        #expect(connection.isPaused())
    }

    @Test func whatOneReadBringsIsOnePieceHoweverManyTokensItHolds() throws {
        let connection = try Connection()
        connection.arrive("a")
        connection.arrive("b", "c", "d", "e")
        #expect(try connection.texts() == ["a", "bcde"])
    }

    @Test func furtherReadsComeAPauseAfterTheLastOneThatBroughtSomething() throws {
        let connection = try Connection()
        for text in ["a", "b", "c"] { connection.arrive(text) }
        let before = connection.socket.count
        // Asked for more than once, it is read once.
        connection.channel.read()
        connection.channel.read()
        connection.pass(ReadingPace.shortest - .nanoseconds(1))
        #expect(connection.socket.count == before)
        connection.pass(.nanoseconds(1))
        #expect(connection.socket.count == before + 1)
        // A model that is slower than its readers is read as soon as it is asked for.
        connection.pass(ReadingPace.shortest)
        connection.arrive("d")
        connection.pass(ReadingPace.shortest)
        #expect(connection.ask() == 1)
    }

    @Test func theEndOfAStreamEndsItsPauses() throws {
        let connection = try Connection()
        for text in ["a", "b", "c"] { connection.arrive(text) }
        _ = try connection.texts()
        #expect(connection.isPaused())
        connection.channel.pipeline.fireChannelRead(HTTPClientResponsePart.body(ByteBuffer(string: "d")))
        connection.channel.pipeline.fireChannelRead(HTTPClientResponsePart.end(nil))
        connection.channel.pipeline.fireChannelReadComplete()
        #expect(try connection.texts() == ["d"])
        #expect(connection.ask() == 1)
        // The next answer on the same connection begins anew.
        try connection.channel.throwIfErrorCaught()
        try connection.begin("text/event-stream")
        #expect(connection.ask() == 1)
    }

    @Test(arguments: ["application/json", "text/plain"])
    func whatIsNoStreamIsReadAsItComes(contentType: String) throws {
        let connection = try Connection(contentType)
        for text in ["a", "b", "c", "d"] { connection.arrive(text, text) }
        #expect(try connection.texts() == ["a", "a", "b", "b", "c", "c", "d", "d"])
        #expect(connection.ask() == 1)
        #expect(connection.pace.interval == ReadingPace.shortest)
    }

    @Test func whatHadComeBeforeTheConnectionWasLostIsPassedOn() throws {
        let connection = try Connection()
        connection.channel.pipeline.fireChannelRead(HTTPClientResponsePart.body(ByteBuffer(string: "a")))
        connection.channel.pipeline.fireErrorCaught(ChannelError.ioOnClosedChannel)
        #expect(try connection.texts() == ["a"])
        connection.channel.pipeline.fireChannelRead(HTTPClientResponsePart.body(ByteBuffer(string: "b")))
        connection.channel.pipeline.fireChannelInactive()
        #expect(try connection.texts() == ["b"])
    }

    @Test func theMoreStreamsThereAreTheLongerIsThePause() throws {
        let pace = ReadingPace()
        #expect(pace.interval == ReadingPace.shortest)
        for _ in 0..<1000 { pace.begin() }
        #expect(pace.interval == .milliseconds(80))
        for _ in 0..<9000 { pace.begin() }
        #expect(pace.interval == ReadingPace.longest)
        for _ in 0..<10_000 { pace.end() }
        #expect(pace.interval == ReadingPace.shortest)
    }

    @Test func aConnectionThatIsLostCountsNoMore() throws {
        let connection = try Connection()
        for _ in 0..<999 { connection.pace.begin() }
        #expect(connection.pace.interval == .milliseconds(80))
        connection.channel.pipeline.fireChannelInactive()
        _ = try? connection.channel.finish()
        #expect(connection.pace.interval < .milliseconds(80))
    }

    @Test func streamsOfHTTP2ArePacedToo() throws {
        let channel = EmbeddedChannel()
        let socket = SocketReads()
        let pace = ReadingPace()
        try channel.pipeline.syncOperations.addHandlers([
            socket, HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: .https),
        ])
        try PacedReads.add(toStream: channel, pace)
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["host": "model.example"])
        try channel.writeOutbound(HTTPClientRequestPart.head(request))
        let head = HPACKHeaders([(":status", "200"), ("content-type", "text/event-stream")])
        channel.pipeline.fireChannelRead(HTTP2Frame.FramePayload.headers(.init(headers: head)))
        for text in ["a", "b", "c"] {
            channel.pipeline.fireChannelRead(
                HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(ByteBuffer(string: text)))))
            channel.pipeline.fireChannelReadComplete()
        }
        let before = socket.count
        channel.read()
        #expect(socket.count == before)
        channel.embeddedEventLoop.advanceTime(by: ReadingPace.shortest)
        #expect(socket.count == before + 1)
    }

    @Test func connectionsOfHTTP1AreFoundTheirPlace() throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        try PacedReads.add(toConnection: channel, ReadingPace())
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeOutbound(
            HTTPClientRequestPart.head(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")))
        try channel.writeInbound(
            ByteBuffer(
                string: "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                    + "1\r\na\r\n1\r\nb\r\n"))
        guard case .head = try channel.readInbound(as: HTTPClientResponsePart.self) else {
            Issue.record("no head")
            return
        }
        #expect(try channel.readInbound(as: HTTPClientResponsePart.self) == .body(ByteBuffer(string: "ab")))
    }
}
