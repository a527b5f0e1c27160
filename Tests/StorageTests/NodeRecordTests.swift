import Domain
import Testing

@testable import Storage

@Suite(.databases) struct NodeRecordTests {
    private func nodes(_ database: TestDatabase) async throws -> (StoreFixture, StoreFixture) {
        let first = try await StoreFixture(on: database)
        return (first, StoreFixture(besides: first, on: first.driver, number: 1))
    }

    private func enrol(_ node: StoreFixture, replacing former: NodeRecord? = nil) async throws -> NodeRecord {
        try await node.store.write { try $0.enrolNode(components: "api", seconds: 10, replacing: former) }
    }

    @Test(arguments: TestDatabase.all)
    func everyNodeHasANumberOfItsOwnAndAName(on database: TestDatabase) async throws {
        let (first, second) = try await nodes(database)
        let (one, other) = (try await enrol(first), try await enrol(second))
        #expect(one.number != other.number)
        #expect(try await first.store.read { try $0.nodes() } == [one, other].sorted { $0.number < $1.number })
        await #expect(throws: Refusal.self) { try await enrol(first) }
        #expect(try await first.store.read { try $0.nodes().count } == 2)
        try await first.store.write { try $0.retireNode(one) }
        #expect(try await first.store.read { try $0.nodes() } == [other])
        #expect(try await enrol(first).number != other.number)
    }

    /// A node that was taken for dead and wakes up makes no keys of another that came since.
    @Test func aNumberIsGivenOutAgainOnlyAfterAllOthers() async throws {
        let node = try await StoreFixture(on: .sqlite)
        let keeper = StoreFixture(besides: node, on: node.driver, number: 1)
        let kept = try await enrol(keeper).number
        let numbers = try await node.store.write { transaction in
            try (0..<2_000).map { _ in
                let record = try transaction.enrolNode(components: "", seconds: 10, replacing: nil)
                try transaction.retireNode(record)
                return record.number
            }
        }
        #expect(numbers.allSatisfy { (0..<1024).contains($0) && $0 != kept })
        for start in stride(from: 0, to: 900, by: 123) {
            #expect(Set(numbers[start..<start + 1023]).count == 1023)
        }
    }

    @Test func the1025thNodeIsRefusedAndTheFirstFreeNumberIsFound() async throws {
        let node = try await StoreFixture(on: .sqlite)
        try await node.driver.commit { connection in
            for number in 0..<1024 {
                try connection.run(
                    "INSERT INTO nodes (number, node_id, components, started_at, lease_until) VALUES (?, ?, '', 1, 2)",
                    [.integer(Int64(number)), .text("other-\(number)")])
            }
        }
        await #expect(throws: Refusal.self) { try await enrol(node) }
        try await node.driver.commit { try $0.run("DELETE FROM nodes WHERE number = 700", []) }
        #expect(try await enrol(node).number == 700)
    }

    @Test(arguments: TestDatabase.all)
    func aFormerLifeIsReplacedUnlessItShowsASignOfLife(on database: TestDatabase) async throws {
        let (node, other) = try await nodes(database)
        let former = try await enrol(node)
        #expect(try await other.store.read { try $0.lapsedNodes() } == [])
        node.clock.advance(seconds: 11)
        #expect(try await other.store.read { try $0.lapsedNodes() } == [former])
        // It was only slow, and says so after the look.
        try await node.store.write { try $0.renewNode(former, seconds: 10) }
        #expect(try await !other.store.write { try $0.forgetNode(former) })
        await #expect(throws: Refusal.self) { try await enrol(node, replacing: former) }
        // Over for good.
        let renewed = try #require(try await node.store.read { try $0.nodes().first })
        let next = try await enrol(node, replacing: renewed)
        #expect(next.number != former.number)
        #expect(try await node.store.read { try $0.nodes() } == [next])
        // What is left of the former life changes nothing of the new one's record.
        await #expect(throws: Refusal.self) { try await node.store.write { try $0.renewNode(former, seconds: 10) } }
        try await node.store.write { try $0.retireNode(former) }
        #expect(try await node.store.read { try $0.nodes() } == [next])
    }

    @Test(arguments: TestDatabase.all)
    func aNodeThatWasForgottenAndWakesUpIsOnTheListAgain(on database: TestDatabase) async throws {
        let (node, other) = try await nodes(database)
        let record = try await enrol(node)
        node.clock.advance(seconds: 11)
        #expect(try await other.store.write { try $0.forgetNode(record) })
        #expect(try await other.store.read { try $0.nodes() } == [])
        try await node.store.write { try $0.renewNode(record, seconds: 10) }
        let again = try #require(try await other.store.read { try $0.nodes().first })
        #expect(again.number == record.number && again.startedAt == record.startedAt)
        #expect(again.leaseUntil == node.clock.now().adding(seconds: 10))
    }

    @Test(.enabled(if: MySQLTestServer.isThere)) func nodesThatComeAtOnceGetDifferentNumbersAndANameOnce() async throws
    {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let first = try await StoreFixture(on: scope.driver(on: address))
        // Three names, each claimed by two processes.
        let processes = (0..<6).map { StoreFixture(besides: first, on: scope.driver(on: address), number: $0 / 2 + 1) }
        let records = await withTaskGroup(of: NodeRecord?.self) { group in
            for process in processes {
                group.addTask {
                    for _ in 0..<10 {
                        do {
                            return try await enrol(process)
                        } catch {
                            // A number that another took at the same moment; a name stays taken.
                            continue
                        }
                    }
                    return nil
                }
            }
            return await group.reduce(into: [NodeRecord]()) { if let record = $1 { $0.append(record) } }
        }
        #expect(Set(records.map(\.nodeId)) == ["node-1", "node-2", "node-3"] && records.count == 3)
        #expect(Set(records.map(\.number)).count == 3)
        #expect(Set(try await first.store.read { try $0.nodes().map(\.number) }) == Set(records.map(\.number)))
    }
}
