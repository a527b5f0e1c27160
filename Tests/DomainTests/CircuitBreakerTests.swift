import Domain
import Testing

@Suite struct CircuitBreakerTests {
    /// A breaker with a clock that the test moves.
    private final class Bench {
        var breaker = CircuitBreaker()
        var now = Timestamp(milliseconds: 1_000_000)

        var state: CircuitBreaker.State { breaker.state(at: now) }

        func call(_ outcome: CircuitBreaker.Outcome) -> Bool {
            guard let call = breaker.admit(at: now) else { return false }
            breaker.record(outcome, of: call, at: now)
            return true
        }

        func admit() -> CircuitBreaker.Admission? { breaker.admit(at: now) }

        func wait(_ seconds: Int64) { now = now.adding(seconds: seconds) }
    }

    @Test func opensWhenHalfOfAMinutesCallsFail() {
        let bench = Bench()
        for outcome in [CircuitBreaker.Outcome.success, .success, .failure, .failure] {
            #expect(bench.call(outcome))
            #expect(bench.state == .closed)
        }
        #expect(bench.call(.failure))
        #expect(bench.state == .open && !bench.call(.success))
    }

    @Test func failuresThatAreLongPastDoNotCount() {
        let bench = Bench()
        for _ in 0..<4 { #expect(bench.call(.failure)) }
        bench.wait(61)
        #expect(bench.call(.failure))
        #expect(bench.state == .closed)
    }

    @Test func opensWhenItCannotBeReachedThreeTimesInARow() {
        let bench = Bench()
        #expect(
            bench.call(.unreachable) && bench.call(.success) && bench.call(.unreachable) && bench.call(.unreachable))
        #expect(bench.state == .closed)
        #expect(bench.call(.unreachable))
        #expect(bench.state == .open)
    }

    @Test func oneCallAtATimeFindsOutWhetherItIsBackAndTwoCloseIt() throws {
        let bench = Bench()
        for _ in 0..<3 { #expect(bench.call(.unreachable)) }
        bench.wait(14)
        #expect(bench.state == .open)
        bench.wait(1)
        #expect(bench.state == .halfOpen)
        let probe = try #require(bench.admit())
        #expect(bench.admit() == nil, "a second call beside the probe")
        bench.breaker.record(.success, of: probe, at: bench.now)
        #expect(bench.state == .halfOpen)
        #expect(bench.call(.success))
        #expect(bench.state == .closed)
    }

    @Test func aFailedProbeDoublesThePauseUpToFiveMinutes() {
        let bench = Bench()
        for _ in 0..<3 { #expect(bench.call(.unreachable)) }
        for pause: Int64 in [15, 30, 60, 120, 240, 300, 300] {
            bench.wait(pause - 1)
            #expect(!bench.call(.success), "after \(pause - 1) s")
            bench.wait(1)
            #expect(bench.call(.failure), "after \(pause) s")
        }
    }

    @Test func whatOnlyAnOperatorCanMendIsLeftForTenMinutes() {
        let bench = Bench()
        #expect(bench.call(.needsOperator))
        #expect(bench.state == .hardOpen)
        bench.wait(599)
        #expect(!bench.call(.success))
        bench.wait(1)
        #expect(bench.state == .halfOpen && bench.call(.success))
    }

    @Test func aBusyServiceIsLeftAloneForAsLongAsItSaysWithinReason() {
        let bench = Bench()
        #expect(bench.call(.busy(retryAfterMilliseconds: 5_000)))
        #expect(bench.state == .closed && !bench.call(.success))
        bench.wait(5)
        #expect(bench.call(.busy(retryAfterMilliseconds: 86_400_000)))
        bench.wait(119)
        #expect(!bench.call(.success))
        bench.wait(1)
        #expect(bench.call(.success))
    }

    @Test func aProbeThatWasBrokenOffMakesRoomForTheNext() throws {
        let bench = Bench()
        for _ in 0..<3 { #expect(bench.call(.unreachable)) }
        bench.wait(15)
        #expect(bench.call(.neutral))
        #expect(bench.state == .halfOpen && bench.call(.success))
    }

    @Test func aLastResortThatAnswersCountsAsASignOfLife() {
        let bench = Bench()
        #expect(bench.call(.needsOperator))
        bench.breaker.record(.success, of: .lastResort, at: bench.now)
        #expect(bench.state == .halfOpen)
        bench.breaker.record(.success, of: .lastResort, at: bench.now)
        #expect(bench.state == .closed)
    }

    /// Whatever comes, a breaker that is left alone long enough lets a call through.
    @Test func noHistoryShutsItForGood() {
        var generator = SystemRandomNumberGenerator()
        let outcomes: [CircuitBreaker.Outcome] = [
            .success, .failure, .unreachable, .needsOperator, .busy(retryAfterMilliseconds: nil), .neutral,
        ]
        for _ in 0..<200 {
            let bench = Bench()
            for _ in 0..<60 {
                if let outcome = outcomes.randomElement(using: &generator) { _ = bench.call(outcome) }
                bench.wait(Int64.random(in: 0...40, using: &generator))
            }
            bench.wait(600)
            #expect(bench.call(.success))
        }
    }
}
