import Domain
import Foundation
import GRDB
import Logging
import Storage
import StorageSQLite
import Testing

/// What must stay small or quick however long the server runs.
@Suite struct DatabaseUpkeepTests {
    /// A log is checkpointed once nothing is written, begun anew and written over: it does not grow with every commit, and
    /// the database holds what was in it.
    @Test func theLogIsWrittenOverOnceItWasCheckpointed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "chat.db").path(percentEncoded: false)
        let driver = try SQLiteDriver(path: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await driver.migrate()
        func commit(_ name: String, bytes: Int) async throws {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                driver.write { connection in
                    try connection.run(
                        "INSERT INTO installation (name, value) VALUES (?, ?)",
                        [.text(name), .blob([UInt8](repeating: 7, count: bytes))])
                } completion: {
                    continuation.resume(with: $0)
                }
            }
        }
        func logBytes() throws -> Int {
            try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int ?? 0
        }
        func databaseBytes() throws -> Int {
            try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        }
        try await commit("large", bytes: 6 << 20)
        let longest = try logBytes()
        #expect(longest > 6 << 20)
        try await eventually { try databaseBytes() > 6 << 20 }
        for index in 0..<3 { try await commit("small \(index)", bytes: 10) }
        #expect(try logBytes() == longest)

        // Without a pause too.
        for index in 0..<8 { try await commit("larger \(index)", bytes: 30 << 20) }
        #expect(try logBytes() < 130 << 20)
        await driver.close()
    }
}
