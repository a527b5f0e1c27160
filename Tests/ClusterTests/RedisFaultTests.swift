import Domain
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Cluster

/// A real Redis that is killed, frozen, restarted empty or without memory.
@Suite(.enabled(if: RedisServer.isThere, RedisServer.comment), .serialized)
struct RedisFaultTests {
    /// What this node publishes comes back to it.
    private func untilHeard(_ bus: RedisBus, _ inbox: Inbox) async throws {
        inbox.clear()
        try await eventually("heard again") {
            bus.publish("hello", to: Topic("events"))
            return inbox.texts.contains("hello")
        }
    }

    @Test func aServerThatIsKilledAndStartedAnewIsJoinedAgain() async throws {
        try await withRedis(timing: RedisServer.impatient) { server, bus in
            let inbox = Inbox()
            for index in 0..<1000 { inbox.listen(to: Topic("c.\(index)"), on: bus) }
            inbox.listen(to: Topic("events"), on: bus)
            try await untilHeard(bus, inbox)
            for _ in 0..<3 {
                server.kill()
                try await eventually("noticed") { bus.health != .healthy }
                try await server.stop()
                for _ in 0..<1000 { bus.publish("lost", to: Topic("events")) }
                try await server.start()
                try await eventually("healthy again") { bus.health == .healthy }
                // Healthy means that everything is subscribed: the first payload arrives.
                inbox.clear()
                bus.publish("first", to: Topic("c.999"))
                try await eventually("first") { inbox.texts == ["first"] }
            }
        }
    }

    @Test func aServerThatIsFrozenIsNoticedByItsBehaviour() async throws {
        try await withRedis(timing: RedisServer.impatient) { server, bus in
            let inbox = Inbox()
            inbox.listen(to: Topic("events"), on: bus)
            try await untilHeard(bus, inbox)
            server.kill(SIGSTOP)
            try await eventually("noticed") { bus.health != .healthy }
            // Far more than is ever kept, over several connections.
            let block = ByteBuffer(repeating: 0x61, count: 64 * 1024)
            let before = try residentBytes()
            for _ in 0..<20 {
                for _ in 0..<500 { bus.publish(block, to: Topic("events")) }
                try await eventually("given up and tried anew") { bus.health.reason != nil }
            }
            #expect(try residentBytes() - before < 64 * 1024 * 1024)
            #expect(bus.figures.dropped > 9000)
            try await eventually("given up") { bus.health.reason?.contains("no answer") == true }
            server.kill(SIGCONT)
            try await eventually("healthy again") { bus.health == .healthy }
            try await untilHeard(bus, inbox)
        }
    }

    @Test func aServerThatIsFrozenAtTheStartIsOutOfReachAndJoinedLater() async throws {
        let server = try await RedisServer()
        try await server.start()
        server.kill(SIGSTOP)
        var timing = RedisServer.timing
        timing.connect = .milliseconds(300)
        let bus = server.bus(timing: timing)
        #expect(await bus.connect() == .outOfReach("no answer within 0.3 s"))
        server.kill(SIGCONT)
        try await eventually("joined") { bus.health == .healthy }
        await bus.close()
    }

    @Test func aServerThatIsNotThereAtTheStartIsJoinedLater() async throws {
        let server = try await RedisServer()
        let bus = server.bus()
        let reach = await bus.connect()
        guard case .outOfReach(let reason) = reach else { throw Unexpected(reach) }
        #expect(reason.contains("refused"))
        try await server.start()
        try await eventually("joined") { bus.health == .healthy }
        await bus.close()
    }

    @Test func aServerWithoutMemoryIsUnhealthyAndCarriesPayloads() async throws {
        try await withRedis { server, bus in
            let inbox = Inbox()
            inbox.listen(to: Topic("events"), on: bus)
            try await untilHeard(bus, inbox)
            let counters = RedisCounters(bus: bus, deadline: .seconds(60))
            let directory = RedisSessionDirectory(bus: bus, nodeId: "a", clock: SystemClock())
            directory.start()
            func limit(_ memory: String) async throws {
                let answer = await bus.ask(
                    [RedisCommand("CONFIG", "SET", "maxmemory", .text(memory))], within: .seconds(60))
                #expect(answer == .success([.status(ByteBuffer(string: "OK"))]))
            }
            try await limit("1mb")
            try await eventually("noticed") { bus.health.reason?.contains("OOM") == true }
            #expect(await counters.add([CounterAddition(key: "a", amount: 1, lifetime: 1000)]) == [nil])
            #expect(await directory.session(Identifier(1)) == .unknown)
            #expect(await directory.nodes(holding: Identifier(1)) == nil)
            // Without memory Redis still carries payloads.
            try await untilHeard(bus, inbox)
            #expect(bus.health != .healthy)
            let fresh = server.bus()
            let reach = await fresh.connect()
            guard case .outOfReach(let reason) = reach else { throw Unexpected(reach) }
            #expect(reason.contains("OOM"))
            try await limit("0")
            try await eventually("healthy again") { bus.health == .healthy && fresh.health == .healthy }
            let totals = await counters.add([CounterAddition(key: "a", amount: 1, lifetime: 60_000)])
            #expect(totals == [CounterTotals(total: 1)])
            await directory.close()
            await fresh.close()
        }
    }

    @Test func connectionsThatTheServerCutsAreMadeAnew() async throws {
        try await withRedis { server, bus in
            let inbox = Inbox()
            inbox.listen(to: Topic("events"), on: bus)
            try await untilHeard(bus, inbox)
            let admin = server.bus(installation: "admin")
            #expect(await admin.connect() == .connected)
            for type in ["pubsub", "normal"] {
                let log = HealthLog(bus)
                _ = await admin.ask(
                    [RedisCommand("CLIENT", "KILL", "TYPE", .text(type), "SKIPME", "yes")], within: .seconds(60))
                try await eventually("noticed") { log.all.contains { $0 != .healthy } }
                try await eventually("healthy again") { bus.health == .healthy && admin.health == .healthy }
                try await untilHeard(bus, inbox)
            }
            await admin.close()
        }
    }

    @Test func countersAndDirectoryAreUnknownWhileTheServerIsAway() async throws {
        try await withRedis { server, bus in
            let directory = RedisSessionDirectory(
                bus: bus, nodeId: "a", clock: SystemClock(), renewal: .milliseconds(100), deadline: .seconds(60))
            directory.start()
            let session = KnownSession(
                id: Identifier(1), contactId: Identifier(2), conversationId: Identifier(3), workspaceId: Identifier(4),
                state: ByteBuffer(string: "s"), expiresAt: SystemClock().now().adding(seconds: 600))
            directory.put(session)
            directory.enter(session.id)
            try await eventually("put") { await directory.session(session.id) == .found(session) }
            server.kill()
            try await server.stop()
            try await eventually("noticed") { bus.health != .healthy }
            #expect(await directory.session(session.id) == .unknown)
            #expect(await directory.sessions(of: session.contactId) == nil)
            #expect(await directory.nodes(holding: session.id) == nil)
            let counters = RedisCounters(bus: bus, deadline: .seconds(60))
            #expect(await counters.add([CounterAddition(key: "a", amount: 1, lifetime: 1000)]) == [nil])
            // Removed meanwhile, and known here at once.
            directory.remove(session.id, of: session.contactId)
            #expect(await directory.session(session.id) == .removed)
            try await server.start()
            // Restarted empty: the claim and the removal come back by themselves.
            let other = server.bus()
            #expect(await other.connect() == .connected)
            let second = RedisSessionDirectory(bus: other, nodeId: "b", clock: SystemClock(), deadline: .seconds(60))
            try await eventually("claimed again") { await second.nodes(holding: session.id) == ["a"] }
            try await eventually("removed") { await second.session(session.id) == .removed }
            await directory.close()
            await other.close()
        }
    }

    @Test func whatANodeHeldEndsWithItsLife() async throws {
        try await withRedis { _, bus in
            let clock = ManualClock(SystemClock().now())
            let dead = RedisSessionDirectory(
                bus: bus, nodeId: "dead", clock: clock, renewal: .hours(1), deadline: .seconds(60))
            let living = RedisSessionDirectory(
                bus: bus, nodeId: "living", clock: clock, renewal: .hours(1), deadline: .seconds(60))
            for directory in [dead, living] { directory.enter(Identifier(1)) }
            try await eventually("both") { await living.nodes(holding: Identifier(1)) == ["dead", "living"] }
            clock.advance(seconds: 14)
            living.tick()
            #expect(await living.nodes(holding: Identifier(1)) == ["dead", "living"])
            clock.advance(seconds: 2)
            #expect(await living.nodes(holding: Identifier(1)) == ["living"])
        }
    }

    @Test func everyKeyHasAnEnd() async throws {
        try await withRedis { _, bus in
            let directory = RedisSessionDirectory(bus: bus, nodeId: "a", clock: SystemClock(), deadline: .seconds(60))
            directory.start()
            for id in 1...3 {
                directory.put(
                    KnownSession(
                        id: Identifier(Int64(id)), contactId: Identifier(2), conversationId: Identifier(3),
                        workspaceId: Identifier(4), state: ByteBuffer(),
                        expiresAt: SystemClock().now().adding(seconds: 600)))
                directory.enter(Identifier(Int64(id)))
            }
            directory.remove(Identifier(3), of: Identifier(2))
            _ = await RedisCounters(bus: bus, deadline: .seconds(60)).add([
                CounterAddition(key: "a", amount: 1, lifetime: 60_000)
            ])
            let answer = await bus.ask([RedisCommand("KEYS", "*")], within: .seconds(60))
            let keys = try answer.get().first?.elements?.compactMap(\.text) ?? []
            #expect(keys.count >= 9)
            for key in keys {
                #expect(key.hasPrefix("inst:"))
                let life =
                    try await bus.ask([RedisCommand("PTTL", .text(key))], within: .seconds(60)).get().first?.number
                    ?? -3
                #expect(life > 0 || life == -2, "\(key)")
            }
        }
    }

    @Test func installationsOnOneRedisDoNotMix() async throws {
        try await withRedis { server, bus in
            let other = server.bus(installation: "inst:2")
            #expect(await other.connect() == .connected)
            let (mine, theirs) = (Inbox(), Inbox())
            try await bus.untilSubscribed(mine, to: Topic("2:events"), from: bus)
            try await other.untilSubscribed(theirs, to: Topic("events"), from: other)
            bus.publish("mine", to: Topic("2:events"))
            bus.publish("nobody's", to: Topic("events"))
            other.publish("theirs", to: Topic("events"))
            try await eventually("mine") { mine.texts == ["mine"] }
            try await eventually("theirs") { theirs.texts == ["theirs"] }
            await other.close()
        }
    }

    private func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
    }
}

/// What a test did not expect.
struct Unexpected<Value: Sendable>: Error, CustomStringConvertible {
    let value: Value

    init(_ value: Value) { self.value = value }

    var description: String { "unexpected: \(value)" }
}
