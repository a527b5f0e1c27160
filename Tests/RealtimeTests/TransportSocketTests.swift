import NIOCore
import ServiceLifecycle
import Testing

@testable import Realtime

@Suite("Socket", .serialized)
struct SocketTests {
    // MARK: Close handshake

    @Test("answers the client's close frame with the same code, and ends")
    func answersClose() async throws {
        let cases: [([UInt8], [UInt8], SocketEnd)] = [
            (ClientFrame.close(1000, Array("bye".utf8)), [0x03, 0xE8], .byPeer(.normal)),
            (ClientFrame.close(4123), [0x10, 0x1B], .byPeer(CloseCode(rawValue: 4123))),
            (ClientFrame.close(), [], .byPeer(nil)),
        ]
        try await TransportServer.run { server, port, _ in
            for (close, answer, end) in cases {
                let client = try await RawClient.socket(port)
                try await client.send(ClientFrame.text("last") + close + ClientFrame.text("ignored"))
                #expect(try await client.frame().text == "last")
                #expect(try await client.frame() == ServerFrame(opcode: 8, payload: answer))
                #expect(try await client.ended() == 0)
                try await client.close()
                try await server.journal.wait("the end") { $0.ends.last == end }
            }
            #expect(server.journal.value.texts == ["last", "last", "last"])
        }
    }

    @Test("sends its own close frame behind what is queued, and ends when the client has answered")
    func closesFirst() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.socket(port)
            try await server.onSockets { socket in
                socket.send(text: ByteBuffer(string: "last"))
                socket.close(CloseCode(rawValue: 4003), reason: "slow_consumer")
                #expect(!socket.isOpen)
                socket.send(text: ByteBuffer(string: "ignored"))
                socket.close(.normal)
                socket.flush()
            }
            #expect(try await client.frame().text == "last")
            let close = try await client.frame()
            #expect(close.closeCode == 4003)
            #expect(String(decoding: close.payload.dropFirst(2), as: UTF8.self) == "slow_consumer")
            try await client.send(ClientFrame.text("ignored") + ClientFrame.ping("ignored") + ClientFrame.close(4003))
            #expect(try await client.ended() == 0)
            try await client.close()
            try await server.journal.wait("the end") { $0.ends == [.byUs(CloseCode(rawValue: 4003))] }
            #expect(server.journal.value.texts == [])
        }
    }

    @Test("cuts a long reason at a scalar, so that the frame stays a control frame")
    func cutsReasons() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.socket(port)
            try await server.onSockets { $0.close(.normal, reason: String(repeating: "語", count: 60)) }
            let close = try await client.frame()
            #expect(String(decoding: close.payload.dropFirst(2), as: UTF8.self) == String(repeating: "語", count: 41))
        }
    }

    @Test("drops a client that does not answer its close frame in time")
    func boundsTheCloseHandshake() async throws {
        var configuration = TransportConfiguration()
        configuration.socket.closeTimeout = .milliseconds(200)
        try await TransportServer.run(configuration: configuration) { server, port, _ in
            let client = try await RawClient.socket(port)
            try await server.onSockets { $0.close(.serviceRestart) }
            #expect(try await client.frame().closeCode == 1012)
            #expect(try await client.ended() == 0)
            try await server.journal.wait("the end") { $0.ends == [.byUs(.serviceRestart)] }

            // Answered, but never closed on the client's side.
            let other = try await RawClient.socket(port)
            try await other.send(ClientFrame.close(1000))
            #expect(try await other.frame().closeCode == 1000)
            try await server.journal.wait("the end") { $0.ends.last == .byPeer(.normal) }
        }
    }

    @Test("tells a lost connection from a closed one, and forgets it at once when forced")
    func reportsLoss() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.socket(port)
            try await client.close()
            try await server.journal.wait("the loss") { $0.ends == [.lost] }
            let half = try await RawClient.socket(port)
            try await half.channel.close(mode: .output)
            try await server.journal.wait("the loss") { $0.ends == [.lost, .lost] }
            let forced = try await RawClient.socket(port)
            try await server.onSockets(3) { $0.forceClose() }
            try await forced.ended()
            try await server.journal.wait("the loss") { $0.ends == [.lost, .lost, .lost] }
        }
    }

    static let violations: [(String, [UInt8], Int)] = [
        ("not masked", ClientFrame.bytes(1, [0x61], masked: false), 1002),
        ("reserved bit", ClientFrame.bytes(1, [0x61], reserved: 0x40), 1002),
        ("binary", ClientFrame.bytes(2, [1, 2]), 1003),
        ("not UTF-8", ClientFrame.bytes(1, [0xC3, 0x28]), 1007),
        ("too big", ClientFrame.bytes(1, Array(repeating: 0x61, count: 65_537)), 1009),
        ("bad close code", ClientFrame.close(1005), 1002),
    ]

    @Test("fails a violation with its code and ends, whatever still arrives", arguments: violations)
    func failsViolations(name: String, bytes: [UInt8], code: Int) async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.socket(port)
            try await client.send(ClientFrame.text("before") + bytes + ClientFrame.text("after"))
            #expect(try await client.frame().text == "before")
            let close = try await client.frame()
            #expect(close.opcode == 8)
            #expect(close.closeCode == code)
            #expect(close.payload.count > 2)
            #expect(try await client.ended() == 0)
            try await client.close()
            try await server.journal.wait("the end") { $0.ends == [.byUs(CloseCode(rawValue: UInt16(code)))] }
            #expect(server.journal.value.texts == ["before"])
        }
    }

    // MARK: Frames

    @Test("answers pings with their payload, in order, and tells its owner of controls")
    func answersPings() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.socket(port)
            try await client.send(
                ClientFrame.ping("a") + ClientFrame.text("b") + ClientFrame.ping() + ClientFrame.pong("c"))
            #expect(try await client.frame() == ServerFrame(opcode: 10, payload: [0x61]))
            #expect(try await client.frame() == ServerFrame(opcode: 1, payload: [0x62]))
            #expect(try await client.frame() == ServerFrame(opcode: 10, payload: []))
            let journal = try await server.journal.wait("the controls") { $0.messages.count == 4 }
            #expect(
                journal.messages == [
                    .ping, .text(ByteBuffer(string: "b")), .ping, .pong(ByteBuffer(string: "c")),
                ])
            #expect(journal.heard > 0)
            try await server.onSockets { socket in
                socket.ping(ByteBuffer(string: #"{"head_seq":7}"#))
                socket.ping(ByteBuffer(repeating: 0x61, count: 200))
                socket.flushSoon()
            }
            #expect(try await client.frame() == ServerFrame(opcode: 9, payload: Array(#"{"head_seq":7}"#.utf8)))
            #expect(try await client.frame().payload.count == 125)
        }
    }

    @Test(
        "frames texts of every length class, from one buffer, from pieces and shared",
        arguments: [0, 1, 125, 126, 65_535, 65_536, 200_000])
    func framesTexts(length: Int) async throws {
        let text = String(repeating: "x", count: length)
        try await TransportServer.run { server, port, _ in
            let clients = [try await RawClient.socket(port), try await RawClient.socket(port)]
            let shared = TextFrame(ByteBuffer(string: text))
            let written = TextFrame { $0.writeString(text) }
            #expect(shared.payload == written.payload)
            #expect(shared.bytes == written.bytes)
            try await server.onSockets(2) { socket in
                socket.send(text: ByteBuffer(string: text))
                socket.send(shared)
                socket.send(pieces: [ByteBuffer(string: "["), shared.payload, ByteBuffer(), ByteBuffer(string: "]")])
                socket.flushSoon()
                socket.flushSoon()
            }
            for client in clients {
                #expect(try await client.frame().text == text)
                #expect(try await client.frame().text == text)
                #expect(try await client.frame().text == "[" + text + "]")
            }
        }
    }

    // MARK: Backpressure

    @Test("is not writable beyond the high water mark, counts what is queued, and recovers")
    func holdsBack() async throws {
        let text = String(repeating: "x", count: 10_000)
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.socket(port)
            try await client.channel.setOption(.autoRead, value: false).get()
            let bound = try #require(try await server.sockets.wait("a socket") { !$0.isEmpty }.first)
            let sent = try await bound.eventLoop.submit { () -> Int in
                let socket = bound.value
                let frame = TextFrame(ByteBuffer(string: text))
                var sent = 0
                while socket.isWritable, sent < 100_000 {
                    socket.send(frame)
                    socket.flush()
                    sent += 1
                }
                #expect(socket.queuedBytes > 65_536)
                return sent
            }.get()
            #expect(server.journal.value.writability == [false])
            #expect(sent < 100_000)
            // Pings meanwhile are owed, and only the newest is answered.
            try await client.send((0..<500).flatMap { ClientFrame.ping("\($0)") })
            try await server.journal.wait("the pings") { $0.messages.count == 500 }
            try await client.channel.setOption(.autoRead, value: true).get()
            for _ in 0..<sent { #expect(try await client.frame().payload.count == text.utf8.count) }
            try await server.journal.wait("room") { $0.writability.last == true }
            #expect(try await client.frame() == ServerFrame(opcode: 10, payload: Array("499".utf8)))
            #expect(try await bound.eventLoop.submit { bound.value.queuedBytes }.get() == 0)
        }
    }

    @Test("does not read while told not to, and goes on where it stopped")
    func pausesReading() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.socket(port)
            let bound = try #require(try await server.sockets.wait("a socket") { !$0.isEmpty }.first)
            try await bound.eventLoop.submit { bound.value.pauseReading() }.get()
            let texts = (0..<1_000).map { "\($0) " + String(repeating: "y", count: 100) }
            for text in texts { try await client.send(ClientFrame.text(text)) }
            // What was asked for before the pause may still come: four reads of 1 KiB at most.
            try await bound.eventLoop.submit {}.get()
            #expect(server.journal.value.messages.count < 100)
            try await bound.eventLoop.submit { bound.value.resumeReading() }.get()
            let journal = try await server.journal.wait("all of them") { $0.messages.count == texts.count }
            #expect(journal.texts == texts)
        }
    }

    @Test("closes although it was told not to read")
    func closesWhilePaused() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.socket(port)
            try await server.onSockets { socket in
                socket.pauseReading()
                socket.close(.normal)
            }
            #expect(try await client.frame().closeCode == 1000)
            try await client.send(ClientFrame.close(1000))
            try await client.ended()
            try await client.close()
            try await server.journal.wait("the end") { $0.ends == [.byUs(.normal)] }
        }
    }

    // MARK: Stopping

    @Test("is left open when the server stops, is told to drain, and does not hold the server up")
    func survivesTheStop() async throws {
        try await TransportServer.run { server, port, group in
            let client = try await RawClient.socket(port)
            let late = try await RawClient.connect(port)
            try await late.send(RawClient.request("/hello") + RawClient.handshake("/ws/echo"))
            #expect(try await late.response().status == 200)
            #expect(try await late.response().status == 101)
            let idle = try await RawClient.connect(port)
            try await idle.send(RawClient.request("/hello"))
            #expect(try await idle.response().status == 200)
            let fresh = try await RawClient.connect(port)

            await group.triggerGracefulShutdown()
            try await server.journal.wait("both sockets to be told") { $0.drains == 2 }
            // Plain connections are closed by the stop, sockets are not.
            try await idle.ended()
            try await fresh.ended()
            for client in [client, late] {
                try await client.send(ClientFrame.text("still here"))
                #expect(try await client.frame().text == "still here")
            }
            try await server.onSockets(2) { $0.close(.serviceRestart) }
            for client in [client, late] { #expect(try await client.frame().closeCode == 1012) }
            #expect(server.journal.value.drains == 2)
        }
    }

    @Test("closes many at once, each with its close frame")
    func closesManyAtOnce() async throws {
        try await TransportServer.run { server, port, _ in
            let count = 500
            let clients = try await withThrowingTaskGroup(of: RawClient.self) { group in
                for _ in 0..<count { group.addTask { try await RawClient.socket(port) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try await server.journal.wait("all of them") { $0.opened == count }
            let farewell = TextFrame(ByteBuffer(string: #"{"type":"drain"}"#))
            try await server.onSockets(count) { socket in
                socket.send(farewell)
                socket.close(.serviceRestart)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in clients {
                    group.addTask {
                        #expect(try await client.frame().text == #"{"type":"drain"}"#)
                        #expect(try await client.frame().closeCode == 1012)
                        try await client.send(ClientFrame.close(1012))
                        try await client.ended()
                        try await client.close()
                    }
                }
                try await group.waitForAll()
            }
            let journal = try await server.journal.wait("all ends") { $0.ends.count == count }
            #expect(journal.ends.allSatisfy { $0 == .byUs(.serviceRestart) })
        }
    }
}
