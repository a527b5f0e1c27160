import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization
import Testing

@testable import Realtime

@Suite("Handshake", .serialized)
struct HandshakeTests {
    @Test("answers with the accept key of RFC 6455 and carries frames from then on")
    func upgrades() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send(
                RawClient.handshake("/ws/echo?ticket=a%20b", headers: ["Origin: https://example.org"]))
            let response = try await client.response()
            #expect(response.status == 101)
            #expect(response.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            #expect(response.headers["upgrade"] == "websocket")
            #expect(response.headers["connection"] == "Upgrade")
            #expect(response.headers["sec-websocket-protocol"] == nil)
            #expect(response.headers["sec-websocket-extensions"] == nil)
            try await client.send(ClientFrame.text("Grüße, 你好"))
            #expect(try await client.frame() == ServerFrame(opcode: 1, payload: Array("Grüße, 你好".utf8)))

            let request = try #require(server.requests.value.first)
            #expect(request.uri.path == "/ws/echo")
            #expect(request.uri.queryParameters["ticket"] == "a b")
            #expect(request.head.headerFields[.origin] == "https://example.org")
            #expect(request.head.authority == "localhost")
            #expect(request.remoteAddress?.ipAddress == "127.0.0.1")
        }
    }

    @Test("names the subprotocol when the client offers it, among others too, and not when it does not")
    func echoesSubprotocol() async throws {
        let offers = [
            ("chat.v1", "chat.v1"), ("chat.v9, chat.v1", "chat.v1"), ("chat.v9", nil), ("CHAT.V1", nil),
        ]
        try await TransportServer.run { server, port, _ in
            for (offered, expected) in offers {
                let client = try await RawClient.connect(port)
                try await client.send(RawClient.handshake("/ws/echo", headers: ["Sec-WebSocket-Protocol: \(offered)"]))
                let response = try await client.response()
                #expect(response.status == 101)
                #expect(response.headers["sec-websocket-protocol"] == expected)
            }
            #expect(server.requests.value.map(\.offeredSubprotocols).contains(["chat.v9", "chat.v1"]))
        }
    }

    @Test("leaves one handler and nothing of HTTP on an upgraded connection, with Nagle's algorithm off")
    func leavesNothingBehind() async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.socket(port)
            let bound = try #require(try await server.sockets.wait("a socket") { !$0.isEmpty }.first)
            let (names, nodelay) = try await bound.eventLoop.submit { () -> (String, Bool) in
                let context = bound.value.handler.context
                let nodelay = try context?.channel.syncOptions?.getOption(.tcpOption(.tcp_nodelay)) != 0
                return (context?.pipeline.debugDescription ?? "", nodelay)
            }.get()
            #expect(names.contains("SocketHandler"))
            for gone in ["UpgradeGate", "HTTP", "ByteToMessage", "NIOAsyncChannel"] { #expect(!names.contains(gone)) }
            #expect(nodelay)
            try await client.close()
        }
    }

    @Test("delivers frames that came in one packet with the handshake")
    func takesEarlyFrames() async throws {
        try await TransportServer.run { _, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send(
                Array(RawClient.handshake("/ws/echo").utf8) + ClientFrame.text("one") + ClientFrame.text("two"))
            #expect(try await client.response().status == 101)
            #expect(try await client.frame().text == "one")
            #expect(try await client.frame().text == "two")
            try await client.send(ClientFrame.text("three"))
            #expect(try await client.frame().text == "three")
        }
    }

    // MARK: Refusals

    @Test("gives a refusal with its status, headers and body, and closes", arguments: [401, 403, 404, 429, 503])
    func refuses(status: Int) async throws {
        try await TransportServer.run { server, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send(RawClient.handshake("/ws/refuse/\(status)"))
            let response = try await client.response()
            #expect(response.status == status)
            #expect(response.body == #"{"status":\#(status)}"#)
            #expect(response.headers["content-type"] == "application/problem+json")
            #expect(response.headers["retry-after"] == "7")
            #expect(response.headers["connection"] == "close")
            #expect(try await client.ended() == 0)
            #expect(server.journal.value.opened == 0)
        }
    }

    @Test("gives a refusal also to a peer that has sent frames already")
    func refusesEagerPeers() async throws {
        try await TransportServer.run { _, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send(
                Array(RawClient.handshake("/ws/refuse/401").utf8)
                    + ClientFrame.text(String(repeating: "x", count: 60_000)))
            #expect(try await client.response().status == 401)
            try await client.ended()
        }
    }

    static let faulty: [(String, [String], Int)] = [
        ("no key", ["Sec-WebSocket-Version: 13"], 400),
        ("a short key", ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: c2hvcnQ="], 400),
        (
            "a key that is not base64", ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="],
            400
        ),
        (
            "two keys",
            [
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: \(RawClient.sampleKey)",
                "Sec-WebSocket-Key: \(RawClient.sampleKey)",
            ], 400
        ),
        ("no version", ["Sec-WebSocket-Key: \(RawClient.sampleKey)"], 400),
        ("version 8", ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: \(RawClient.sampleKey)"], 426),
        (
            "a body", ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: \(RawClient.sampleKey)", "Content-Length: 5"],
            400
        ),
        (
            "a chunked body",
            ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: \(RawClient.sampleKey)", "Transfer-Encoding: chunked"],
            400
        ),
    ]

    @Test("refuses a faulty handshake without asking for a decision", arguments: faulty)
    func refusesFaults(name: String, headers: [String], status: Int) async throws {
        try await TransportServer.run { server, port, _ in
            for isLate in [false, true] {
                let client = try await RawClient.connect(port)
                if isLate {
                    try await client.send(RawClient.request("/hello"))
                    #expect(try await client.response().status == 200)
                }
                try await client.send(
                    RawClient.request("/ws/echo", headers: ["Connection: Upgrade", "Upgrade: WebSocket"] + headers))
                let response = try await client.response()
                #expect(response.status == status)
                #expect(response.body.hasPrefix("fault: "))
                #expect(response.headers["connection"]?.hasSuffix("close") == true)
                #expect(response.headers["sec-websocket-version"] == (status == 426 ? "13" : nil))
                try await client.ended()
            }
            #expect(server.requests.value.isEmpty)
        }
    }

    @Test("refuses a first request that is not HTTP")
    func refusesGarbage() async throws {
        try await TransportServer.run { _, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send("\u{16}\u{3}\u{1} hello\r\n\r\n")
            let response = try await client.response()
            #expect(response.status == 400)
            #expect(response.body == "fault: malformedRequest")
            try await client.ended()
        }
    }

    // MARK: Decisions

    @Test("answers 503 when no decision is made in time, and lets go of one that comes too late")
    func boundsDecisions() async throws {
        var configuration = TransportConfiguration()
        configuration.decisionTimeout = .milliseconds(200)
        let decide: TransportServer.Decide = { _, server in
            // Ends by being cancelled, and accepts nevertheless.
            try? await Task.sleep(for: .seconds(600))
            return .accept(server.acceptance)
        }
        try await TransportServer.run(configuration: configuration, decide: decide) { server, port, _ in
            let client = try await RawClient.connect(port)
            try await client.send(RawClient.handshake("/ws/echo"))
            let response = try await client.response()
            #expect(response.status == 503)
            #expect(response.body == "fault: undecided")
            try await client.ended()
            try await server.journal.wait("the acceptance to be abandoned") { $0.abandoned == 1 }
            #expect(server.journal.value.opened == 0)
        }
    }

    @Test("abandons an acceptance when the peer left during the decision", arguments: [false, true])
    func abandonsAcceptances(isLate: Bool) async throws {
        let mayDecide = Observed(false)
        let decide: TransportServer.Decide = { _, server in
            _ = try? await mayDecide.wait("the peer to leave") { $0 }
            return .accept(server.acceptance)
        }
        try await TransportServer.run(decide: decide) { server, port, _ in
            let client = try await RawClient.connect(port)
            if isLate {
                try await client.send(RawClient.request("/hello"))
                #expect(try await client.response().status == 200)
            }
            try await client.send(RawClient.handshake("/ws/echo"))
            try await server.requests.wait("the decision to be asked for") { $0.count == 1 }
            try await client.close()
            try await RawClient.connect(port).close()
            mayDecide.update { $0 = true }
            // Whether the end of the connection or the decision is seen first is open; a socket that was opened in
            // between is told of its end.
            try await server.journal.wait("the acceptance to be abandoned") {
                $0.abandoned + $0.ends.count == 1
            }
        }
    }
}
