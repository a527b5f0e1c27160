import HummingbirdCore
import NIOCore
import Testing

@testable import Realtime

@Suite("HTTP beside sockets", .serialized)
struct TransportHTTPTests {
    @Test("serves plain requests on one connection, one after the other and pipelined")
    func keepsConnectionsAlive() async throws {
        try await TransportServer.run { _, port, _ in
            let client = try await RawClient.connect(port)
            for _ in 0..<3 {
                try await client.send(RawClient.request("/hello"))
                let response = try await client.response()
                #expect(response.status == 200)
                #expect(response.body == "hello")
                #expect(response.headers["connection"] == nil)
            }
            try await client.send(
                RawClient.request("/hello") + RawClient.request("/echo", method: "POST", body: "body")
                    + RawClient.request("/nowhere") + RawClient.request("/hello"))
            #expect(try await client.response().body == "hello")
            #expect(try await client.response().body == "body")
            #expect(try await client.response().status == 404)
            #expect(try await client.response().body == "hello")
        }
    }

    @Test("takes a body larger than any buffer, and a head cut anywhere")
    func takesLargeBodies() async throws {
        let body = String(repeating: "0123456789", count: 50_000)
        try await TransportServer.run { _, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send(RawClient.request("/echo", method: "POST", body: body))
            #expect(try await client.response().body == body)
            for byte in Array(RawClient.request("/hello").utf8) { try await client.send([byte]) }
            #expect(try await client.response().body == "hello")
        }
    }

    @Test("answers a client that has shut down its side after its request")
    func answersHalfClosedClients() async throws {
        try await TransportServer.run { _, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send(RawClient.request("/hello"))
            try await client.channel.close(mode: .output)
            #expect(try await client.response().body == "hello")
            try await client.ended()
        }
    }

    static let otherProtocols: [(String, String)] = [
        (
            "h2c",
            RawClient.request(
                "/hello",
                headers: [
                    "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
                ])
        ),
        (
            "h2c with a body",
            RawClient.request("/echo", method: "POST", headers: ["Connection: Upgrade", "Upgrade: h2c"], body: "hello")
        ),
        (
            "a POST for a WebSocket",
            RawClient.request(
                "/echo", method: "POST", headers: ["Connection: Upgrade", "Upgrade: websocket"], body: "hello")
        ),
    ]

    @Test("answers a request for another protocol as plain HTTP and ends the connection", arguments: otherProtocols)
    func endsOtherProtocols(name: String, request: String) async throws {
        try await TransportServer.run { server, port, _ in
            for earlier in 0..<2 {
                let client = try await RawClient.connect(port)
                // The earlier ones are pipelined, and must not be the ones that end the connection.
                let before = String(repeating: RawClient.request("/hello"), count: earlier)
                try await client.send(before + request + RawClient.request("/hello"))
                for _ in 0..<earlier {
                    let response = try await client.response()
                    #expect(response.body == "hello")
                    #expect(response.headers["connection"] == nil)
                }
                let response = try await client.response()
                #expect(response.status == 200)
                #expect(response.body == "hello")
                #expect(response.headers["connection"] == "close")
                #expect(try await client.ended() == 0)
            }
            #expect(server.requests.value.isEmpty)
        }
    }

    @Test("ends the connection behind a CONNECT")
    func endsConnect() async throws {
        try await TransportServer.run { _, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n")
            try await client.ended()
        }
    }

    @Test("treats an Upgrade header that the Connection header does not name as plain HTTP")
    func ignoresHalfUpgrades() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.connect(port)
            for _ in 0..<2 {
                try await client.send(RawClient.request("/hello", headers: ["Upgrade: websocket"]))
                let response = try await client.response()
                #expect(response.body == "hello")
                #expect(response.headers["connection"] == nil)
            }
            #expect(server.requests.value.isEmpty)
        }
    }

    @Test("hands a declined handshake to the routes and ends the connection", arguments: [0, 2])
    func declines(earlier: Int) async throws {
        try await TransportServer.run { _, port, _ in
            let client = try await RawClient.connect(port)
            for _ in 0..<earlier {
                try await client.send(RawClient.request("/hello"))
                #expect(try await client.response().status == 200)
            }
            try await client.send(RawClient.handshake("/hello"))
            let response = try await client.response()
            #expect(response.status == 200)
            #expect(response.body == "hello")
            #expect(response.headers["connection"] == "close")
            try await client.ended()

            let other = try await RawClient.connect(port)
            try await other.send(RawClient.handshake("/ws/nowhere"))
            #expect(try await other.response().status == 404)
            try await other.ended()
        }
    }

    // MARK: Late handshakes

    @Test("upgrades a connection that has carried requests, as proxies with pools send them", arguments: [1, 2, 5])
    func upgradesLate(earlier: Int) async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.connect(port)
            for _ in 0..<earlier {
                try await client.send(RawClient.request("/echo", method: "POST", body: "before"))
                #expect(try await client.response().body == "before")
            }
            try await client.send(RawClient.handshake("/ws/echo", headers: ["Sec-WebSocket-Protocol: chat.v1"]))
            let response = try await client.response()
            #expect(response.status == 101)
            #expect(response.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            #expect(response.headers["sec-websocket-protocol"] == "chat.v1")
            for text in ["one", "two", "three"] {
                try await client.send(ClientFrame.text(text))
                #expect(try await client.frame().text == text)
            }
            try await client.send(ClientFrame.close(1000))
            #expect(try await client.frame() == ServerFrame(opcode: 8, payload: [0x03, 0xE8]))
            try await client.ended()
            try await client.close()
            try await server.journal.wait("the socket to end") { $0.ends == [.byPeer(.normal)] }
        }
    }

    @Test("upgrades in one packet with earlier requests and with frames, in order")
    func upgradesPipelined() async throws {
        try await TransportServer.run { _, port, _ in
            for _ in 0..<20 {
                let client = try await RawClient.connect(port)
                try await client.send(
                    Array(
                        (RawClient.request("/hello") + RawClient.request("/echo", method: "POST", body: "body")
                            + RawClient.handshake("/ws/echo")).utf8) + ClientFrame.text("early"))
                #expect(try await client.response().body == "hello")
                #expect(try await client.response().body == "body")
                #expect(try await client.response().status == 101)
                #expect(try await client.frame().text == "early")
                try await client.send(ClientFrame.text("late"))
                #expect(try await client.frame().text == "late")
                try await client.close()
            }
        }
    }

    @Test("refuses a late handshake like an early one")
    func refusesLate() async throws {
        try await TransportServer.run { _, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send(RawClient.request("/hello"))
            #expect(try await client.response().status == 200)
            try await client.send(RawClient.handshake("/ws/refuse/429"))
            let response = try await client.response()
            #expect(response.status == 429)
            #expect(response.headers["connection"] == "close")
            try await client.ended()
        }
    }

    @Test("tells the owner of a late socket of its loss too")
    func losesLateSockets() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send(RawClient.request("/hello") + RawClient.handshake("/ws/echo"))
            #expect(try await client.response().status == 200)
            #expect(try await client.response().status == 101)
            try await client.close()
            try await server.journal.wait("the loss") { $0.ends == [.lost] }
        }
    }

    // MARK: Slow and idle peers

    @Test(
        "closes a connection that never sends a whole request head",
        arguments: ["", "GET /hello HTTP/1.1\r\nHost: a\r\n"])
    func closesSlowHeads(start: String) async throws {
        var configuration = TransportConfiguration()
        configuration.headTimeout = .milliseconds(300)
        try await TransportServer.run(configuration: configuration) { _, port, _ in
            let client = try await RawClient.connect(port)
            if !start.isEmpty { try await client.send(start) }
            #expect(try await client.ended() == 0)
        }
    }

    @Test("leaves connections alone that sent their first head in time, and closes them when idle")
    func closesIdleConnections() async throws {
        var configuration = TransportConfiguration(http: .init(idleTimeout: .milliseconds(2_500)))
        configuration.headTimeout = .milliseconds(300)
        try await TransportServer.run(configuration: configuration) { _, port, _ in
            let client = try await RawClient.connect(port)
            let socket = try await RawClient.socket(port)
            try await client.send(RawClient.request("/hello"))
            #expect(try await client.response().status == 200)
            // By the time that this one is closed the deadline for heads has passed for all of them.
            let slow = try await RawClient.connect(port)
            try await slow.ended()
            try await client.send(RawClient.request("/hello"))
            #expect(try await client.response().status == 200)
            #expect(try await client.ended() == 0)
            try await socket.send(ClientFrame.text("still here"))
            #expect(try await socket.frame().text == "still here")
        }
    }
}
