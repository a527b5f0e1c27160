import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Cluster

/// How a node behaves to a Redis that is ill, to the millisecond: time is moved by the test.
@Suite struct RedisNodeTests {
    private let redis = FakeRedis()

    private func bus(password: String? = nil) -> RedisBus {
        RedisBus(
            settings: RedisSettings(host: "fake", password: password), installation: "inst", nodeId: "a",
            eventLoop: redis.loop, logger: .quiet)
    }

    private func connected() -> RedisBus {
        let bus = bus()
        bus.start(dialer: redis.dialer)
        redis.settle()
        return bus
    }

    private var subscriber: FakeRedis.Client? { redis.open.first { !$0.channels.isEmpty } }
    private var commands: FakeRedis.Client? { redis.open.first { $0.channels.isEmpty } }

    @Test func itIsHealthyAsSoonAsItHearsItself() {
        let bus = connected()
        #expect(bus.health == .healthy)
        #expect(redis.open.count == 2)
        #expect(commands?.commands.prefix(2) == [["CLIENT", "SETNAME", "chat-api"], ["PING"]])
    }

    @Test func itStaysHealthyAndKeepsItsConnections() {
        let bus = connected()
        let log = HealthLog(bus)
        redis.advance(by: .minutes(2))
        #expect(log.all == [.healthy])
        #expect(redis.dials == 2)
    }

    @Test func aFrozenServerIsNoticedWithinThreeBeats() {
        let bus = connected()
        redis.advance(by: .seconds(1))
        redis.isFrozen = true
        redis.advance(by: .milliseconds(490))
        #expect(bus.health == .healthy)
        redis.advance(by: .milliseconds(270))
        #expect(bus.health == .unhealthy("two beats in a row were not heard"))
        redis.isFrozen = false
        redis.advance(by: .milliseconds(255))
        #expect(bus.health == .healthy)
        #expect(redis.dials == 2)
    }

    @Test func aConnectionThatDoesNotAnswerIsGivenUpAndMadeAnew() {
        let bus = connected()
        redis.isFrozen = true
        redis.advance(by: .seconds(30))
        #expect(bus.health.reason?.contains("no answer") == true)
        // Two links, each at most one attempt per 2 s deadline and 1 s pause, after the first 5 s.
        #expect(redis.dials > 10 && redis.dials < 40)
        #expect(redis.open.count <= 2)
        redis.isFrozen = false
        redis.advance(by: .seconds(3))
        #expect(bus.health == .healthy)
    }

    @Test func whatIsPublishedToAFrozenServerIsBounded() {
        let bus = connected()
        redis.isFrozen = true
        let block = ByteBuffer(repeating: 0x61, count: 256 * 1024)
        for _ in 0..<1000 { bus.publish(block, to: Topic("events")) }
        #expect(bus.figures.published <= 34)
        #expect(bus.figures.dropped >= 966)
        for _ in 0..<200_000 { bus.publish("x", to: Topic("events")) }
        redis.advance(by: .milliseconds(250))
        #expect(bus.health == .unhealthy("more is published than Redis takes"))
        redis.isFrozen = false
        redis.advance(by: .milliseconds(300))
        #expect(bus.health == .healthy)
        let inbox = Inbox()
        inbox.listen(to: Topic("events"), on: bus)
        redis.settle()
        bus.publish("after", to: Topic("events"))
        redis.settle()
        #expect(inbox.texts == ["after"])
    }

    @Test func manySmallPayloadsAreBoundedByTheirNumber() {
        let bus = connected()
        redis.isFrozen = true
        for _ in 0..<200_000 { bus.publish("x", to: Topic("e")) }
        #expect(bus.figures.published == 65_536)
    }

    @Test func aPayloadThatIsTooLargeIsDroppedAndSaidSo() {
        let bus = connected()
        bus.publish(ByteBuffer(repeating: 0x61, count: 1024 * 1024 + 1), to: Topic("events"))
        #expect(bus.figures == (published: 0, dropped: 1))
        redis.advance(by: .milliseconds(250))
        #expect(bus.health == .healthy)
    }

    @Test func aLostConnectionIsUnhealthyAtOnceAndHealthyAfterABeat() {
        for isSubscriber in [true, false] {
            let bus = connected()
            let log = HealthLog(bus)
            redis.settle()
            redis.cut([isSubscriber ? subscriber : commands].compactMap { $0 })
            redis.settle()
            #expect(bus.health == .unhealthy("the connection was closed"))
            redis.advance(by: .milliseconds(60))
            #expect(bus.health == .healthy)
            #expect(log.all == [.healthy, .unhealthy("the connection was closed"), .healthy])
            _ = bus
            redis.cut(redis.open)
        }
    }

    @Test func afterALossAllIsSubscribedAgainAndTheBeatLast() {
        let bus = connected()
        let inbox = Inbox()
        for index in 0..<2000 { inbox.listen(to: Topic("c.\(index)"), on: bus) }
        for index in 0..<500 { bus.unsubscribe(from: Topic("c.\(index)")) }
        redis.settle()
        redis.cut(redis.open)
        redis.advance(by: .milliseconds(100))
        #expect(bus.health == .healthy)
        #expect(subscriber?.channels.count == 1501)
        #expect(subscriber?.channels.last?.hasPrefix("inst:beat.a.") == true)
        #expect(subscriber?.commands.filter { $0[0] == "SUBSCRIBE" }.count == 4)
        for index in 0..<2000 { bus.publish("\(index)", to: Topic("c.\(index)")) }
        redis.settle()
        #expect(inbox.texts == (500..<2000).map { "\($0)" })
    }

    @Test func whatIsPublishedWhileDisconnectedIsLost() {
        let bus = connected()
        let inbox = Inbox()
        inbox.listen(to: Topic("events"), on: bus)
        redis.settle()
        redis.isDown = true
        redis.cut(redis.open)
        redis.advance(by: .seconds(1))
        for _ in 0..<1000 { bus.publish("lost", to: Topic("events")) }
        redis.isDown = false
        redis.advance(by: .seconds(3))
        bus.publish("found", to: Topic("events"))
        redis.settle()
        #expect(inbox.texts == ["found"])
        #expect(bus.figures.dropped == 1000)
    }

    @Test func aServerThatIsAwayIsTriedForEverWithPauses() {
        redis.isDown = true
        let bus = bus()
        bus.start(dialer: redis.dialer)
        redis.advance(by: .minutes(2))
        // Two links; at the most a try each second, at the least each two, after the first.
        #expect((110...260).contains(redis.dials))
        #expect(bus.health.reason?.contains("refused") == true)
        redis.isDown = false
        redis.advance(by: .milliseconds(2300))
        #expect(bus.health == .healthy)
    }

    @Test func aServerThatAcceptsAndThrowsOutIsNotTriedInATightLoop() {
        redis.answers["PING"] = "-ERR max number of clients reached\r\n"
        let bus = bus()
        bus.start(dialer: redis.dialer)
        redis.advance(by: .seconds(20))
        #expect(redis.dials < 60)
        #expect(bus.health == .unhealthy("the server answers ERR max number of clients reached"))
    }

    @Test func aWrongPasswordIsToldWithoutItAndTriedOn() {
        redis.answers["AUTH"] = "-ERR unknown command 'AUTH', with args beginning with: 'hunter2'\r\n"
        let bus = bus(password: "hunter2")
        bus.start(dialer: redis.dialer)
        redis.settle()
        #expect(bus.health.reason == "the server refuses the user name or the password (ERR)")
        redis.answers = [:]
        redis.advance(by: .seconds(3))
        #expect(bus.health == .healthy)
        #expect(commands?.commands.first == ["AUTH", "hunter2"])
    }

    @Test func aServerWithoutMemoryIsUnhealthyButCarriesPayloads() {
        let bus = connected()
        let inbox = Inbox()
        inbox.listen(to: Topic("events"), on: bus)
        redis.settle()
        redis.answers["SET"] = "-OOM command not allowed when used memory > 'maxmemory'.\r\n"
        redis.advance(by: .milliseconds(250))
        #expect(bus.health.reason?.contains("OOM") == true)
        bus.publish("hello", to: Topic("events"))
        redis.settle()
        #expect(inbox.texts == ["hello"])
        redis.answers = [:]
        redis.advance(by: .milliseconds(250))
        #expect(bus.health == .healthy)
    }

    @Test func aServerThatRefusesPayloadsIsUnhealthy() {
        let bus = connected()
        redis.answers["PUBLISH"] = "-NOPERM no access to the channel\r\n"
        bus.publish("hello", to: Topic("events"))
        redis.settle()
        #expect(bus.health.reason == "the server refuses PUBLISH: NOPERM no access to the channel")
        redis.answers = [:]
        redis.advance(by: .milliseconds(250))
        #expect(bus.health == .healthy)
    }

    @Test func whatNobodyAskedEndsTheConnection() {
        let bus = connected()
        redis.say(":1\r\n", to: redis.open[0])
        redis.settle()
        #expect(bus.health == .unhealthy("the server answered what nobody asked"))
        redis.advance(by: .milliseconds(100))
        #expect(bus.health == .healthy)
        if let client = redis.open.first { redis.say("garbage\r\n", to: client) }
        redis.settle()
        #expect(bus.health == .unhealthy("the server speaks another protocol than Redis's"))
    }

    @Test func oddPushesAreIgnored() {
        let bus = connected()
        for push in ["*3\r\n$7\r\nmessage\r\n:1\r\n:2\r\n", "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\ny\r\n"] {
            if let subscriber { redis.say(push, to: subscriber) }
        }
        redis.advance(by: .seconds(1))
        #expect(bus.health == .healthy)
        #expect(redis.dials == 2)
    }

    @Test func answersThatComeTooLateAreGivenUp() {
        let bus = connected()
        let results = Mutex<[Result<[RESPValue], RedisFault>]>([])
        redis.isFrozen = true
        bus.send([RedisCommand("GET", "a"), RedisCommand("GET", "b")], within: .milliseconds(50)) { result in
            results.withLock { $0.append(result) }
        }
        redis.advance(by: .milliseconds(45))
        #expect(results.withLock { $0.count } == 0)
        redis.advance(by: .milliseconds(10))
        #expect(results.withLock { $0 } == [.failure(.late)])
        redis.isFrozen = false
        redis.advance(by: .milliseconds(300))
        #expect(results.withLock { $0.count } == 1)
        // The answers that came late were taken off the line: the next is answered by its own.
        bus.send([RedisCommand("PING")], within: .milliseconds(50)) { result in results.withLock { $0.append(result) } }
        redis.settle()
        #expect(results.withLock { $0.last } == .success([.status(ByteBuffer(string: "PONG"))]))
    }

    @Test func whoWaitsIsToldWhenTheConnectionEnds() {
        let bus = connected()
        let results = Mutex<[Result<[RESPValue], RedisFault>]>([])
        func ask() {
            bus.send([RedisCommand("GET", "a")], within: .seconds(60)) { result in
                results.withLock { $0.append(result) }
            }
            redis.loop.run()
        }
        redis.isFrozen = true
        ask()
        redis.cut(redis.open)
        redis.settle()
        #expect(results.withLock { $0 } == [.failure(.outOfReach("the connection was closed"))])
        ask()
        #expect(results.withLock { $0.last } == .failure(.outOfReach("not connected")))
    }

    @Test func aClosedBusEndsItsConnectionsAndTriesNoMore() {
        let bus = connected()
        let isClosed = Mutex(false)
        bus.ended().whenComplete { _ in isClosed.withLock { $0 = true } }
        redis.settle()
        #expect(isClosed.withLock { $0 })
        #expect(redis.open.isEmpty)
        redis.advance(by: .minutes(1))
        #expect(redis.dials == 2)
        #expect(bus.health == .unhealthy("closed"))
    }
}
