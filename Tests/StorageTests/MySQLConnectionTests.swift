import Foundation
import Storage
import Synchronization
import Testing

@testable import StorageMySQL

/// The driver's own machinery: what errors mean, how values cross, who reads when.
@Suite(.databases) struct MySQLConnectionTests {
    @Test(arguments: [
        (1062, "constraint"), (1452, "constraint"), (1451, "constraint"), (1048, "constraint"), (4025, "constraint"),
        (3819, "constraint"), (1021, "full"), (1114, "full"), (1213, "unavailable"), (1205, "unavailable"),
        (2002, "unavailable"), (2003, "unavailable"), (2006, "unavailable"), (2013, "unavailable"),
        (1040, "unavailable"),
        (1053, "unavailable"), (1290, "unavailable"), (1927, "unavailable"), (1317, "unavailable"),
        (1836, "unavailable"),
        (1047, "unavailable"), (1045, "misconfigured"), (1049, "misconfigured"), (1044, "misconfigured"),
        (1142, "misconfigured"), (1227, "misconfigured"), (3159, "misconfigured"), (3101, "unavailable"),
        (1180, "unavailable"), (3675, "full"), (1130, "misconfigured"), (1251, "misconfigured"),
        (2059, "misconfigured"), (1064, "broken"), (1146, "broken"), (1054, "broken"), (1406, "broken"),
        (9999, "broken"),
    ])
    func everyErrorHasItsMeaning(number: Int, meaning: String) {
        let failure = MySQLError(number: UInt32(number), message: "text").failure
        #expect("\(failure)".hasPrefix(meaning) && (failure == .full || "\(failure)".contains("\(number)")))
        // What leaves the transaction whole is of one command.
        #expect((MySQLError(number: UInt32(number), message: "").fault == nil) == failure.isOfOneCommand)
    }

    @Test func whatAServerSaysInsteadOfAGreetingIsFoundInItsWrapping() {
        let wrapped = MySQLError(
            number: 2002,
            message:
                "Received error packet before completion of TLS handshake. The authenticity of the following error "
                + "cannot be verified: 1130 - Host '10.0.0.1' is not allowed - really")
        #expect(wrapped.unwrapped.number == 1130)
        #expect(wrapped.unwrapped.message == "Host '10.0.0.1' is not allowed - really")
        #expect(MySQLError(number: 2002, message: "cannot be verified: x").unwrapped.number == 2002)
        #expect(MySQLError(number: 2002, message: "Connection refused").unwrapped.number == 2002)
    }

    @Test func aTLSHandshakeThatIsBrokenOffMayBeTriedAgain() {
        #expect(MySQLError(number: 2026, message: "TLS/SSL error: unexpected eof while reading").fault == .lost)
        #expect(MySQLError(number: 2026, message: "TLS/SSL error: certificate verify failed").fault == .refused)
    }

    @Test func greetings() {
        #expect(ServerProbe.isGreeting([0x4a, 0, 0, 0, 10, 0x38]))
        #expect(ServerProbe.isGreeting([0x17, 0, 0, 0, 0xff, 0x10, 0x04]))
        #expect(!ServerProbe.isGreeting([5, 0, 0, 0, 0x0b]))
        #expect(!ServerProbe.isGreeting(Array("HTTP/1.1".utf8)))
        #expect(!ServerProbe.isGreeting([]))
        #expect(!ServerProbe.isGreeting([0x4a, 0, 0, 0]))
    }

    // MARK: - Values

    /// Runs on a connection to the common server that is like the writer's.
    private func onConnection<Value: Sendable>(
        _ work: @escaping @Sendable (MySQLConnection) throws -> Value
    ) async throws -> Value {
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let driver = try #require(DatabaseScope.current).driver(on: address)
        try await driver.migrate()
        return try await blocking {
            let connection = try MySQLOpening(address: address).open(.writer)
            defer { connection.close() }
            return try work(connection)
        }
    }

    @Test(.enabled(if: MySQLTestServer.isThere))
    func integersCrossWhole() async throws {
        let integers: [Int64] = [0, 1, -1, .max, .min, 1 << 32, -(1 << 31), 4_503_599_627_370_497]
        let read = try await onConnection { connection in
            try integers.map { integer -> Int64? in
                var read: Int64?
                try connection.each("SELECT CAST(? AS SIGNED), 'text', NULL", [.integer(integer)]) { row in
                    read = row.optionalInteger(0)
                    #expect(row.optionalText(0) == nil && row.optionalBlob(0) == nil, "a number is no text")
                    #expect(row.optionalInteger(1) == nil && row.optionalText(1) == "text")
                    #expect(row.optionalInteger(2) == nil && row.optionalText(2) == nil && row.optionalBlob(2) == nil)
                    #expect(row.optionalInteger(3) == nil && row.optionalText(-1) == nil, "there is no such column")
                    return true
                }
                return read
            }
        }
        #expect(read == integers)
    }

    @Test(.enabled(if: MySQLTestServer.isThere))
    func sumsAreWholeNumbersAsOnSQLite() async throws {
        try await onConnection { connection throws -> Void in
            #expect(
                try connection.texts(
                    "SELECT SUM(n), COUNT(*), MAX(n), AVG(n) FROM (SELECT 3 AS n UNION ALL SELECT 5) t")
                    == [["8", "2", "5", "4"]])
            #expect(try connection.texts("SELECT EXISTS (SELECT 1) OR EXISTS (SELECT 1 WHERE 1 = 0)") == [["1"]])
            #expect(try connection.texts("SELECT 'a' || 'b'") == [["ab"]], "as on SQLite")
        }
    }

    @Test(.enabled(if: MySQLTestServer.isThere))
    func textsOfEveryLengthCrossWhole() async throws {
        try await onConnection { connection in
            for length in [0, 1, 7, 8, 250, 251, 255, 256, 65_535, 65_536, 1_000_000] {
                let text = String(repeating: "ü", count: length)
                var read: String?
                // The same statement for short and long, null and not.
                try connection.each("SELECT ?, ?", [.text(text), length % 2 == 0 ? .null : .text("x")]) { row in
                    read = row.optionalText(0)
                    #expect(row.optionalText(1) == (length % 2 == 0 ? nil : "x"))
                    return true
                }
                #expect(read == text)
            }
        }
    }

    @Test(.enabled(if: MySQLTestServer.isThere))
    func aWrongStatementFailsAloneAndAValueThatDoesNotFitIsRefusedAndNotCut() async throws {
        try await onConnection { connection in
            let insert = "INSERT INTO installation (name, value) VALUES (?, ?)"
            try connection.run(insert, [.text("a"), .blob([1])])
            func isBroken(_ sql: String, _ arguments: [SQLValue] = []) {
                #expect { try connection.run(sql, arguments) } throws: { error in
                    if case .broken = error as? StorageFailure { true } else { false }
                }
            }
            isBroken("SELEKT 1")
            isBroken("SELECT * FROM nothing")
            isBroken(insert, [.text("b")])
            isBroken(insert, [.text(String(repeating: "n", count: 65)), .blob([])])
            isBroken(insert, [.text("huge"), .blob([UInt8](repeating: 1, count: 70_000))])
            isBroken(insert, [.text("huge"), .blob([UInt8](repeating: 1, count: 40 << 20))])
            isBroken("UPDATE conversations SET number = ? WHERE id = 'x'; DROP TABLE events", [.text("x")])
            #expect(connection.fault == nil)
            try connection.commit()
            #expect(try connection.texts("SELECT name FROM installation") == [["a"]])
        }
    }

    /// The server's supply of prepared statements is shared by all.
    @Test(.enabled(if: MySQLTestServer.isThere))
    func statementsAreKeptPreparedInBoundedNumber() async throws {
        try await onConnection { connection in
            func open() throws -> Int {
                let rows =
                    try connection.texts("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'")
                    + connection.texts("SHOW SESSION STATUS LIKE 'Com_stmt_close'")
                let counts = rows.compactMap { $0[1].flatMap { Int($0) } }
                return (counts.first ?? 0) - (counts.last ?? 0)
            }
            for round in 0..<3 {
                for number in 0..<MySQLConnection.maximumStatements * 2 {
                    #expect(try connection.texts("SELECT \(number) + ?", [.integer(Int64(round))]).count == 1)
                }
            }
            #expect(try open() <= MySQLConnection.maximumStatements)
            let before = try open()
            for _ in 0..<50 { _ = try connection.texts("SELECT 'hot' + ?", [.integer(1)]) }
            #expect(try open() - before <= 1)
        }
    }

    /// Another node may change the schema under a prepared statement.
    @Test(.enabled(if: MySQLTestServer.isThere))
    func aStatementSurvivesAChangeOfItsTable() async throws {
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let driver = try #require(DatabaseScope.current).driver(on: address)
        try await driver.migrate()
        let server = try #require(MySQLTestServer.environment)
        for type in ["VARBINARY(100)", "BLOB", "BIGINT", "MEDIUMTEXT"] {
            try await server.run("ALTER TABLE leases MODIFY owner \(type) NOT NULL", in: address.database)
            try await driver.commit { connection in
                try connection.run(
                    "INSERT INTO leases (name, owner, generation, lease_until) VALUES (?, '7', 1, 1)", [.text(type)])
                var count = 0
                try connection.each("SELECT name, owner FROM leases", []) { row in
                    _ = row.optionalText(1) ?? row.optionalInteger(1).map(String.init)
                    count += 1
                    return true
                }
                #expect(count > 0)
            }
        }
        #expect(try await driver.number("SELECT count(*) FROM leases") == 4)
    }

    // MARK: - The pool

    @Test(.enabled(if: MySQLTestServer.isThere))
    func readsWaitInTurnAndOnlySoLong() async throws {
        let driver = try #require(DatabaseScope.current).driver(
            on: try await #require(MySQLTestServer.environment).newDatabase())
        try await driver.migrate()
        let release = DispatchSemaphore(value: 0)
        let (begun, order) = (Counter(), Counter())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<ReaderPool.size {
                group.addTask {
                    try await driver.read { _ in
                        begun.add(1)
                        release.wait()
                    }
                }
            }
            try await eventually { begun.values.count == ReaderPool.size }
            // All are lent: one who waits is told after its time, and one who is cancelled at once.
            let began = ContinuousClock.now
            let cancelled = Task { try await driver.read { _ in } }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            #expect(ContinuousClock.now - began < .seconds(2))
            await #expect(throws: StorageFailure.self) { try await driver.read { _ in } }
            let waited = ContinuousClock.now - began
            #expect(waited >= ReaderPool.maximumWait && waited < ReaderPool.maximumWait + .seconds(2))
            for index in 0..<5 {
                group.addTask { try await driver.read { _ in order.add(index) } }
                // In line before the next one comes.
                try await eventually { driver.waitingReads == index + 1 }
            }
            release.signal()
            try await eventually { order.values.count == 5 }
            #expect(order.values == [0, 1, 2, 3, 4])
            for _ in 1..<ReaderPool.size { release.signal() }
            try await group.waitForAll()
        }
        await driver.close()
        await #expect(throws: StorageFailure.self) { try await driver.read { _ in } }
        await #expect(throws: StorageFailure.self) { try await driver.commit { _ in } }
    }
}

/// Numbers in the order in which they were added.
private final class Counter: Sendable {
    private let numbers = Mutex<[Int]>([])
    var values: [Int] { numbers.withLock { $0 } }
    func add(_ number: Int) { numbers.withLock { $0.append(number) } }
}
