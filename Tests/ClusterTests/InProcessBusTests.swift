import Cluster
import NIOCore
import NIOPosix
import Testing

@Suite struct InProcessBusTests {
    private var loop: any EventLoop { MultiThreadedEventLoopGroup.singleton.next() }

    @Test func aNodeThatIsAloneHearsItselfAndIsDisabled() async throws {
        let bus = InProcessBus(eventLoop: loop)
        let inbox = Inbox()
        inbox.listen(to: Topic("events"), on: bus)
        bus.publish("mine", to: Topic("events"))
        try await eventually("mine") { inbox.texts == ["mine"] }
        #expect(bus.health == .disabled)
        await bus.close()
    }

    @Test func busesOfDifferentExchangesDoNotMeet() async throws {
        let (one, other) = (
            InProcessBus(eventLoop: loop, exchange: .init()), InProcessBus(eventLoop: loop, exchange: .init())
        )
        let inbox = Inbox()
        inbox.listen(to: Topic("events"), on: other)
        one.publish("not for you", to: Topic("events"))
        other.publish("for you", to: Topic("events"))
        try await eventually("for you") { inbox.texts == ["for you"] }
    }

    @Test func aNodeThatIsCutOffLosesWhatIsSentUntilItIsBack() async throws {
        let exchange = InProcessBus.Exchange()
        let (one, other) = (
            InProcessBus(eventLoop: loop, exchange: exchange), InProcessBus(eventLoop: loop, exchange: exchange)
        )
        let (log, inbox, own) = (HealthLog(other), Inbox(), Inbox())
        inbox.listen(to: Topic("events"), on: other)
        own.listen(to: Topic("events"), on: one)
        other.cutOff("no route")
        one.publish("lost", to: Topic("events"))
        other.publish("lost too", to: Topic("events"))
        #expect(other.health == .unhealthy("no route"))
        #expect(one.health == .healthy)
        other.rejoin()
        one.publish("found", to: Topic("events"))
        try await eventually("found") { inbox.texts == ["found"] && own.texts == ["lost", "found"] }
        try await eventually("healths") { log.all == [.healthy, .unhealthy("no route"), .healthy] }
    }

    @Test func whatALoopDoesNotTakeIsBounded() async throws {
        let loop = loop
        let bus = InProcessBus(eventLoop: loop)
        let inbox = Inbox()
        inbox.listen(to: Topic("events"), on: bus)
        let block = ByteBuffer(repeating: 0x61, count: 1024 * 1024)
        // From the loop itself, which cannot take anything meanwhile.
        try await loop.submit { for _ in 0..<100 { bus.publish(block, to: Topic("events")) } }.get()
        try await eventually("what fitted") { inbox.count == 64 }
        #expect(bus.lost == 36)
        await bus.close()
    }
}
