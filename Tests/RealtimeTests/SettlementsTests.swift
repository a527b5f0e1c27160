import Synchronization
import Testing

@testable import Realtime

@Suite struct SettlementsTests {
    private final class Journal: Sendable {
        let lines = Mutex<[String]>([])
        func line(_ text: String) -> Settlements.Telling { { self.lines.withLock { $0.append(text) } } }
    }

    @Test func whatComesBetweenTheCommitAndItsEventsIsGatheredByLoopInOrder() {
        let settlements = Settlements(loops: 2)
        let journal = Journal()
        settlements.begin()
        for (text, loop) in [("a", 0), ("b", 1), ("c", 0)] {
            let isTaken = settlements.add(journal.line(text), on: loop)
            #expect(isTaken)
        }
        let told = settlements.end()
        #expect(told.map(\.count) == [2, 1])
        for tellings in told { for tell in tellings { tell() } }
        #expect(journal.lines.withLock { $0 } == ["a", "c", "b"])
        // The next batch begins with nothing.
        settlements.begin()
        let next = settlements.end()
        #expect(next.map(\.count) == [0, 0])
    }

    @Test func atAnyOtherTimeAndOnUnknownLoopsItIsTheCallersToRun() {
        let settlements = Settlements(loops: 1)
        let journal = Journal()
        let isTakenBefore = settlements.add(journal.line("before"), on: 0)
        settlements.begin()
        let isTakenElsewhere = settlements.add(journal.line("elsewhere"), on: 1)
        _ = settlements.end()
        let isTakenAfter = settlements.add(journal.line("after"), on: 0)
        #expect(!isTakenBefore && !isTakenElsewhere && !isTakenAfter)
        #expect(settlements.end().isEmpty)
    }
}
