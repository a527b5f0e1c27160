import Domain
import Logging
import Storage
import StorageMySQL
import Synchronization
import Testing

@testable import ChatAPI

/// Processes that come, go, die and come back, on one database.
@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: MySQLCluster.isThere)) struct NodeMembershipTests {
    private struct Process: Sendable {
        let driver: MySQLDriver
        let store: ChatStore

        init(_ name: String, in cluster: MySQLCluster) {
            driver = MySQLDriver(cluster.address, logger: .silent)
            store = ChatStore(
                driver: driver, settings: StoreSettings(nodeId: name), clock: cluster.clock,
                identifiers: IdentifierGenerator(clock: cluster.clock), observer: CommitFeed(), logger: .silent)
        }

        func join(_ logger: Logger = .silent) async throws -> NodeMembership {
            try await NodeMembership.join(store, driver, components: "api", logger: logger)
        }
    }

    /// Counts what is said.
    private final class Counter: LogHandler {
        let said: Shared<Int>
        init(_ said: Shared<Int>) { self.said = said }
        var logLevel: Logger.Level {
            get { .trace }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }
        func log(event: LogEvent) { said.add(1) }
    }

    @Test func aProcessThatDiedIsReplacedAtOnceAndOneThatSignedOffLeavesNothing() async throws {
        try await MySQLCluster.run { cluster in
            let first = Process("n", in: cluster)
            let one = try await first.join()
            cluster.clock.advance(seconds: NodeMembership.settlingSeconds)
            // Killed: its connections are gone, its record is not.
            await first.store.close()
            let second = Process("n", in: cluster)
            let other = try await second.join()
            #expect(other.record.number != one.record.number)
            #expect(try await second.store.read { try $0.nodes() } == [other.record])
            await other.leave()
            #expect(try await second.store.read { try $0.nodes() } == [])
            await second.store.close()
        }
    }

    /// It stood still for so long that another was started in its place.
    @Test func aProcessWhosePlaceIsTakenIsToldSoAndItsSuccessorIsNot() async throws {
        try await MySQLCluster.run { cluster in
            let (first, second) = (Process("n", in: cluster), Process("n", in: cluster))
            let former = try await first.join()
            #expect(await former.renew() == nil)
            cluster.clock.advance(seconds: NodeMembership.leaseSeconds + 1)
            let successor = try await second.join()
            let told = await former.renew()
            #expect(told?.contains("n") == true)
            let untold = await successor.renew()
            #expect(untold == nil)
            #expect(try await second.store.read { try $0.nodes().map(\.number) } == [successor.record.number])
            for process in [first, second] { await process.store.close() }
        }
    }

    /// A process enters its name before its connection can be found under it: what cannot be found is not dead yet.
    @Test func aProcessThatIsJustStartingIsNotTakenForDead() async throws {
        try await MySQLCluster.run { cluster in
            let (starting, second) = (Process("n", in: cluster), Process("n", in: cluster))
            let entered = try await starting.store.write {
                try $0.enrolNode(components: "", seconds: 60, replacing: nil)
            }
            let said = Shared(0)
            let logger = Logger(label: "test") { _ in Counter(said) }
            let joining = Task { try await second.join(logger) }
            #expect(await eventually { said.value > 0 })
            #expect(try await starting.store.read { try $0.nodes() } == [entered])
            // It came to nothing.
            cluster.clock.advance(seconds: NodeMembership.settlingSeconds)
            let joined = try await joining.value
            #expect(try await starting.store.read { try $0.nodes() } == [joined.record])
            for process in [starting, second] { await process.store.close() }
        }
    }

    @Test func aProcessThatStandsStillIsForgottenAndItsLocksAreFreed() async throws {
        try await MySQLCluster.run { cluster in
            let (frozen, alive) = (Process("frozen", in: cluster), Process("alive", in: cluster))
            let (lost, member) = (try await frozen.join(), try await alive.join())
            cluster.clock.advance(seconds: NodeMembership.leaseSeconds + 1)
            try await alive.store.write { try $0.renewNode(member.record, seconds: NodeMembership.leaseSeconds) }
            #expect(try await alive.driver.hasConnection(ofNode: lost.record.number))
            try await member.forgetLapsedNodes()
            #expect(try await alive.store.read { try $0.nodes().map(\.nodeId) } == ["alive"])
            #expect(try await !alive.driver.hasConnection(ofNode: lost.record.number))
            // It wakes up: it is connected, findable and on the list again, under its number.
            try await frozen.store.write { try $0.renewNode(lost.record, seconds: NodeMembership.leaseSeconds) }
            #expect(try await alive.driver.hasConnection(ofNode: lost.record.number))
            #expect(
                Set(try await alive.store.read { try $0.nodes().map(\.number) }) == [
                    lost.record.number, member.record.number,
                ])
            for process in [frozen, alive] { await process.store.close() }
        }
    }
}
