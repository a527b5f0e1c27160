import Domain
import NIOCore
import Synchronization
import Testing

@testable import Cluster

@Suite struct SharedRatesTests {
    private let clock = ManualClock()

    private func rates(_ counters: (any SharedCounters)?, capacity: Int = 1000) -> SharedRates<String> {
        SharedRates(table: "test", counters: counters, clock: clock, capacity: capacity) { $0 }
    }

    @Test func aloneItIsATokenBucketPerKey() {
        let rates = rates(nil)
        var bucket = TokenBucket(rate: 2, burst: 5, now: clock.now())
        var random = SplitMix(seed: 7)
        for _ in 0..<2000 {
            clock.advance(milliseconds: Int64.random(in: 0...700, using: &random))
            #expect(rates.take("a", rate: 2, burst: 5) == bucket.take(at: clock.now()))
        }
        #expect(rates.take("b", rate: 2, burst: 5) == nil)
    }

    @Test func aRateOfZeroIsNoLimit() {
        let rates = rates(InProcessCounters(clock: clock))
        for _ in 0..<1000 { #expect(rates.take("a", rate: 0, burst: 0) == nil) }
        #expect(rates.count == 0)
    }

    @Test func whatOthersTookIsDrained() {
        let counters = InProcessCounters(clock: clock)
        let (one, other) = (rates(counters), rates(counters))
        for _ in 0..<60 { #expect(one.take("a", rate: 1, burst: 60) == nil) }
        #expect(other.take("a", rate: 1, burst: 60) == nil)
        one.tell()
        other.tell()
        // 61 of 60: one is owed, and one is wanted.
        let wait = other.take("a", rate: 1, burst: 60)
        #expect(wait.map { abs($0 - 2) < 0.001 } == true)
        #expect(other.take("b", rate: 1, burst: 60) == nil)
    }

    @Test func whatIsToldOnceIsDrainedOnce() {
        let counters = InProcessCounters(clock: clock)
        let (one, other) = (rates(counters), rates(counters))
        for _ in 0..<10 { _ = one.take("a", rate: 1, burst: 60) }
        for _ in 0..<5 {
            _ = other.take("a", rate: 1, burst: 60)
            one.tell()
            other.tell()
        }
        for _ in 0..<45 { #expect(other.take("a", rate: 1, burst: 60) == nil) }
        #expect(other.take("a", rate: 1, burst: 60) != nil)
    }

    /// Messages and requests as they are limited, by users of nine tenths of their limit.
    @Test(arguments: [(1.0, 60.0, 1100), (20.0, 40.0, 55)])
    func anHonestUserThatChangesNodesIsNeverRefused(_ rate: Double, _ burst: Double, _ pause: Int64) {
        let counters = InProcessCounters(clock: clock)
        let nodes = (0..<3).map { _ in rates(counters) }
        var random = SplitMix(seed: 1)
        for step in 1...100_000 {
            let time = Int64(step) * 5
            // Mostly on one node, for a time, then on another, or on any.
            if time % pause == 0 {
                let node = (time / 40_000) % 2 == 0 ? Int(time / 10_000 % 3) : Int.random(in: 0..<3, using: &random)
                #expect(nodes[node].take("a", rate: rate, burst: burst) == nil, "at \(time) ms")
            }
            // The nodes tell at different moments.
            for (index, node) in nodes.enumerated() where (time + Int64(index) * 85) % 250 == 0 { node.tell() }
            clock.advance(milliseconds: 5)
        }
    }

    @Test(arguments: [(1.0, 60.0), (20.0, 40.0), (0.1, 6.0)])
    func aLimitHoldsForAllNodesTogether(_ rate: Double, _ burst: Double) {
        let counters = InProcessCounters(clock: clock)
        let nodes = (0..<3).map { _ in rates(counters) }
        var random = SplitMix(seed: 3)
        var taken = 0
        let seconds = Int(burst / rate * 20)
        for _ in 0..<seconds * 4 {
            for _ in 0..<200
            where nodes[Int.random(in: 0..<3, using: &random)].take("a", rate: rate, burst: burst) == nil {
                taken += 1
            }
            clock.advance(milliseconds: 250)
            for node in nodes { node.tell() }
        }
        let allowed = burst + rate * Double(seconds)
        // Before they hear of each other each gives out its burst, once; what that is too much they make up for, up to a burst.
        #expect(Double(taken) <= allowed + burst * 2 + 10)
        #expect(Double(taken) >= allowed * 0.8)
    }

    @Test func aNodeThatStartsAnewLearnsWhatWasTaken() {
        let counters = InProcessCounters(clock: clock)
        let before = rates(counters)
        for _ in 0..<60 { _ = before.take("a", rate: 1, burst: 60) }
        before.tell()
        let after = rates(counters)
        #expect(after.take("a", rate: 1, burst: 60) == nil)
        after.tell()
        #expect(after.take("a", rate: 1, burst: 60) != nil)
    }

    @Test func withoutAnAnswerEachNodeStandsAlone() {
        let counters = SilentCounters()
        let rates = rates(counters)
        for _ in 0..<60 { #expect(rates.take("a", rate: 1, burst: 60) == nil) }
        rates.tell()
        #expect(rates.take("a", rate: 1, burst: 60) != nil)
        // Only one question is under way at a time; what is taken meanwhile goes with the next.
        clock.advance(seconds: 10)
        for _ in 0..<10 { #expect(rates.take("a", rate: 1, burst: 60) == nil) }
        rates.tell()
        #expect(counters.asked.count == 1)
        counters.fail()
        rates.tell()
        #expect(counters.asked.map { $0.map(\.amount) } == [[60], [10]])
    }

    @Test func theTableAndWhatIsToldAreBounded() {
        let counters = SilentCounters()
        let rates = rates(counters, capacity: 5000)
        for index in 0..<100_000 { _ = rates.take("\(index)", rate: 1, burst: 60) }
        #expect(rates.count <= 5000)
        rates.tell()
        #expect(counters.asked.map(\.count) == [2048])
        counters.fail()
        rates.tell()
        counters.fail()
        rates.tell()
        counters.fail()
        rates.tell()
        #expect(counters.asked.flatMap { $0 }.count <= 5000)
    }

    @Test func keysWithoutANameOrWithALongOneStayOnThisNode() {
        let counters = SilentCounters()
        let rates = SharedRates<String>(table: "t", counters: counters, clock: clock, capacity: 10) {
            $0 == "no" ? nil : $0
        }
        for key in ["no", String(repeating: "x", count: 200), "yes"] { _ = rates.take(key, rate: 1, burst: 1) }
        rates.tell()
        #expect(counters.asked.flatMap { $0 }.count == 1)
    }

    @Test func countersThatWereLostDrainNothing() {
        let counters = SilentCounters()
        let rates = rates(counters)
        for _ in 0..<10 { _ = rates.take("a", rate: 1, burst: 60) }
        rates.tell()
        counters.answer { _ in CounterTotals(total: 10) }
        _ = rates.take("a", rate: 1, burst: 60)
        rates.tell()
        // Begun anew: less than before.
        counters.answer { _ in CounterTotals(total: 1) }
        for _ in 0..<49 { #expect(rates.take("a", rate: 1, burst: 60) == nil) }
        #expect(rates.take("a", rate: 1, burst: 60) != nil)
    }

    @Test func absurdAnswersDoNoHarm() {
        let counters = SilentCounters()
        let rates = rates(counters)
        for total in [Int64.max, .min, 0, -1] {
            _ = rates.take("a", rate: 1, burst: 60)
            clock.advance(seconds: 120)
            _ = rates.take("a", rate: 1, burst: 60)
            rates.tell()
            counters.answer { _ in CounterTotals(total: total, alsoRead: total) }
        }
        clock.advance(seconds: 120)
        #expect(rates.take("a", rate: 1, burst: 60) == nil)
        #expect(rates.take("b", rate: .infinity, burst: .infinity) == nil)
        #expect(rates.take("c", rate: .leastNonzeroMagnitude, burst: .greatestFiniteMagnitude) == nil)
        rates.tell()
        counters.fail()
    }
}

/// Counters that answer when the test says so.
final class SilentCounters: SharedCounters {
    private struct Waiting: Sendable {
        let additions: [CounterAddition]
        let completion: @Sendable ([CounterTotals?]) -> Void
    }

    private let state = Mutex<(asked: [[CounterAddition]], waiting: [Waiting])>(([], []))

    var asked: [[CounterAddition]] { state.withLock { $0.asked } }

    func add(_ additions: [CounterAddition], completion: @escaping @Sendable ([CounterTotals?]) -> Void) {
        state.withLock { state in
            state.asked.append(additions)
            state.waiting.append(Waiting(additions: additions, completion: completion))
        }
    }

    func answer(_ totals: (CounterAddition) -> CounterTotals?) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.completion(one.additions.map(totals)) }
    }

    func fail() { answer { _ in nil } }
}
