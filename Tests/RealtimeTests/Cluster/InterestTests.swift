import Cluster
import Domain
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Realtime

/// Which conversations this node is told of, while readers come and go on all loops at once.
@Suite(.serialized, .timeLimit(.minutes(2))) struct InterestTests {
    /// Keeps what is subscribed.
    private final class SubscriptionBook: MessageBus {
        private let kept = Mutex<(topics: Set<String>, calls: Int)>(([], 0))

        var topics: Set<String> { kept.withLock { $0.topics } }
        var calls: Int { kept.withLock { $0.calls } }

        func publish(_ payload: ByteBuffer, to topic: Topic) {}

        func subscribe(to topic: Topic, _ handler: @escaping @Sendable (ByteBuffer) -> Void) {
            kept.withLock {
                $0.topics.insert(topic.name)
                $0.calls += 1
            }
        }

        func unsubscribe(from topic: Topic) {
            kept.withLock {
                $0.topics.remove(topic.name)
                $0.calls += 1
            }
        }

        var health: BusHealth { .healthy }
        func observeHealth(_ observer: @escaping @Sendable (BusHealth) -> Void) {}
        func close() async {}
    }

    @Test func theBusIsJoinedByTheFirstLoopAndLeftByTheLast() {
        let book = SubscriptionBook()
        let interest = Interest(link: ClusterLink(bus: book, nodeId: "a", logger: .quiet))
        interest.add(0, to: Identifier(7))
        interest.add(63, to: Identifier(7))
        interest.add(1, to: Identifier(8))
        #expect(book.topics == ["c.7", "c.8"] && book.calls == 2)
        #expect(interest.loops(of: [Identifier(7), Identifier(8), Identifier(9)]).readers == [1 | 1 << 63, 2, 0])
        interest.remove(0, from: Identifier(7))
        #expect(book.topics == ["c.7", "c.8"])
        interest.remove(63, from: Identifier(7))
        interest.remove(1, from: Identifier(8))
        #expect(book.topics == [] && book.calls == 4)
        #expect(interest.loops(of: [Identifier(7)]).readers == [0])
    }

    @Test(arguments: 0..<10)
    func racesOfLoopsEndInTheRightSubscriptions(seed: UInt64) async {
        let book = SubscriptionBook()
        let interest = Interest(link: ClusterLink(bus: book, nodeId: "a", logger: .quiet))
        let left = await withTaskGroup(of: (loop: Int, reads: Set<Int64>).self) { group in
            for loop in 0..<6 {
                group.addTask {
                    var random = SeededGenerator(seed: seed &* 100 &+ UInt64(loop))
                    // A loop is one thread: it knows what it reads, and tells only changes.
                    var reads: Set<Int64> = []
                    for _ in 0..<4_000 {
                        let conversation = Int64.random(in: 1...4, using: &random)
                        if reads.remove(conversation) != nil {
                            interest.remove(loop, from: Identifier(conversation))
                        } else {
                            reads.insert(conversation)
                            interest.add(loop, to: Identifier(conversation))
                        }
                    }
                    return (loop, reads)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let wanted = left.reduce(into: Set<Int64>()) { $0.formUnion($1.reads) }
        #expect(book.topics == Set(wanted.map { "c.\($0)" }))
        for conversation: Int64 in 1...4 {
            let bits = left.reduce(UInt64(0)) { $1.reads.contains(conversation) ? $0 | 1 << UInt64($1.loop) : $0 }
            #expect(interest.loops(of: [Identifier(conversation)]).readers == [bits])
        }
    }

    /// Readers of one conversation that come and go on every loop; the last ones still hear the other node.
    @Test func readersThatComeAndGoLeaveTheLastOnesHearing() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let last = try await withThrowingTaskGroup(of: Reader.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<15 {
                        let passing = try await fixture.nodes[1].read(id, by: visitor)
                        try await passing.reaches(1)
                        passing.stop()
                    }
                    return try await fixture.nodes[1].read(id, by: visitor)
                }
            }
            return try await group.reduce(into: [Reader]()) { $0.append($1) }
        }
        for reader in last { try await reader.reaches(1) }
        fixture.nodes[0].hub.typing(in: id, by: fixture.staff().actor)
        for reader in last { try await reader.wait("the other node's word") { $0.types.contains("typing") } }
        for reader in last { reader.stop() }
        try await eventually("nobody reads any more") {
            fixture.nodes[1].hub.fanout.interest.loops(of: [id]).readers == [0]
        }
    }
}
