import Domain
import Testing

@testable import Storage

@Suite(.databases) struct LeaseTests {
    /// Two nodes on one database.
    private func nodes(_ database: TestDatabase) async throws -> (StoreFixture, StoreFixture) {
        let first = try await StoreFixture(on: database)
        return (first, StoreFixture(besides: first, on: first.driver, number: 1))
    }

    @Test(arguments: TestDatabase.all)
    func oneNodeHoldsALeaseUntilItRunsOut(on database: TestDatabase) async throws {
        let (first, second) = try await nodes(database)
        #expect(try await first.store.write { try $0.takeLease(.sweeps, seconds: 5) } == 1)
        #expect(try await second.store.write { try $0.takeLease(.sweeps, seconds: 5) } == nil)
        // Another piece of work is another lease.
        #expect(try await second.store.write { try $0.takeLease(.sequencer, seconds: 5) } == 1)
        // Renewed, it is the same.
        first.clock.advance(milliseconds: 4_999)
        #expect(try await first.store.write { try $0.takeLease(.sweeps, seconds: 5) } == 1)
        first.clock.advance(milliseconds: 4_999)
        #expect(try await second.store.write { try $0.takeLease(.sweeps, seconds: 5) } == nil)
        first.clock.advance(milliseconds: 1)
        #expect(try await second.store.write { try $0.takeLease(.sweeps, seconds: 5) } == 2)
        #expect(try await first.store.write { try $0.takeLease(.sweeps, seconds: 5) } == nil)
        // Its own lease that ran out is taken anew: whoever held it in between is fenced off, and so is its former self.
        first.clock.advance(seconds: 6)
        #expect(try await second.store.write { try $0.takeLease(.sweeps, seconds: 5) } == 3)
    }

    @Test(arguments: TestDatabase.all)
    func aLeaseThatIsGivenBackIsFreeAtOnce(on database: TestDatabase) async throws {
        let (first, second) = try await nodes(database)
        #expect(try await first.store.write { try $0.takeLease(.sweeps, seconds: 60) } == 1)
        // Not by who does not hold it.
        try await second.store.write { try $0.releaseLease(.sweeps) }
        #expect(try await second.store.write { try $0.takeLease(.sweeps, seconds: 60) } == nil)
        try await first.store.write { try $0.releaseLease(.sweeps) }
        #expect(try await second.store.write { try $0.takeLease(.sweeps, seconds: 60) } == 2)
    }

    @Test(arguments: TestDatabase.all)
    func whoHeldALeaseKnowsThatItIsGone(on database: TestDatabase) async throws {
        let (first, second) = try await nodes(database)
        let held = try #require(try await first.store.write { try $0.takeLease(.sequencer, seconds: 5) })
        #expect(try await first.store.write { try $0.holds(.sequencer, generation: held) })
        #expect(try await !first.store.write { try $0.holds(.sequencer, generation: held + 1) })
        #expect(try await !second.store.write { try $0.holds(.sequencer, generation: held) })
        first.clock.advance(seconds: 6)
        _ = try await second.store.write { try $0.takeLease(.sequencer, seconds: 5) }
        #expect(try await !first.store.write { try $0.holds(.sequencer, generation: held) })
    }

    /// Many at once, on connections of their own: never two holders, and a generation for each change of hands.
    @Test(.enabled(if: MySQLTestServer.isThere)) func manyNodesThatReachForALeaseAtOnceGetItOneAfterTheOther()
        async throws
    {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let first = try await StoreFixture(on: scope.driver(on: address))
        let stores = [first] + (1...3).map { StoreFixture(besides: first, on: scope.driver(on: address), number: $0) }
        for round in 1...10 {
            let generations = try await withThrowingTaskGroup(of: Int64?.self) { group in
                for node in stores {
                    group.addTask { try await node.store.write { try $0.takeLease(.sweeps, seconds: 5) } }
                }
                return try await group.reduce(into: [Int64?]()) { $0.append($1) }
            }
            #expect(generations.compactMap { $0 } == [Int64(round)])
            first.clock.advance(seconds: 6)
        }
    }
}
