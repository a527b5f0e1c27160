import Testing

@testable import Realtime

@Suite struct FeedCursorTests {
    @Test func aLiveReaderPassesOnWhatFollowsAndNothingTwice() {
        var cursor = FeedCursor()
        let step1 = cursor.start(after: 5, head: 5)
        #expect(step1 == .caughtUp)
        let step2 = cursor.live(6)
        #expect(step2 == .deliver)
        let step3 = cursor.live(6)
        #expect(step3 == .ignore)
        let step4 = cursor.live(3)
        #expect(step4 == .ignore)
        let step5 = cursor.live(7)
        #expect(step5 == .deliver)
    }

    @Test func severalAreTakenTogetherWhenTheyAreNextAndElseNotAtAll() {
        var cursor = FeedCursor()
        let isTakenBeforeTheStart = cursor.takes(6, through: 8)
        #expect(!isTakenBeforeTheStart)
        _ = cursor.start(after: 5, head: 5)
        for (first, last) in [(5, 8), (7, 8)] as [(Int64, Int64)] {
            let isTaken = cursor.takes(first, through: last)
            #expect(!isTaken)
        }
        let isTaken = cursor.takes(6, through: 8)
        #expect(isTaken && cursor.delivered == 8 && cursor.target == 8)
        // While a hole is read, all wait for the page.
        let step = cursor.live(11)
        #expect(step == .read)
        let isTakenMeanwhile = cursor.takes(9, through: 11)
        #expect(!isTakenMeanwhile && cursor.delivered == 8 && cursor.target == 11)
    }

    @Test func anAcknowledgedEventRaisesTheHeadAndIsStillPassedOn() {
        var cursor = FeedCursor()
        _ = cursor.start(after: 5, head: 5)
        cursor.acknowledged(6)
        #expect(cursor.target == 6)
        let step = cursor.live(6)
        #expect(step == .deliver)
        cursor.acknowledged(4)
        #expect(cursor.target == 6)
    }

    @Test func eventsBeforeTheHeadIsKnownAreReadAndNotLost() {
        var cursor = FeedCursor()
        // Subscribed first: two events are committed before the head has been read, one of them behind that head.
        let step6 = cursor.live(6)
        #expect(step6 == .ignore)
        let step7 = cursor.live(7)
        #expect(step7 == .ignore)
        let step8 = cursor.start(after: 6, head: 6)
        #expect(step8 == .read)
        let step9 = cursor.replayed(7)
        #expect(step9 == .deliver)
        let step10 = cursor.pageEnded(head: 7)
        #expect(step10 == .caughtUp)
        let step11 = cursor.live(8)
        #expect(step11 == .deliver)
    }

    @Test func aHoleIsReadAndLiveEventsOnlyRaiseTheTarget() {
        var cursor = FeedCursor()
        _ = cursor.start(after: 1, head: 1)
        let step12 = cursor.live(4)
        #expect(step12 == .read)
        let step13 = cursor.live(5)
        #expect(step13 == .ignore)
        for seq: Int64 in 2...4 {
            let replayed = cursor.replayed(seq)
            #expect(replayed == .deliver)
        }
        let step15 = cursor.pageEnded(head: 4)
        #expect(step15 == .read, "the fifth is still missing")
        let step16 = cursor.replayed(5)
        #expect(step16 == .deliver)
        let step17 = cursor.pageEnded(head: 5)
        #expect(step17 == .caughtUp)
    }

    @Test func aFailedPageIsReadAgain() {
        var cursor = FeedCursor()
        let step18 = cursor.start(after: 0, head: 3)
        #expect(step18 == .read)
        cursor.pageFailed()
        let step19 = cursor.retry()
        #expect(step19 == .read)
        let step20 = cursor.replayed(1)
        #expect(step20 == .deliver)
    }

    /// Whatever the interleaving of commits, live events (some of them lost) and pages: every event once, in order.
    @Test(arguments: 0..<300)
    func everyInterleavingDeliversEachEventOnceInOrder(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var cursor = FeedCursor()
        var committed = Int64.random(in: 0...20, using: &random)
        let start = Int64.random(in: 0...committed, using: &random)
        var delivered: [Int64] = []
        var reading: ClosedRange<Int64>?
        func take(_ step: FeedCursor.Step) {
            if step == .read { reading = (cursor.delivered + 1)...(cursor.delivered + 1) }
        }
        var isStarted = false
        for _ in 0..<200 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                committed += 1
                // One in five doorbells is never heard.
                guard Int.random(in: 0..<5, using: &random) > 0 else { continue }
                let step = cursor.live(committed)
                if step == .deliver { delivered.append(committed) }
                take(step)
            case 1 where !isStarted:
                isStarted = true
                take(cursor.start(after: start, head: committed))
            case 2 where reading != nil:
                reading = nil
                let last = min(committed, cursor.delivered + Int64.random(in: 1...5, using: &random))
                if cursor.delivered < last {
                    for seq in (cursor.delivered + 1)...last where cursor.replayed(seq) == .deliver {
                        delivered.append(seq)
                    }
                }
                take(cursor.pageEnded(head: committed))
            default: continue
            }
        }
        // In the end a heartbeat or a further event shows what is missing.
        if !isStarted { take(cursor.start(after: start, head: committed)) }
        committed += 1
        let step = cursor.live(committed)
        if step == .deliver { delivered.append(committed) }
        take(step)
        while reading != nil {
            reading = nil
            if cursor.delivered < committed {
                for seq in (cursor.delivered + 1)...committed where cursor.replayed(seq) == .deliver {
                    delivered.append(seq)
                }
            }
            take(cursor.pageEnded(head: committed))
        }
        #expect(delivered == Array((start + 1)...committed))
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
