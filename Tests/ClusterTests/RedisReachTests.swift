import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Cluster

/// What a start finds: connected, out of reach, or settings that are wrong.
@Suite(.enabled(if: RedisServer.isThere, RedisServer.comment))
struct RedisReachTests {
    private func probe(
        _ server: RedisServer, user: String? = nil, password: String? = nil, database: Int = 0,
        security: RedisSettings.Security = .plain, host: String = "127.0.0.1", patience: TimeAmount = .seconds(20)
    ) async -> RedisReach {
        var settings = server.settings
        (settings.host, settings.user, settings.password) = (host, user, password)
        (settings.database, settings.security) = (database, security)
        var timing = RedisServer.timing
        timing.connect = patience
        return await server.bus(settings, timing: timing).probe()
    }

    private func withServer(_ options: [String] = [], _ body: (RedisServer) async throws -> Void) async throws {
        let server = try await RedisServer(options)
        try await server.start()
        try await body(server)
    }

    private func expectMisconfigured(
        _ reach: RedisReach, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .misconfigured(let reason) = reach else {
            Issue.record("\(reach)", sourceLocation: sourceLocation)
            return
        }
        #expect(reason.contains(words), sourceLocation: sourceLocation)
        #expect(!reason.contains("hunter2") && !reason.contains("\n"), sourceLocation: sourceLocation)
    }

    @Test func aPasswordMustBeRight() async throws {
        try await withServer(["--requirepass", "hunter2 \"\r\n"]) { server in
            #expect(await probe(server, password: "hunter2 \"\r\n") == .connected)
            #expect(await probe(server, user: "default", password: "hunter2 \"\r\n") == .connected)
            expectMisconfigured(await probe(server), "wants a password")
            expectMisconfigured(await probe(server, password: "hunter2"), "WRONGPASS")
            expectMisconfigured(await probe(server, user: "no", password: "hunter2"), "WRONGPASS")
        }
    }

    @Test func aPasswordForAServerWithoutOneIsWrong() async throws {
        try await withServer { server in
            expectMisconfigured(await probe(server, password: "hunter2"), "refuses the user name or the password")
            #expect(await probe(server, password: "") == .connected)
        }
    }

    @Test func aUserNeedsRightsToWhatIsUsed() async throws {
        let users = [
            "node on >hunter2 ~inst:* &inst:* +@all -@dangerous",
            "deaf on >hunter2 ~inst:* resetchannels +@all",
            "keyless on >hunter2 &* +@all",
            "mute on >hunter2 ~* &* +@all -publish",
            "reader on >hunter2 ~* &* +@read +@pubsub +@connection",
            "off off >hunter2 ~* &* +@all",
            "open on nopass ~* &* +@all",
            "few on >hunter2 ~inst:* &inst:* +ping +publish +subscribe +unsubscribe +set +get +mget +incrby +pexpire +zadd +zrem +zrangebyscore +zremrangebyscore +del",
        ]
        try await withServer(users.flatMap { ["--user"] + $0.split(separator: " ").map(String.init) }) { server in
            func probe(_ user: String, _ password: String = "hunter2") async -> RedisReach {
                await self.probe(server, user: user, password: password)
            }
            #expect(await probe("node") == .connected)
            #expect(await probe("few") == .connected)
            expectMisconfigured(await probe("deaf"), "PUBLISH: NOPERM")
            expectMisconfigured(await probe("keyless"), "SET: NOPERM")
            expectMisconfigured(await probe("mute"), "PUBLISH: NOPERM")
            expectMisconfigured(await probe("reader"), "SET: NOPERM")
            expectMisconfigured(await probe("off"), "WRONGPASS")
            expectMisconfigured(await probe("node", "wrong"), "WRONGPASS")
            #expect(await probe("open", "") == .connected)
            #expect(await self.probe(server, user: "open") == .connected)
            // Not as the default user instead, who may do everything here.
            expectMisconfigured(await self.probe(server, user: "node"), "WRONGPASS")
            expectMisconfigured(await self.probe(server, user: "nobody"), "WRONGPASS")
            var settings = server.settings
            (settings.user, settings.password) = ("few", "hunter2")
            let bus = server.bus(settings)
            #expect(await bus.connect() == .connected)
            #expect(bus.health == .healthy)
            await bus.close()
        }
    }

    @Test func aDatabaseMustExist() async throws {
        try await withServer { server in
            #expect(await probe(server, database: 15) == .connected)
            for database in [16, 17, -1, .max, .min] {
                expectMisconfigured(await probe(server, database: database), "SELECT")
            }
        }
    }

    @Test func keysGoToTheDatabaseAndTheConnectionHasAName() async throws {
        try await withServer { server in
            var settings = server.settings
            settings.database = 3
            settings.connectionName = "chat api\r\nnode\u{7}-1"
            let bus = server.bus(settings)
            #expect(await bus.connect() == .connected)
            let answers = try await bus.ask(
                [RedisCommand("CLIENT", "GETNAME"), RedisCommand("INFO", "keyspace")], within: .seconds(60)
            ).get()
            #expect(answers[0].text == "chatapinode-1")
            #expect(answers[1].text?.contains("db3:keys=") == true && answers[1].text?.contains("db0") == false)
            await bus.close()
        }
    }

    @Test func theCertificateMustBeTrustedAndForTheHost() async throws {
        let server = try await RedisServer([
            "--port", "0", "--tls-port", "%port", "--bind", "127.0.0.1", "127.0.0.2", "--tls-cert-file",
            "%folder/server.pem", "--tls-key-file",
            "%folder/server.key", "--tls-ca-cert-file", "%folder/ca.pem", "--tls-auth-clients", "no", "--requirepass",
            "hunter2",
        ])
        let certificates = try Certificates(in: server.folder)
        _ = try certificates.make("server", for: "DNS:localhost,IP:127.0.0.1")
        try await server.start()
        func probe(_ host: String, authority: String?) async -> RedisReach {
            await self.probe(server, password: "hunter2", security: .tls(authorityFile: authority), host: host)
        }
        #expect(await probe("127.0.0.1", authority: certificates.authority) == .connected)
        #expect(await probe("localhost", authority: certificates.authority) == .connected)
        expectMisconfigured(await probe("127.0.0.1", authority: nil), "not trusted")
        expectMisconfigured(await probe("127.0.0.2", authority: certificates.authority), "not for this host")
        expectMisconfigured(await probe("127.0.0.1", authority: "/nonexistent/ca.pem"), "authority cannot be read")
        // Without TLS to a port that speaks nothing else.
        let plain = await self.probe(server, password: "hunter2")
        if case .connected = plain { Issue.record("connected without TLS") }

        var settings = server.settings
        settings.password = "hunter2"
        settings.security = .tls(authorityFile: certificates.authority)
        let bus = server.bus(settings)
        #expect(await bus.connect() == .connected)
        let inbox = Inbox()
        try await bus.untilSubscribed(inbox, to: Topic("events"), from: bus)
        bus.publish(ByteBuffer(repeating: 0x61, count: 500_000), to: Topic("events"))
        try await eventually("large") { inbox.payloads.map(\.readableBytes) == [500_000] }
        try await server.stop()
        try await eventually("noticed") { bus.health != .healthy }
        try await server.start()
        try await eventually("healthy again") { bus.health == .healthy }
        await bus.close()
    }

    @Test func tlsToAServerWithoutIsWrong() async throws {
        // It takes the beginning of TLS for an unfinished command, and says nothing.
        try await withServer { server in
            expectMisconfigured(await probe(server, security: .tls(), patience: .seconds(2)), "does not speak TLS")
        }
        try await withServer(["--requirepass", "hunter2"]) { server in
            expectMisconfigured(await probe(server, security: .tls(), patience: .seconds(2)), "does not speak TLS")
        }
    }

    @Test(arguments: [0x4A, 0x24, 0x2A, 0x2B, 0x2D, 0x3A] as [UInt8])
    func aDatabaseThatGreetsInAnotherProtocolIsWrong(_ length: UInt8) async throws {
        // The greeting of MySQL begins with its length, which may be any of the bytes that begin a reply of Redis.
        let greeting: [UInt8] = [length, 0, 0, 0, 10] + Array("8.0.36\0".utf8) + Array(repeating: 1, count: 60)
        let server = try await StrangeServer(.greets(greeting))
        // Two of them are the beginning of a text, which is waited for.
        expectMisconfigured(await probe(server, patience: .seconds(2)), "another protocol")
        await server.close()
    }

    @Test func serversOfOtherProtocolsAreWrong() async throws {
        let page = Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8)
        for habit in [
            StrangeServer.Habit.answers(page), .greets(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)),
            .greets(Array("220 mail.example ESMTP\r\n".utf8)),
            .answers([0x15, 3, 3, 0, 2, 2, 10]), .greets(Array("+OK POP3 ready\r\n".utf8)),
            .answers(Array("-ERR unknown command\r\n-ERR unknown command\r\n-ERR unknown\r\n".utf8)),
        ] {
            let server = try await StrangeServer(habit)
            let reach = await probe(server)
            if case .misconfigured = reach {} else { Issue.record("\(habit): \(reach)") }
            await server.close()
        }
    }

    @Test func whoSaysNothingIsOutOfReach() async throws {
        for (habit, words) in [(StrangeServer.Habit.isSilent, ["no answer within"]), (.closes, ["closed", "reset"])] {
            let server = try await StrangeServer(habit)
            let patience = words == ["no answer within"] ? TimeAmount.milliseconds(300) : .seconds(20)
            for security in [RedisSettings.Security.plain, .tls()] {
                let reach = await probe(server, security: security, patience: patience)
                guard case .outOfReach(let reason) = reach else { throw Unexpected(reach) }
                #expect(words.contains { reason.contains($0) }, "\(reason)")
            }
            await server.close()
        }
    }

    @Test func aHostThatIsNotFoundIsOutOfReach() async throws {
        let settings = RedisSettings(host: "no-such-host.invalid")
        let reach = await bus(settings).probe()
        guard case .outOfReach(let reason) = reach else { throw Unexpected(reach) }
        #expect(reason.contains("not found"))
    }

    @Test func aServerThatCannotNowIsOutOfReach() async throws {
        try await withServer(["--maxclients", "1"]) { server in
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            let channel = try await ClientBootstrap(group: loop).connect(host: "127.0.0.1", port: server.port).get()
            // It says why and hangs up; whether the words or the end arrive first is chance.
            try await eventually("full") {
                if case .outOfReach = await probe(server) { true } else { false }
            }
            try await channel.close()
        }
        try await withServer(["--replicaof", "127.0.0.1 1"]) { server in
            let reach = await probe(server)
            guard case .outOfReach(let reason) = reach else { throw Unexpected(reach) }
            #expect(reason.contains("READONLY"))
        }
    }

    @Test func aMariaDBIsNoRedis() async throws {
        guard
            let text = ProcessInfo.processInfo.environment["CHAT_API_TEST_MYSQL"],
            let parts = URLComponents(string: text), let host = parts.host
        else { return }
        expectMisconfigured(
            await bus(RedisSettings(host: host, port: parts.port ?? 3306, password: "hunter2")).probe(),
            "another protocol")
    }

    @Test func aMisconfiguredBusBeginsNothing() async throws {
        let server = try await StrangeServer(.answers(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)))
        let bus = bus(RedisSettings(host: "127.0.0.1", port: server.port))
        expectMisconfigured(await bus.connect(), "perhaps HTTP")
        #expect(bus.health == .unhealthy("not connected yet"))
        await bus.close()
        await server.close()
    }

    @Test func settingsNeverShowTheirPassword() {
        let settings = RedisSettings(host: "::1", user: "node", password: "hunter2", security: .tls())
        for text in ["\(settings)", String(reflecting: settings), String(describing: settings)] {
            #expect(text == "rediss://[::1]:6379/0")
        }
        var text = ""
        dump(settings, to: &text)
        #expect(!text.contains("hunter2"))
    }

    /// - Parameter patience: long where an answer decides, because the machine may be busy with other tests.
    private func bus(_ settings: RedisSettings, patience: TimeAmount = .seconds(20)) -> RedisBus {
        var timing = RedisServer.timing
        timing.connect = patience
        return RedisBus(
            settings: settings, installation: "inst", nodeId: "a",
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(), timing: timing, logger: .quiet)
    }

    private func probe(
        _ server: StrangeServer, security: RedisSettings.Security = .plain, patience: TimeAmount = .seconds(20)
    ) async -> RedisReach {
        let settings = RedisSettings(host: "127.0.0.1", port: server.port, password: "hunter2", security: security)
        return await bus(settings, patience: patience).probe()
    }
}
