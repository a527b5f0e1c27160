import Domain
import Synchronization
import Testing

@testable import Storage

/// The figures against a recount of the raw tables, whatever happens while they are kept up.
@Suite(.databases, .serialized, .timeLimit(.minutes(5))) struct StatisticsTests {
    static let tables = [
        "statistics_conversations", "statistics_periods", "statistics_standing", "statistics_agents",
    ]

    /// Every row of the figures.
    static func dump(_ driver: any DatabaseDriver) async throws -> [String] {
        var rows: [String] = []
        for table in tables {
            let columns = try await driver.read { try $0.columns(of: table) }
            rows += try await driver.dump(table, columns).map { "\(table) \($0)" }
        }
        return rows
    }

    /// Rows of `statistics_periods` of one span.
    static func periods(_ span: StatisticsSpan, _ driver: any DatabaseDriver) async throws -> [PeriodKey: Tally] {
        try await driver.read { connection in
            var periods: [PeriodKey: Tally] = [:]
            try connection.each(
                """
                SELECT workspace_id, scope, starts_at, scope_id, counts, times, contact_messages \
                FROM statistics_periods WHERE span = ?
                """, [.integer(span.rawValue)]
            ) { row in
                let key = PeriodKey(
                    workspaceId: row.identifier(0), scope: StatisticsScope(rawValue: row.text(1)) ?? .agent, span: span,
                    startsAt: row.timestamp(2), scopeId: row.integer(3))
                var tally = Tally()
                tally.add(countBytes: row.optionalBlob(4) ?? [], timeBytes: row.optionalBlob(5) ?? [])
                #expect(tally[.contactMessages] == row.integer(6))
                periods[key] = tally
                return true
            }
            return periods
        }
    }

    static func tally(_ sheet: StatisticsRecount.Sheet) -> Tally {
        var tally = Tally()
        for (what, count) in sheet.counts { tally.add(count, to: what) }
        for (what, lengths) in sheet.times { for length in lengths { tally.add(length, to: what) } }
        return tally
    }

    /// Compares all rows with a recount.
    static func check(_ fixture: StoreFixture) async throws {
        let recount = try await StatisticsRecount(of: fixture.driver)
        let quarters = try await periods(.quarter, fixture.driver)
        let keys = Set(recount.quarters.keys).union(quarters.keys)
        for key in keys {
            let expected = recount.quarters[key].map(tally) ?? Tally()
            #expect(quarters[key] ?? Tally() == expected, "\(key)")
        }
        for span in [StatisticsSpan.hour, .day] {
            var expected: [PeriodKey: Tally] = [:]
            for (key, tally) in quarters {
                var longer = key
                longer.span = span
                longer.startsAt = StatisticsCalendar.floor(key.startsAt, to: span.milliseconds)
                expected[longer, default: Tally()].add(tally)
            }
            #expect(try await periods(span, fixture.driver) == expected)
        }
        let (standing, waiting, actions) = try await fixture.driver.read { connection in
            (
                try connection.rows("SELECT workspace_id, inbox_id, name, value FROM statistics_standing", []) {
                    (
                        StandingKey(workspaceId: $0.identifier(0), inboxId: $0.identifier(1), name: $0.text(2)),
                        $0.integer(3)
                    )
                },
                try connection.rows(
                    """
                    SELECT waiting_since FROM statistics_conversations \
                    WHERE waiting_since IS NOT NULL AND started_at IS NOT NULL ORDER BY waiting_since
                    """, []
                ) { $0.timestamp(0) },
                try connection.rows("SELECT user_id, last_action_at FROM statistics_agents", []) {
                    ($0.integer(0), $0.timestamp(1))
                }
            )
        }
        #expect(Dictionary(uniqueKeysWithValues: standing).filter { $0.value != 0 } == recount.standing)
        #expect(waiting == recount.waitingSince)
        #expect(Dictionary(uniqueKeysWithValues: actions) == recount.lastActions)
        try await checkReading(fixture, recount)
    }

    /// What is answered for stretches of time, against every single length.
    static func checkReading(_ fixture: StoreFixture, _ recount: StatisticsRecount) async throws {
        let all = recount.quarters.filter { $0.key.scope == .workspace }
        let starts = all.keys.map(\.startsAt)
        guard let first = starts.min(), let last = starts.max() else { return }
        let end = last.adding(milliseconds: StatisticsCalendar.quarter)
        let calendar = StatisticsCalendar { _ in 19_800 }  // Kolkata
        for (interval, from, to) in [
            (StatisticsInterval.day, first, end), (.hour, first.adding(milliseconds: 900_000), end),
            (.week, first.adding(milliseconds: -86_400_000 * 3), end.adding(milliseconds: 86_400_000)),
        ] {
            let boundaries = try #require(calendar.boundaries(from: from, to: to, by: interval, limit: 1000))
            let admin = fixture.admin
            let (series, hours) = try await fixture.store.read {
                (
                    try $0.statisticsSeries(between: boundaries, withTimes: true, by: admin),
                    try $0.busiestHours(from: from, to: to, in: calendar, by: admin)
                )
            }
            for (place, tally) in series.tallies.enumerated() {
                let sheets = all.filter {
                    boundaries[place] <= $0.key.startsAt && $0.key.startsAt < boundaries[place + 1]
                }.values
                for what in StatisticsCount.allCases {
                    #expect(tally[what] == sheets.reduce(0) { $0 + ($1.counts[what] ?? 0) })
                }
                for what in StatisticsTime.allCases {
                    try check(tally[what], sheets.flatMap { $0.times[what] ?? [] })
                }
            }
            #expect(hours.reduce(0, +) == series.total[.contactMessages])
            for hour in 0..<168 {
                let expected = all.filter { key, _ in
                    let local = key.startsAt.milliseconds + 19_800_000 + 3 * 86_400_000
                    return key.startsAt >= from && key.startsAt < to && Int(local / 3_600_000 % 168) == hour
                }.values.reduce(0) { $0 + ($1.counts[.contactMessages] ?? 0) }
                #expect(hours[hour] == expected)
            }
        }
    }

    private static func check(_ histogram: DurationHistogram, _ lengths: [Int64]) throws {
        let sorted = lengths.sorted()
        #expect(histogram.count == Int64(sorted.count))
        guard !sorted.isEmpty else { return #expect(histogram.percentile(50) == nil) }
        #expect(histogram.mean == sorted.reduce(0, +) / Int64(sorted.count))
        for percent in [50, 90] as [Int64] {
            let truth = sorted[(sorted.count * Int(percent) + 99) / 100 - 1]
            let found = try #require(histogram.percentile(percent))
            #expect(abs(found - truth) * 20 <= max(truth, 20), "\(found) for \(truth)")
        }
    }

    @Test(arguments: TestDatabase.all, [1, 2, 3, 4] as [UInt64])
    func whateverHappensTheFiguresAreThoseOfARecount(on database: TestDatabase, seed: UInt64) async throws {
        let fixture = try await StoreFixture(on: database)
        let world = try await StatisticsWorld(fixture, seed: seed)
        for _ in 0..<6 {
            for _ in 0..<200 { try await world.step() }
            try await world.stamp()
            try await StatisticsKeeper(fixture.store, batch: [7, 64, 512][Int(seed) % 3]).catchUp()
            #expect(try await fixture.store.read { try $0.statisticsReach() } == fixture.clock.now())
        }
        try await Self.check(fixture)
        // The story is long enough for nearly everything to have happened in it.
        let all = try await Self.periods(.day, fixture.driver).values.reduce(into: Tally()) { $0.add($1) }
        let reasons = Set(Handoff.Reason.allCases.map { HandoffReason($0).count })
        #expect(reasons.count { all[$0] > 0 } >= 3)
        #expect(StatisticsCount.allCases.count { all[$0] == 0 && !reasons.contains($0) } <= 3)
        for what in StatisticsTime.allCases { #expect(!all[what].isEmpty, "\(what)") }
        let before = try await Self.dump(fixture.driver)
        let keeper = StatisticsKeeper(fixture.store, batch: 100)
        try await keeper.rebuild()
        #expect(try await fixture.store.read { try $0.statisticsReach() } == nil)
        try await keeper.catchUp()
        #expect(try await Self.dump(fixture.driver) == before)
        #expect(try await fixture.store.read { try $0.statisticsProgress() }?.rebuilds == 1)
    }

    @Test(arguments: TestDatabase.all)
    func commitsThatFailAnywhereChangeNothing(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let world = try await StatisticsWorld(fixture, seed: 5)
        for _ in 0..<500 { try await world.step() }
        try await world.stamp()
        let keeper = StatisticsKeeper(fixture.store, batch: 20)
        var steps = 0
        while true {
            // Every second commit is lost after its work was done.
            fixture.driver.failCommits(with: .unavailable("lost"))
            let before = try await Self.dump(fixture.driver)
            var hasWork = false
            do {
                hasWork = try await keeper.advance()
            } catch StorageFailure.unavailable {
                hasWork = true
            }
            #expect(try await Self.dump(fixture.driver) == before)
            fixture.driver.failCommits(with: nil)
            guard hasWork, try await keeper.advance() else { break }
            steps += 1
            if steps == 12 { try await keeper.rebuild() }
        }
        #expect(steps > 20)
        try await Self.check(fixture)
    }

    /// A step that was worked out and comes too late: after another, after a rebuild, or twice.
    @Test(arguments: TestDatabase.all)
    func whatWasWorkedOutBeforeAnotherMovedOnIsThrownAway(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let store = fixture.store
        let world = try await StatisticsWorld(fixture, seed: 6)
        for _ in 0..<200 { try await world.step() }
        try await world.stamp()
        let keeper = StatisticsKeeper(store, batch: 50)
        var late: [StatisticsStep] = []
        var rounds = 0
        while let step = try await store.read({ try $0.nextStatisticsStep(limit: 50) }) {
            rounds += 1
            #expect(try await store.write { try $0.carryOut(step) })
            late.append(step)
            for old in late { #expect(try await store.write { try $0.carryOut(old) } == false) }
            if rounds == 3 { try await keeper.rebuild() }
            if rounds == 3, let old = try await store.read({ try $0.nextStatisticsStep(limit: 50) }) {
                try await keeper.rebuild()
                #expect(try await store.write { try $0.carryOut(old) } == false)
            }
        }
        try await Self.check(fixture)
    }

    @Test(.enabled(if: MySQLTestServer.isThere)) func nodesThatCountAtOnceCountOnce() async throws {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let first = try await StoreFixture(on: scope.driver(on: address))
        let second = StoreFixture(besides: first, on: scope.driver(on: address), number: 1)
        let world = try await StatisticsWorld(first, seed: 8)
        for _ in 0..<400 { try await world.step() }
        try await world.stamp()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in [first, second] {
                for size in [11, 13] {
                    group.addTask {
                        // One that was outrun, or met the other's locks, tries again.
                        let keeper = StatisticsKeeper(node.store, batch: size)
                        while true {
                            do { return try await keeper.catchUp() } catch StorageFailure.unavailable {}
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await Self.check(first)
    }

    @Test(arguments: TestDatabase.all)
    func rowsOfAnOlderDefinitionAreCountedAnewAndThoseOfANewerLeftAlone(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let world = try await StatisticsWorld(fixture, seed: 9)
        for _ in 0..<100 { try await world.step() }
        try await world.stamp()
        let keeper = StatisticsKeeper(fixture.store)
        try await keeper.catchUp()
        let before = try await Self.dump(fixture.driver)
        try await fixture.driver.commit { try $0.run("UPDATE statistics_progress SET definition = 0", []) }
        try await keeper.catchUp()
        #expect(try await Self.dump(fixture.driver) == before)
        #expect(try await fixture.store.read { try $0.statisticsProgress() }?.rebuilds == 1)
        try await fixture.driver.commit { try $0.run("UPDATE statistics_progress SET definition = 1000", []) }
        for _ in 0..<10 { try await world.step() }
        try await world.stamp()
        try await keeper.catchUp()
        #expect(try await Self.dump(fixture.driver) == before)
    }
}
