import EmbeddedFiles
import GRDB
import Storage

/// Migrations of the SQLite schema: plain SQL files, numbered from 1, each in a transaction of its own. The version that a
/// file has reached stands in its `user_version`.
enum SQLiteSchema {
    struct Migration {
        var version: Int
        var name: String
        var sql: String
    }

    /// In order. `migrations/sqlite-0001-initial.sql` is version 1.
    static var migrations: [Migration] {
        EmbeddedFile.all(in: "migrations/sqlite-").compactMap { file in
            let number = file.path.dropFirst("migrations/sqlite-".count).prefix { $0 != "-" }
            return Int(number).map {
                Migration(version: $0, name: String(file.path.dropFirst("migrations/".count)), sql: file.text)
            }
        }.sorted { $0.version < $1.version }
    }

    /// - Throws: ``StorageFailure/newerSchema(found:known:)`` for a file that a newer build has written.
    static func migrate(_ database: Database) throws -> SchemaMigration {
        do {
            let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            let migrations = migrations
            let known = migrations.last?.version ?? 0
            guard found <= known else { throw StorageFailure.newerSchema(found: found, known: known) }
            let due = migrations.filter { $0.version > found }
            for migration in due {
                try database.inTransaction(.immediate) {
                    try database.execute(sql: migration.sql)
                    try database.execute(sql: "PRAGMA user_version = \(migration.version)")
                    return .commit
                }
            }
            return SchemaMigration(version: known, applied: due.map(\.name))
        } catch let error as DatabaseError {
            throw StorageFailure(error)
        }
    }
}
