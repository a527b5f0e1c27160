import Domain
import Synchronization
import Testing

@testable import Storage

/// What becomes of commands while the database does not answer.
@Suite(.databases, .timeLimit(.minutes(5))) struct PatienceTests {
    /// Time that only the test moves.
    private final class Stopwatch: Sendable {
        private let elapsed = Mutex(Duration.zero)
        private let start = ContinuousClock.now

        func advance(by time: Duration) { elapsed.withLock { $0 += time } }

        var now: ContinuousClock.Instant { start + elapsed.withLock { $0 } }
    }

    /// A driver whose first batch stands still until it is let go.
    private final class StandingDriver: ForwardingDriver {
        let driver: any DatabaseDriver
        private let held = Mutex<(isStanding: Bool, batches: [@Sendable () -> Void])>((true, []))

        init(_ driver: any DatabaseDriver) { self.driver = driver }

        func write(
            _ batch: @escaping @Sendable (any SQLConnection) throws -> Void,
            completion: @escaping @Sendable (Result<Void, any Error>) -> Void
        ) {
            let goesOn = held.withLock { held in
                if held.isStanding { held.batches.append { self.driver.write(batch, completion: completion) } }
                return !held.isStanding
            }
            if goesOn { driver.write(batch, completion: completion) }
        }

        func goOn() {
            let batches = held.withLock { held in
                defer { held = (false, []) }
                return held.batches
            }
            for batch in batches { batch() }
        }
    }

    private struct Nobody: CommitObserver {
        func committed(_ batch: CommittedBatch) {}
    }

    /// Writes a name into the installation's table, and keeps what became of it.
    private final class Outcomes: Sendable {
        private let kept = Mutex<[String: String]>([:])

        var all: [String: String] { kept.withLock { $0 } }

        func command(_ name: String) -> GroupCommit.Command {
            GroupCommit.Command(
                conversations: [],
                run: { connection, _ in
                    try connection.run(
                        "INSERT INTO installation (name, value) VALUES (?, ?)", [.text(name), .blob([1])])
                    return (CommittedBatch(), { self.kept.withLock { $0[name] = "committed" } })
                },
                fail: { error in
                    self.kept.withLock { $0[name] = "\(error)".contains("in time") ? "too late" : "\(error)" }
                })
        }
    }

    private func names(_ driver: any DatabaseDriver) async throws -> [String] {
        try await driver.read { connection in
            try connection.rows("SELECT name FROM installation ORDER BY name", []) { $0.text(0) }
        }
    }

    @Test(arguments: TestDatabase.all)
    func aCommandThatWaitedTooLongFailsAndIsNotWritten(on database: TestDatabase) async throws {
        let driver = StandingDriver(try await database.open())
        try await driver.migrate()
        let (stopwatch, outcomes) = (Stopwatch(), Outcomes())
        let commits = GroupCommit(
            driver: driver, observer: Nobody(), logger: .silent, time: { stopwatch.now })
        // The first is with the driver; how long that takes is for the driver to bound.
        commits.submit(outcomes.command("a first"))
        commits.submit(outcomes.command("b early"))
        stopwatch.advance(by: .seconds(2))
        commits.submit(outcomes.command("c later"))
        stopwatch.advance(by: GroupCommit.patience - .seconds(1))
        commits.submit(outcomes.command("d just now"))
        #expect(outcomes.all.isEmpty)
        driver.goOn()
        await commits.close()
        #expect(
            outcomes.all == [
                "a first": "committed", "b early": "too late", "c later": "committed", "d just now": "committed",
            ])
        #expect(try await names(driver) == ["a first", "c later", "d just now"])
    }

    @Test(arguments: TestDatabase.all)
    func whenAllHaveWaitedTooLongTheWriterGoesOnWithTheNext(on database: TestDatabase) async throws {
        let driver = StandingDriver(try await database.open())
        try await driver.migrate()
        let (stopwatch, outcomes) = (Stopwatch(), Outcomes())
        let commits = GroupCommit(
            driver: driver, observer: Nobody(), logger: .silent, time: { stopwatch.now })
        commits.submit(outcomes.command("first"))
        for index in 0..<600 { commits.submit(outcomes.command("late \(index)")) }
        stopwatch.advance(by: GroupCommit.patience + .milliseconds(1))
        driver.goOn()
        for _ in 0..<2_000 where outcomes.all.count < 601 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(outcomes.all.values.filter { $0 == "too late" }.count == 600)
        commits.submit(outcomes.command("next"))
        await commits.close()
        #expect(outcomes.all["next"] == "committed")
        #expect(try await names(driver) == ["first", "next"])
    }
}
