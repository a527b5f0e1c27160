import Domain
import Foundation
import Logging
import Storage
import StorageSQLite
import Testing

/// Reads on the caller's own thread.
@Suite struct ReadersInPlaceTests {
    private struct Refused: Error {}

    @Test func seesWhatIsCommittedAndGoesOnAfterARefusal() async throws {
        try await withDriver { driver in
            for number in 1...3 {
                try await put(driver, "a", number)
                #expect(try driver.readInPlace { try value($0, "a") } == [UInt8(number)])
                #expect(throws: Refused.self) { try driver.readInPlace { _ in throw Refused() } as Int? }
            }
        }
    }

    @Test func readsInOneSnapshot() async throws {
        try await withDriver { driver in
            try await put(driver, "a", 1)
            let both = try driver.readInPlace { connection in
                let before = try value(connection, "a")
                // Another connection reads and writes meanwhile; this one keeps to what it saw first.
                try wait { try await put(driver, "a", 2) }
                return [before, try value(connection, "a")]
            }
            #expect(both == [[1], [1]])
            #expect(try driver.readInPlace { try value($0, "a") } == [2])
        }
    }

    @Test func nobodyWaitsForAConnection() async throws {
        try await withDriver { driver in
            try await put(driver, "a", 1)
            // Each read holds a connection while the next one is begun within it.
            func depth(_ level: Int) throws -> Int {
                try driver.readInPlace { connection in
                    _ = try value(connection, "a")
                    return level < 50 ? try depth(level + 1) : level
                } ?? level - 1
            }
            let most = try depth(1)
            #expect((1..<50).contains(most))
            #expect(try depth(1) == most)
        }
    }

    @Test func thereIsNoneOnceTheDatabaseIsClosed() async throws {
        try await withDriver { driver in
            try await put(driver, "a", 1)
            _ = try driver.readInPlace { try value($0, "a") }
            await driver.close()
            #expect(try driver.readInPlace { try value($0, "a") } == nil)
        }
    }

    private func withDriver(_ test: (SQLiteDriver) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let driver = try SQLiteDriver(
            path: folder.appending(path: "chat.db").path(percentEncoded: false),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await driver.migrate()
        try await test(driver)
        await driver.close()
    }

    private func value(_ connection: any SQLConnection, _ name: String) throws -> [UInt8] {
        var found: [UInt8] = []
        try connection.each("SELECT value FROM installation WHERE name = ?", [.text(name)]) { row in
            found = row.optionalBlob(0) ?? []
            return false
        }
        return found
    }

    private func put(_ driver: SQLiteDriver, _ name: String, _ value: Int) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            driver.write {
                try $0.run(
                    "INSERT INTO installation (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    [.text(name), .blob([UInt8(value)])])
            } completion: {
                continuation.resume(with: $0)
            }
        }
    }

    /// Holds this thread until the work is done.
    private func wait(_ work: @escaping @Sendable () async throws -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            try? await work()
            done.signal()
        }
        guard done.wait(timeout: .now() + 60) == .success else { throw Refused() }
    }
}
