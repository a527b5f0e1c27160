import Domain
import Foundation
import Synchronization
import Testing

@testable import Storage
@testable import StorageMySQL

/// An installation moves from a file to a server, whole or not at all.
@Suite(.databases, .enabled(if: MySQLTestServer.isThere)) struct DatabaseCopyTests {
    /// Small, so that every table has several pages and several statements.
    private static let small = CopyLimits(
        rows: 3, bytes: 4000, rowsOfStatement: 2, bytesOfStatement: 300, rowsBetweenReports: 10)

    private static func copy(
        _ source: any DatabaseDriver, to target: any DatabaseDriver, limits: CopyLimits = CopyLimits(),
        report: @escaping @Sendable (CopyStep) -> Void = { _ in }
    ) async throws {
        try await DatabaseCopy(
            from: source, to: target, limits: limits, targetTime: { Timestamp(milliseconds: 1_000_000) },
            report: report
        ).run()
    }

    private static func target() async throws -> MySQLDriver {
        let scope = try #require(DatabaseScope.current)
        return scope.driver(on: try await #require(MySQLTestServer.environment).newDatabase())
    }

    /// Compares every table by reading it in another way than the copy does.
    private static func expectEqual(
        _ source: any DatabaseDriver, _ target: any DatabaseDriver, location: SourceLocation = #_sourceLocation
    ) async throws {
        for table in CopiedTable.all {
            let columns = try await source.read { try $0.columns(of: table.name) }
            let (ours, theirs) = (
                try await source.dump(table.name, columns), try await target.dump(table.name, columns)
            )
            #expect(!ours.isEmpty, "\(table.name) has no rows to compare", sourceLocation: location)
            #expect(ours == theirs, "\(table.name)", sourceLocation: location)
        }
        let misplaced = try await target.number(
            "SELECT count(*) FROM events WHERE feed_position IS NULL OR feed_position <> id")
        #expect(misplaced == 0, sourceLocation: location)
    }

    @Test(arguments: [CopyLimits(), small])
    func everythingArrivesAsItWas(_ limits: CopyLimits) async throws {
        let installation = try await CopiedInstallation.make()
        let target = try await Self.target()
        let steps = Mutex<[CopyStep]>([])
        try await Self.copy(installation.driver, to: target, limits: limits) { step in
            steps.withLock { $0.append(step) }
        }
        try await Self.expectEqual(installation.driver, target)
        let messages = Int(try await installation.driver.number("SELECT count(*) FROM messages") ?? 0)
        let told = steps.withLock { $0 }
        #expect(told.contains(.copied(table: "messages", rows: messages, of: messages)))
        if limits.rowsBetweenReports < messages {
            #expect(told.contains(.copied(table: "messages", rows: limits.rows * 4, of: messages)))
            #expect(told.contains(.compared(table: "messages", rows: limits.rows * 4)))
        }
        #expect(
            told.contains {
                if case .verified("messages", messages, let sum) = $0 { sum.count == 64 } else { false }
            })
    }

    @Test func theStoreGoesOnWhereItWas() async throws {
        let installation = try await CopiedInstallation.make()
        let target = try await Self.target()
        try await Self.copy(installation.driver, to: target)
        let before = try await installation.fixture.events(of: installation.conversation)
        let node = StoreFixture(besides: installation.fixture, on: target, number: 1)
        #expect(try await node.events(of: installation.conversation) == before)
        for name in [InstallationValue.logEpoch, .identifierKey] {
            let (ours, theirs) = (
                try await installation.fixture.store.read { try $0.installationValue(name) },
                try await node.store.read { try $0.installationValue(name) }
            )
            #expect(ours != nil && ours == theirs)
        }
        #expect(try await node.store.read { try $0.installationValue(.unfinishedCopy) } == nil)

        let again = try await node.send(
            "你好", clientId: CopiedInstallation.clientMessageId, to: installation.conversation, by: installation.visitor)
        #expect(again.isDuplicate && again.message.id == installation.sent.message.id)

        let head = try await installation.fixture.store.read { try $0.feedHead() }
        #expect(try await node.store.read { try $0.feedHead() } == head)
        _ = try await node.send("and on", to: installation.conversation, by: installation.visitor)
        let newest = try #require(node.commits.events.last)
        #expect(newest.seq == (before.last?.seq ?? 0) + 1 && newest.id.rawValue > head)
        let generation = try #require(try await node.store.write { try $0.takeLease(.sequencer, seconds: 10) })
        _ = try await node.store.write { try $0.stampFeed(generation: generation, limit: 100) }
        let feed = try await node.store.read { try $0.feed(after: head, limit: 100) }
        #expect(feed.last?.seq == newest.seq && feed.map(\.position) == (1...Int64(feed.count)).map { head + $0 })
    }

    /// A text's end is not where its first NUL is, and what is no text at all is not bent into one.
    @Test func bytesThatNoClientSendsArriveToo() async throws {
        let installation = try await CopiedInstallation.make()
        try await installation.driver.commit { connection in
            try connection.run(
                "UPDATE messages SET content = CAST(? AS TEXT), sources = CAST(? AS TEXT) WHERE id = ?",
                [
                    .blob([0x61, 0, 0x62, 0]), .blob(Array("[\(String(repeating: "源", count: 30_000))]".utf8)),
                    .integer(installation.sent.message.id.rawValue),
                ])
        }
        let target = try await Self.target()
        try await Self.copy(installation.driver, to: target)
        let content = try await target.read { connection in
            try connection.row(
                "SELECT content, length(sources) FROM messages WHERE id = ?",
                [.integer(installation.sent.message.id.rawValue)]
            ) { ($0.optionalBlob(0), $0.optionalInteger(1)) }
        }
        #expect(content?.0 == [0x61, 0, 0x62, 0] && content?.1 == 90_002)
    }

    /// Broken off before and behind every commit there is, again and again on the same database.
    @Test(arguments: [BreakingDriver.Moment.beforeTheCommit, .behindTheCommit])
    func aCopyThatIsBrokenOffAnywhereIsSimplyRunAgain(_ moment: BreakingDriver.Moment) async throws {
        let installation = try await CopiedInstallation.make()
        let target = try await Self.target()
        var runs = 0
        var isComplete = false
        while !isComplete, runs < 400 {
            // Each run gets one transaction further than the last.
            let breaking = BreakingDriver(target, moment, after: moment == .beforeTheCommit && runs > 0 ? 1 : 0)
            runs += 1
            do {
                try await Self.copy(installation.driver, to: breaking, limits: Self.small)
                isComplete = true
            } catch CopyFailure.target(.unavailable) {
                let mark = try await target.number("SELECT 1 FROM installation WHERE name = 'unfinished_copy'")
                let wroteNothing = moment == .beforeTheCommit && runs == 1
                // The last commit takes the mark away.
                if mark == nil, !wroteNothing { isComplete = try await Self.holdsEverything(target, of: installation) }
                if mark == nil, !wroteNothing { #expect(isComplete) }
            }
        }
        #expect(isComplete && runs > CopiedTable.all.count)
        try await Self.expectEqual(installation.driver, target)
        await #expect(throws: CopyFailure.alreadyCopied) { try await Self.copy(installation.driver, to: target) }
    }

    private static func holdsEverything(
        _ target: any DatabaseDriver, of installation: CopiedInstallation
    ) async throws -> Bool {
        let articles = try await target.number("SELECT count(*) FROM articles")
        return try await installation.driver.number("SELECT count(*) FROM articles") == articles
    }

    /// Between an interrupted copy and the next the old server may have been started again.
    @Test func whatChangedBetweenTwoRunsIsCopiedAsItIs() async throws {
        let installation = try await CopiedInstallation.make()
        let target = try await Self.target()
        let broken = BreakingDriver(target, .beforeTheCommit, after: 60)
        await #expect(throws: CopyFailure.target(.unavailable("broken off"))) {
            try await Self.copy(installation.driver, to: broken, limits: Self.small)
        }
        let fixture = installation.fixture
        _ = try await fixture.send("later", to: installation.conversation, by: installation.visitor)
        _ = try await fixture.visitor()
        try await installation.driver.commit { connection in
            try connection.run("DELETE FROM conversation_labels WHERE label = ?", [.text("VIP")])
            try connection.run("UPDATE contacts SET name = 'renamed' WHERE id = (SELECT min(id) FROM contacts)", [])
            try connection.run("DELETE FROM logins WHERE id = (SELECT min(id) FROM logins)", [])
        }
        let steps = Mutex<[CopyStep]>([])
        try await Self.copy(installation.driver, to: target) { step in steps.withLock { $0.append(step) } }
        #expect(steps.withLock { $0.first } == .goesOn)
        try await Self.expectEqual(installation.driver, target)
    }

    @Test func aTargetThatHoldsAnythingElseIsRefused() async throws {
        let installation = try await CopiedInstallation.make()
        let rows: [(table: String, sql: String)] = [
            ("installation", "INSERT INTO installation (name, value) VALUES ('log_epoch', 'x')"),
            ("workspaces", "INSERT INTO workspaces (id, slug, name, created_at) VALUES (1, 'a', 'a', 1)"),
            (
                "conversation_labels",
                "INSERT INTO conversation_labels (conversation_id, label, workspace_id) VALUES (1, 'a', 1)"
            ),
            ("tickets", "INSERT INTO tickets (digest, workspace_id, expires_at) VALUES ('a', 1, 1)"),
        ]
        for (table, sql) in rows {
            let target = try await Self.target()
            try await target.migrate()
            try await target.commit { try $0.run(sql, []) }
            await #expect(throws: CopyFailure.targetIsNotEmpty(table: table)) {
                try await Self.copy(installation.driver, to: target)
            }
            #expect(try await target.number("SELECT 1 FROM installation WHERE name = 'unfinished_copy'") == nil)
        }
    }

    @Test func anUnfinishedCopyOfAnotherInstallationIsLeftAlone() async throws {
        let installation = try await CopiedInstallation.make()
        let target = try await Self.target()
        let broken = BreakingDriver(target, .beforeTheCommit, after: 9)
        await #expect(throws: CopyFailure.self) { try await Self.copy(installation.driver, to: broken) }
        let other = try await CopiedInstallation.make()
        try await other.driver.commit {
            try $0.run("UPDATE installation SET value = X'01' WHERE name = 'log_epoch'", [])
        }
        await #expect(throws: CopyFailure.targetHoldsAnotherCopy) { try await Self.copy(other.driver, to: target) }
        try await Self.copy(installation.driver, to: target)
        try await Self.expectEqual(installation.driver, target)
    }

    @Test func aTargetInUseIsRefused() async throws {
        let installation = try await CopiedInstallation.make()
        let target = try await Self.target()
        try await target.migrate()
        let insert = """
            INSERT INTO nodes (number, node_id, components, started_at, lease_until) VALUES (?, ?, 'api', 1, ?)
            """
        try await target.commit { connection in
            try connection.run(insert, [.integer(1), .text("dead"), .integer(999_999)])
            try connection.run(insert, [.integer(2), .text("alive"), .integer(1_000_000)])
        }
        await #expect(throws: CopyFailure.targetIsInUse(nodeIds: ["alive"])) {
            try await Self.copy(installation.driver, to: target)
        }
        #expect(try await target.number("SELECT 1 FROM installation") == nil)
        try await target.commit { try $0.run("DELETE FROM nodes WHERE number = 2", []) }
        try await Self.copy(installation.driver, to: target)
    }

    /// Enrols in the moment between the look at the nodes and the mark, as a server that starts may.
    @Test func aNodeThatComesWhileTheMarkIsMadeGoesFirst() async throws {
        let installation = try await CopiedInstallation.make()
        let target = try await Self.target()
        let asked = Mutex(0)
        await #expect(throws: CopyFailure.targetIsInUse(nodeIds: ["new"])) {
            try await DatabaseCopy(
                from: installation.driver, to: target,
                targetTime: {
                    let isSecond = asked.withLock { asked in
                        asked += 1
                        return asked == 2
                    }
                    if isSecond {
                        try await target.commit {
                            try $0.run("INSERT INTO nodes VALUES (1, 'new', 'api', 1, 5000000)", [])
                        }
                    }
                    return Timestamp(milliseconds: 1_000_000)
                },
                report: { _ in }
            ).run()
        }
        #expect(try await target.number("SELECT 1 FROM installation") == nil)
    }

    @Test func aFileThatNoServerHasUsedIsRefused() async throws {
        let source = try await TestDatabase.sqlite.open()
        let target = try await Self.target()
        await #expect(throws: CopyFailure.sourceHoldsNothing) { try await Self.copy(source, to: target) }
        #expect(try await target.number("SELECT 1 FROM installation") == nil)
    }

    /// What a column cannot hold: too long, no text, or only spaces too long, which a server cuts off without a word.
    @Test(arguments: [
        ("UPDATE contacts SET phone = printf('%.*c', 201, 'x') WHERE id = ?", "Data too long for column 'phone'"),
        ("UPDATE contacts SET name = CAST(X'61FF' AS TEXT) WHERE id = ?", "Incorrect string value"),
        ("UPDATE contacts SET attributes = CAST(X'C0AF' AS TEXT) WHERE id = ?", "Incorrect string value"),
        ("UPDATE contacts SET phone = 'x' || printf('%300s', '') WHERE id = ?", nil),
    ])
    func whatTheTargetCannotHoldIsNamed(_ sql: String, _ reason: String?) async throws {
        let installation = try await CopiedInstallation.make()
        let target = try await Self.target()
        let contact = try #require(installation.visitor.contact).contactId.rawValue
        try await installation.driver.commit { try $0.run(sql, [.integer(contact)]) }
        let failure = await #expect(throws: CopyFailure.self) {
            try await Self.copy(installation.driver, to: target)
        }
        switch failure {
        case .rejected("contacts", "id \(contact)", let told): #expect(reason.map(told.contains) == true)
        case .difference("contacts", "id \(contact)"): #expect(reason == nil)
        default: Issue.record("\(String(describing: failure))")
        }
        #expect(failure?.description.contains("\n") == false)
        // Put right, it is run again.
        try await installation.driver.commit {
            try $0.run(
                "UPDATE contacts SET phone = NULL, name = 'x', attributes = '{}' WHERE id = ?", [.integer(contact)])
        }
        try await Self.copy(installation.driver, to: target)
        try await Self.expectEqual(installation.driver, target)
    }

    @Test func aRowThatIsNotWhatWasCopiedIsFound() async throws {
        let installation = try await CopiedInstallation.make()
        let target = try await Self.target()
        let id = installation.sent.message.id.rawValue
        // Another program writes into the target, at the last moment.
        await #expect(throws: CopyFailure.difference(table: "messages", key: "id \(id)")) {
            try await Self.copy(installation.driver, to: target) { step in
                guard case .verified(table: "conversation_labels", _, _) = step else { return }
                let done = DispatchSemaphore(value: 0)
                target.write({ try $0.run("UPDATE messages SET content = '你好 ' WHERE id = ?", [.integer(id)]) }) { _ in
                    done.signal()
                }
                done.wait()
            }
        }
        #expect(try await target.number("SELECT 1 FROM installation WHERE name = 'unfinished_copy'") == 1)
        try await Self.copy(installation.driver, to: target)
        try await Self.expectEqual(installation.driver, target)
    }
}

/// A database whose writes fail from some moment on, as they do when a process is killed.
final class BreakingDriver: ForwardingDriver {
    enum Moment: Sendable {
        case beforeTheCommit
        case behindTheCommit
    }

    let driver: any DatabaseDriver
    private let moment: Moment
    private let left: Mutex<Int>

    /// - Parameter count: of the writes that go well.
    init(_ driver: any DatabaseDriver, _ moment: Moment, after count: Int) {
        self.driver = driver
        self.moment = moment
        left = Mutex(count)
    }

    func write(
        _ batch: @escaping @Sendable (any SQLConnection) throws -> Void,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        let breaks = left.withLock { left in
            left -= 1
            return left < 0
        }
        let failure = StorageFailure.unavailable("broken off")
        let moment = moment
        driver.write(
            { connection in
                try batch(connection)
                if breaks, moment == .beforeTheCommit { throw failure }
            },
            completion: { result in completion(breaks ? result.flatMap { .failure(failure) } : result) })
    }
}
