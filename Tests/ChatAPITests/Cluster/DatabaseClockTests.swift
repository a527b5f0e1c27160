import Domain
import Testing

@testable import ChatAPI

@Suite struct DatabaseClockTests {
    private struct Silent: Error {}

    @Test func itGoesByTheServersTime() async throws {
        let base = ManualClock(Timestamp(milliseconds: 1_000_000))
        let clock = DatabaseClock(base: base)
        #expect(clock.now().milliseconds == 1_000_000)
        let behind = try await clock.set { 1_000_500 }
        #expect(behind == 500 && clock.now().milliseconds == 1_000_500)
        base.advance(milliseconds: 20)
        #expect(clock.now().milliseconds == 1_000_520)
        // Backwards, too.
        try await clock.set { 999_000 }
        #expect(clock.now().milliseconds == 999_000)
    }

    @Test func theAnswerIsTakenToBeFromTheMiddleOfTheQuestion() async throws {
        let base = ManualClock(Timestamp(milliseconds: 1_000_000))
        let clock = DatabaseClock(base: base)
        try await clock.set {
            base.advance(milliseconds: 100)
            return 2_000_000
        }
        // Asked at 1 000 000, told at 1 000 100.
        #expect(clock.now().milliseconds == 2_000_050)
    }

    @Test func whatIsNotAnsweredChangesNothing() async throws {
        let base = ManualClock(Timestamp(milliseconds: 1_000_000))
        let clock = DatabaseClock(base: base)
        try await clock.set { 1_000_500 }
        await #expect(throws: Silent.self) { try await clock.set { throw Silent() } }
        #expect(clock.now().milliseconds == 1_000_500)
    }

    /// An answer that took seconds may be wrong by as much, which is more than clocks drift apart in a day.
    @Test func anAnswerThatTookTooLongCountsOnlyWhenThereIsNoOther() async throws {
        let base = ManualClock(Timestamp(milliseconds: 1_000_000))
        let clock = DatabaseClock(base: base)
        try await clock.set {
            base.advance(seconds: 4)
            return 1_002_000
        }
        #expect(clock.now().milliseconds == 1_004_000)
        try await clock.set {
            base.advance(seconds: 4)
            return 1_008_000
        }
        #expect(clock.now().milliseconds == 1_008_000, "it was right before, and is not moved by two seconds")
        try await clock.set { 1_008_500 }
        #expect(clock.now().milliseconds == 1_008_500)
    }
}
