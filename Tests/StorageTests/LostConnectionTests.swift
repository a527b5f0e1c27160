import Foundation
import Storage
import Synchronization
import Testing

@testable import StorageMySQL

/// The server or the way to it fails, in every manner, and comes back.
@Suite(.databases, .enabled(if: MySQLTestServer.isThere)) struct LostConnectionTests {
    private static func insert(_ name: String, on connection: any SQLConnection) throws {
        try connection.run("INSERT INTO installation (name, value) VALUES (?, ?)", [.text(name), .blob([1])])
    }

    private static func connectionId(_ connection: any SQLConnection) throws -> Int64 {
        var id: Int64 = 0
        try connection.each("SELECT CONNECTION_ID()", []) { row in
            id = row.optionalInteger(0) ?? 0
            return true
        }
        return id
    }

    private func count(_ driver: MySQLDriver) async throws -> Int64? {
        try await driver.number("SELECT count(*) FROM installation")
    }

    /// A driver on a new database of the common server.
    private func driver() async throws -> (MySQLDriver, MySQLTestServer) {
        let server = try #require(MySQLTestServer.environment)
        let driver = try #require(DatabaseScope.current).driver(on: try await server.newDatabase())
        try await driver.migrate()
        return (driver, server)
    }

    @Test func aConnectionThatWasLostBetweenBatchesIsMadeAnew() async throws {
        let (driver, server) = try await driver()
        let id = Mutex<Int64>(0)
        try await driver.commit { connection in
            try id.withLock { $0 = try Self.connectionId(connection) }
            try Self.insert("a", on: connection)
        }
        try await server.run("KILL \(id.withLock { $0 })")
        try await driver.commit { try Self.insert("b", on: $0) }
        #expect(try await count(driver) == 2)
    }

    @Test func aBatchWhoseConnectionIsLostBeforeItsCommitRunsOnceMore() async throws {
        let (driver, server) = try await driver()
        let runs = Mutex(0)
        try await driver.commit { connection in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            try Self.insert("a", on: connection)
            if run == 1 {
                let other = try server.connect()
                try other.control("KILL \(try Self.connectionId(connection))")
                other.close()
            }
            try Self.insert("b", on: connection)
        }
        #expect(runs.withLock { $0 } == 2)
        #expect(try await count(driver) == 2)
    }

    /// Also when the batch itself takes no notice.
    @Test func aBatchThatSwallowsTheLossIsNotCommittedHalf() async throws {
        let (driver, server) = try await driver()
        let runs = Mutex(0)
        try await driver.commit { connection in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            try Self.insert("a", on: connection)
            if run == 1 {
                let other = try server.connect()
                try other.control("KILL \(try Self.connectionId(connection))")
                other.close()
            }
            try? Self.insert("b", on: connection)
            try? Self.insert("c", on: connection)
        }
        #expect(runs.withLock { $0 } == 2)
        #expect(try await count(driver) == 3)
    }

    /// Nobody knows whether it happened, so it must not be done again.
    @Test func aCommitWhoseAnswerIsLostIsNotRepeated() async throws {
        let (driver, server) = try await driver()
        let runs = Mutex(0)
        do {
            try await driver.commit { connection in
                runs.withLock { $0 += 1 }
                try Self.insert("a", on: connection)
                let other = try server.connect()
                try other.control("KILL \(try Self.connectionId(connection))")
                other.close()
            }
            Issue.record("the connection is lost")
        } catch StorageFailure.unavailable(let text) {
            #expect(text.contains("which may have happened"))
        }
        #expect(runs.withLock { $0 } == 1)
        try await driver.commit { try Self.insert("b", on: $0) }
        #expect(try await count(driver) == 1)
    }

    @Test func aReadWhoseConnectionIsLostIsRepeated() async throws {
        let (driver, server) = try await driver()
        let runs = Mutex(0)
        let number = try await driver.read { connection -> Int64 in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            let id = try Self.connectionId(connection)
            if run == 1 {
                let other = try server.connect()
                try other.control("KILL \(id)")
                other.close()
            }
            return try Self.connectionId(connection)
        }
        #expect(number > 0 && runs.withLock { $0 } == 2)
    }

    /// The ping finds it, so that not even the first run is in vain.
    @Test func aConnectionThatWasIdleIsLookedAtBeforeItIsUsed() async throws {
        let server = try #require(MySQLTestServer.environment)
        let opening = MySQLOpening(
            address: try await server.newDatabase(), ages: .init(idleBeforePing: .zero, maximumLifetime: .seconds(60)))
        let driver = MySQLDriver(opening, schema: MySQLSchema(), logger: .silent)
        try #require(DatabaseScope.current).atTheEnd { await driver.close() }
        try await driver.migrate()
        let ids = Mutex<[Int64]>([])
        for _ in 0..<3 {
            try await driver.commit { connection in
                let id = try Self.connectionId(connection)
                ids.withLock { $0.append(id) }
            }
            let reading = try await driver.read { connection in
                let id = try Self.connectionId(connection)
                ids.withLock { $0.append(id) }
                return id
            }
            let writing = ids.withLock { $0[$0.count - 2] }
            try await server.run("KILL \(writing)", "KILL \(reading)")
        }
        #expect(ids.withLock { Set($0).count == 6 && $0.count == 6 })
    }

    @Test func aReadingConnectionIsGivenUpAtItsAge() async throws {
        let server = try #require(MySQLTestServer.environment)
        let opening = MySQLOpening(address: try await server.newDatabase(), ages: .init(maximumLifetime: .zero))
        let driver = MySQLDriver(opening, schema: MySQLSchema(), logger: .silent)
        try #require(DatabaseScope.current).atTheEnd { await driver.close() }
        try await driver.migrate()
        let ids = try await [
            driver.read { try Self.connectionId($0) }, driver.read { try Self.connectionId($0) },
            driver.read { try Self.connectionId($0) },
        ]
        #expect(Set(ids).count == 3)
    }

    /// The server ends the work itself, and does not go on with what nobody waits for.
    @Test func aReadThatTakesTooLongIsEndedByTheServer() async throws {
        let (driver, server) = try await driver()
        let marker = "read \(UInt64.random(in: .min ... .max))"
        let began = ContinuousClock.now
        await #expect(throws: StorageFailure.self) {
            try await driver.number("SELECT SLEEP(60) /* \(marker) */")
        }
        #expect(ContinuousClock.now - began < .seconds(7))
        let left = try await server.run(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND info LIKE '%\(marker)%'"
        )
        #expect(left == [["0"]])
        #expect(try await count(driver) == 0)
    }

    @Test func aReadIsOneSnapshotAndTheNextSeesWhatWasCommittedSince() async throws {
        let (driver, server) = try await driver()
        try await driver.commit { try Self.insert("a", on: $0) }
        let database = try await driver.read { connection in
            (connection as? MySQLConnection).flatMap { try? $0.texts("SELECT DATABASE()").first?.first ?? nil }
        }
        let name = try #require(database)
        let (before, after) = try await driver.read { connection in
            func count() throws -> Int64 {
                var count: Int64 = 0
                try connection.each("SELECT count(*) FROM installation", []) { row in
                    count = row.optionalInteger(0) ?? 0
                    return true
                }
                return count
            }
            let before = try count()
            let other = try server.connect(to: name)
            defer { other.close() }
            try other.control("INSERT INTO installation (name, value) VALUES ('b', 'x')")
            return (before, try count())
        }
        #expect(before == 1 && after == 1)
        #expect(try await count(driver) == 2)
        await #expect(throws: StorageFailure.self, "a read cannot write") {
            try await driver.read { try Self.insert("c", on: $0) }
        }
        #expect(try await count(driver) == 2)
    }

    @Test func aServerThatIsKilledIsToldAtOnceAndFoundAgainWhenItIsBack() async throws {
        let mariadb = try await PrivateMariaDB()
        let driver = try #require(DatabaseScope.current).driver(on: try await mariadb.server.newDatabase())
        try await driver.migrate()
        try await driver.takeNodeNumber(1)
        try await driver.commit { try Self.insert("a", on: $0) }
        // Warm connections on both sides.
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try? await count(driver) } }
        }
        mariadb.kill(SIGKILL)
        let began = ContinuousClock.now
        for _ in 0..<5 {
            await #expect(throws: StorageFailure.self) { try await driver.commit { try Self.insert("b", on: $0) } }
            await #expect(throws: StorageFailure.self) { try await count(driver) }
        }
        #expect(ContinuousClock.now - began < .seconds(2))
        try await mariadb.start()
        // The very next ones succeed: nothing sleeps, nothing has to be opened by hand.
        try await driver.commit { try Self.insert("b", on: $0) }
        for _ in 0..<20 { #expect(try await count(driver) == 2) }
        #expect(try await driver.freeLocks(ofNode: 1), "the new connection has the node's lock")
    }

    /// A frozen server takes connections and says nothing.
    @Test func aFrozenServerIsToldInBoundedTimeAndThePoolHealsItself() async throws {
        let mariadb = try await PrivateMariaDB()
        let driver = try #require(DatabaseScope.current).driver(on: try await mariadb.server.newDatabase())
        try await driver.migrate()
        try await driver.takeNodeNumber(1)
        try await driver.commit { try Self.insert("a", on: $0) }
        _ = try await count(driver)
        try await mariadb.freeze()
        func took(_ work: () async throws -> Void) async -> Duration {
            let began = ContinuousClock.now
            await #expect(throws: StorageFailure.self) { try await work() }
            return ContinuousClock.now - began
        }
        async let write = took { try await driver.commit { try Self.insert("b", on: $0) } }
        // More than there are connections: those that get none must hear of it, too.
        let reads = await withTaskGroup(of: Duration.self) { group in
            for _ in 0..<30 { group.addTask { await took { _ = try await count(driver) } } }
            return await group.reduce(.zero) { max($0, $1) }
        }
        #expect(await write < .seconds(7))
        #expect(reads < .seconds(12))
        #expect(await took { try await driver.commit { try Self.insert("b", on: $0) } } < .seconds(7))
        mariadb.thaw()
        try await eventually { (try? await driver.commit { try Self.insert("c", on: $0) }) != nil }
        try await eventually { (try? await count(driver)) != nil }
        // What timed out was never committed.
        #expect(try await count(driver) == 2)
        #expect(try await driver.freeLocks(ofNode: 1), "the new connection has the node's lock")
    }

    @Test func aServerWithoutFreeConnectionsIsToldAtOnceAndUsedAgainWhenThereAreSome() async throws {
        let mariadb = try await PrivateMariaDB(options: "--max-connections=10")
        let scope = try #require(DatabaseScope.current)
        try await mariadb.server.run("CREATE USER chat IDENTIFIED BY 'secret'", "GRANT ALL ON *.* TO chat")
        var address = try await mariadb.server.newDatabase()
        (address.user, address.password) = ("chat", "secret")
        let migrating = MySQLDriver(address, logger: .silent)
        try await migrating.migrate()
        await migrating.close()
        var others = MySQLTestServer(address: address)
        others.address.database = ""
        let server = others
        let held = HeldConnections()
        try await eventually {
            do {
                try await blocking { held.add(try server.connect()) }
                return false
            } catch let error as MySQLError {
                return error.number == 1040
            }
        }
        let driver = scope.driver(on: address)
        let began = ContinuousClock.now
        await #expect(throws: StorageFailure.self) { try await driver.commit { try Self.insert("a", on: $0) } }
        await #expect(throws: StorageFailure.self) { try await count(driver) }
        await #expect(throws: StorageFailure.self) { try await driver.migrate() }
        #expect(ContinuousClock.now - began < .seconds(2))
        held.closeAll()
        try await eventually { (try? await driver.commit { try Self.insert("a", on: $0) }) != nil }
        #expect(try await count(driver) == 1)
    }

    @Test func aServerThatTurnsReadOnlyRefusesWritesAndServesReads() async throws {
        let mariadb = try await PrivateMariaDB()
        let scope = try #require(DatabaseScope.current)
        try await mariadb.server.run("CREATE USER chat IDENTIFIED BY 'secret'", "GRANT ALL ON *.* TO chat")
        // The right to write nevertheless.
        try await mariadb.server.run("REVOKE READ_ONLY ADMIN, SUPER ON *.* FROM chat")
        var address = try await mariadb.server.newDatabase()
        (address.user, address.password) = ("chat", "secret")
        let driver = scope.driver(on: address)
        try await driver.migrate()
        try await mariadb.server.run("SET GLOBAL read_only = 1")
        do {
            try await driver.commit { try Self.insert("a", on: $0) }
            Issue.record("the server is read-only")
        } catch StorageFailure.unavailable {
        }
        #expect(try await count(driver) == 0)
        try await mariadb.server.run("SET GLOBAL read_only = 0")
        try await driver.commit { try Self.insert("a", on: $0) }
        #expect(try await count(driver) == 1)
    }
}

/// Connections that only take places.
private final class HeldConnections: @unchecked Sendable {  // handed over by the lock
    private let lock = NSLock()
    private var connections: [MySQLConnection] = []

    func add(_ connection: MySQLConnection) { lock.withLock { connections.append(connection) } }

    func closeAll() {
        lock.withLock {
            for connection in connections { connection.close() }
            connections = []
        }
    }
}
