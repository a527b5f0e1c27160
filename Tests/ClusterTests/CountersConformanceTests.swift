import Domain
import NIOCore
import Testing

@testable import Cluster

/// What every kind of counters must do.
@Suite struct CountersConformanceTests {
    private func withCounters(
        _ kind: ClusterKind, _ body: (_ one: any SharedCounters, _ other: any SharedCounters) async throws -> Void
    ) async throws {
        try await withNodes(2, kind) { nodes in
            if let one = nodes[0] as? RedisBus, let other = nodes[1] as? RedisBus {
                try await body(
                    RedisCounters(bus: one, deadline: .seconds(60)), RedisCounters(bus: other, deadline: .seconds(60)))
            } else {
                let counters = InProcessCounters(clock: SystemClock())
                try await body(counters, counters)
            }
        }
    }

    @Test(arguments: ClusterKind.available)
    func allNodesAddToTheSameCounter(_ kind: ClusterKind) async throws {
        try await withCounters(kind) { one, other in
            let first = await one.add([CounterAddition(key: "a", amount: 3, lifetime: 60_000)])
            #expect(first == [CounterTotals(total: 3)])
            let second = await other.add([
                CounterAddition(key: "a", amount: 4, lifetime: 60_000, alsoRead: "b"),
                CounterAddition(key: "b", amount: 1, lifetime: 60_000, alsoRead: "a"),
            ])
            #expect(second == [CounterTotals(total: 7, alsoRead: 0), CounterTotals(total: 1, alsoRead: 7)])
            let none = await one.add([])
            #expect(none == [])
        }
    }

    @Test(arguments: ClusterKind.available)
    func thousandsOfCountersAreAddedToAtOnce(_ kind: ClusterKind) async throws {
        try await withCounters(kind) { one, _ in
            let additions = (0..<2048).map {
                CounterAddition(key: "k\($0)", amount: Int64($0), lifetime: 60_000, alsoRead: "k\($0 - 1)")
            }
            let totals = await one.add(additions)
            let expected = (0..<2048).map { CounterTotals(total: Int64($0), alsoRead: Int64(max(0, $0 - 1))) }
            #expect(totals == expected)
        }
    }

    @Test(arguments: ClusterKind.available)
    func aCounterIsForgottenAfterItsLifetime(_ kind: ClusterKind) async throws {
        try await withCounters(kind) { one, _ in
            _ = await one.add([CounterAddition(key: "a", amount: 5, lifetime: 30)])
            try await eventually("forgotten") {
                await one.add([CounterAddition(key: "other", amount: 0, lifetime: 1000, alsoRead: "a")])
                    == [CounterTotals(total: 0, alsoRead: 0)]
            }
        }
    }

    @Test(arguments: ClusterKind.available)
    func aLimitHoldsOverTwoNodes(_ kind: ClusterKind) async throws {
        let clock = ManualClock()
        try await withCounters(kind) { one, other in
            let rates = [one, other].map {
                SharedRates<String>(table: "t", counters: $0, clock: clock, capacity: 100) { $0 }
            }
            for _ in 0..<30 { for node in rates { #expect(node.take("a\r\nb", rate: 1, burst: 60) == nil) } }
            for node in rates { node.tell() }
            // Both hear of the other's thirty: the first may have told before the second did.
            try await eventually("drained") {
                let waits = rates.map { $0.take("a\r\nb", rate: 1, burst: 60) }
                for node in rates { node.tell() }
                return waits.allSatisfy { $0 != nil }
            }
        }
    }
}

extension SharedCounters {
    func add(_ additions: [CounterAddition]) async -> [CounterTotals?] {
        await withCheckedContinuation { continuation in add(additions) { continuation.resume(returning: $0) } }
    }
}
