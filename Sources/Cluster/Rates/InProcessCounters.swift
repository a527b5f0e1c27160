public import Domain
import Synchronization

/// Counters for the nodes of one process.
public final class InProcessCounters: SharedCounters {
    /// Counters that are kept at once, a few MB. More only come together when there are more clients than that.
    static let maximumKept = 65_536

    private struct Counter {
        var value: Int64
        let until: Timestamp
    }

    private let clock: any WallClock
    private let counters = Mutex<[String: Counter]>([:])

    public init(clock: any WallClock) { self.clock = clock }

    public func add(_ additions: [CounterAddition], completion: @escaping @Sendable ([CounterTotals?]) -> Void) {
        let now = clock.now()
        let totals = counters.withLock { counters in
            if counters.count >= Self.maximumKept { counters = counters.filter { $0.value.until > now } }
            if counters.count >= Self.maximumKept { counters = [:] }
            func value(_ key: String) -> Int64? { counters[key].flatMap { $0.until > now ? $0.value : nil } }
            return additions.map { addition -> CounterTotals? in
                let until = value(addition.key).flatMap { _ in counters[addition.key]?.until }
                let (sum, isTooMuch) = (value(addition.key) ?? 0).addingReportingOverflow(addition.amount)
                guard !isTooMuch else { return nil }
                counters[addition.key] = Counter(
                    value: sum, until: until ?? now.adding(milliseconds: addition.lifetime))
                return CounterTotals(total: sum, alsoRead: addition.alsoRead.flatMap(value) ?? 0)
            }
        }
        completion(totals)
    }
}
