import Foundation
import Logging
import Storage
import StorageSQLite
import Synchronization
import Testing

@testable import StorageMySQL

/// The kinds of databases that every test of the store runs on.
///
/// MySQL is the server that the environment names, `CHAT_API_TEST_MYSQL=mysql://root@127.0.0.1:3306/`, with an account that may
/// create databases. `make test` starts one (`Scripts/with-servers`); without the variable the tests run on SQLite alone.
enum TestDatabase: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case sqlite
    case mysql

    static let all: [TestDatabase] = MySQLTestServer.environment == nil ? [.sqlite] : allCases

    var testDescription: String { rawValue }

    /// A driver on a new database, which is closed and removed at the end of the test.
    func open() async throws -> any DatabaseDriver {
        let scope = try #require(DatabaseScope.current, "the suite needs the trait .databases")
        switch self {
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
            let driver = try SQLiteDriver(
                path: folder.appending(path: "chat.db").path(percentEncoded: false), logger: .silent)
            scope.atTheEnd {
                await driver.close()
                try? FileManager.default.removeItem(at: folder)
            }
            return driver
        case .mysql:
            let server = try #require(MySQLTestServer.environment)
            return try scope.driver(on: await server.newDatabase())
        }
    }
}

/// The MySQL server that the tests use.
struct MySQLTestServer: Sendable {
    static let environment: MySQLTestServer? =
        ProcessInfo.processInfo.environment["CHAT_API_TEST_MYSQL"].flatMap { MySQLTestServer(url: $0) }
    /// For `.enabled(if:)`.
    static var isThere: Bool { environment != nil }

    /// Without a database.
    var address: MySQLAddress

    init(address: MySQLAddress) {
        self.address = address
    }

    init?(url: String) {
        guard let parts = URLComponents(string: url), parts.scheme == "mysql", let host = parts.host else { return nil }
        address = MySQLAddress(
            host: host, port: parts.port ?? 3306, user: parts.user ?? "root", password: parts.password ?? "",
            database: "")
    }

    /// The address of a database whose name no other test has. It is not created yet, and removed at the end of the test.
    func newDatabase() async throws -> MySQLAddress {
        let scope = try #require(DatabaseScope.current, "the suite needs the trait .databases")
        await scope.takePlace()
        var address = address
        let name = "chat_test_\(UInt64.random(in: .min ... .max))"
        address.database = name
        scope.atTheEnd { _ = try? await run("DROP DATABASE IF EXISTS `\(name)`") }
        return address
    }

    /// A connection of its own that commits each statement, outside of any database or in one. It blocks.
    func connect(to database: String? = nil) throws -> MySQLConnection {
        MySQLConnection(
            try MySQLHandle(address, database: database, timeouts: .init(read: 30)), maximumPacketBytes: 1 << 30)
    }

    /// Runs statements on a connection of their own.
    /// - Returns: the rows that they gave.
    @discardableResult
    func run(_ statements: String..., in database: String? = nil) async throws -> [[String?]] {
        try await blocking {
            let connection = try connect(to: database)
            defer { connection.close() }
            return try statements.flatMap { try connection.texts($0) }
        }
    }
}

extension MySQLConnection {
    /// The rows of a query, with numbers as texts.
    func texts(_ sql: String, _ arguments: [SQLValue] = []) throws -> [[String?]] {
        var rows: [[String?]] = []
        try each(sql, arguments) { row in
            guard let row = row as? MySQLRow else { return false }
            rows.append(
                (0..<row.statement.columnCount).map { column in
                    row.optionalText(column) ?? row.optionalInteger(column).map(String.init)
                })
            return true
        }
        return rows
    }
}

/// Runs work that blocks outside of the threads that the tests themselves run on.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "test").async { continuation.resume(with: Result { try work() }) }
    }
}

extension DatabaseDriver {
    /// Commits a batch.
    func commit(_ batch: @escaping @Sendable (any SQLConnection) throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            write(batch) { continuation.resume(with: $0) }
        }
    }

    /// The first column of a query's first row.
    func number(_ sql: String, _ arguments: SQLValue...) async throws -> Int64? {
        try await read { connection in
            var number: Int64?
            try connection.each(sql, arguments) { row in
                number = row.optionalInteger(0)
                return false
            }
            return number
        }
    }
}

/// Ends what a test has opened when the test has ended, whichever way.
struct DatabaseScope: TestTrait, SuiteTrait, TestScoping {
    /// MySQL databases that tests have open at once: the tests of a run begin all together, and a server has a limit of
    /// connections.
    private static let turnstile = Turnstile(places: 8)
    @TaskLocal static var current: Scope?

    let isRecursive = true

    final class Scope: Sendable {
        private let endings = Mutex<[@Sendable () async -> Void]>([])
        private let hasPlace = Mutex(false)

        func atTheEnd(_ work: @escaping @Sendable () async -> Void) { endings.withLock { $0.append(work) } }

        /// A driver that is closed at the end of the test.
        func driver(on address: MySQLAddress) -> MySQLDriver {
            let driver = MySQLDriver(address, logger: .silent)
            atTheEnd { await driver.close() }
            return driver
        }

        /// One place does for all databases of a test.
        func takePlace() async {
            let isFirst = hasPlace.withLock { hasPlace in
                defer { hasPlace = true }
                return !hasPlace
            }
            if isFirst { await turnstile.enter() }
        }

        fileprivate func end() async {
            for ending in endings.withLock({ $0 }).reversed() { await ending() }
            if hasPlace.withLock({ $0 }) { await turnstile.leave() }
        }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let scope = Scope()
        let result: Result<Void, any Error>
        do {
            try await Self.$current.withValue(scope) { try await function() }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await scope.end()
        try result.get()
    }
}

extension Trait where Self == DatabaseScope {
    /// Closes and removes the databases of each test at its end.
    static var databases: Self { Self() }
}

/// Lets so many in at once.
actor Turnstile {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) {
        free = places
    }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
