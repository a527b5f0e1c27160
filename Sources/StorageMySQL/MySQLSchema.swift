import EmbeddedFiles
import Storage

/// Migrations of the MySQL schema: plain SQL files, numbered from 2, at which both kinds of databases have the same tables.
///
/// The server commits each change of the schema by itself, so a migration can be interrupted in its middle. Therefore the
/// version's row is written first and counts the statements that are done. An interrupted migration goes on behind them;
/// the first statement that it runs may have been carried out without being counted, so for that one alone "exists
/// already" and "is gone already" count as done.
struct MySQLSchema {
    struct Migration {
        var version: Int
        var name: String
        var statements: [String]
    }

    /// Keeps the versions. Not part of the schema itself, which is the same on every kind of database.
    static let versionTable = "schema_versions"

    /// In order. `migrations/mysql-0002-initial.sql` is version 2.
    static let embedded: [Migration] = EmbeddedFile.all(in: "migrations/mysql-").compactMap { file in
        let number = file.path.dropFirst("migrations/mysql-".count).prefix { $0 != "-" }
        return Int(number).map {
            Migration(
                version: $0, name: String(file.path.dropFirst("migrations/".count)),
                statements: SQLScript.statements(of: file.text))
        }
    }.sorted { $0.version < $1.version }

    var migrations = Self.embedded
    /// Called before each statement of a migration, with its place; tests break the migration off there.
    var willRun: @Sendable (_ version: Int, _ statement: Int) throws -> Void = { _, _ in }

    var known: Int { migrations.last?.version ?? 0 }

    /// How far a migration has come.
    struct Progress: Equatable {
        var version: Int
        /// Statements that are done.
        var done: Int
        var isFinished: Bool
    }

    /// What is left to do, without changing anything.
    /// - Throws: ``StorageFailure/newerSchema(found:known:)``; ``StorageFailure/misconfigured(_:)`` for a database that holds
    ///   tables of another program.
    func due(on connection: MySQLConnection) throws -> [Migration] {
        let progress = try progress(on: connection)
        if let newest = progress.map(\.version).max(), newest > known {
            throw StorageFailure.newerSchema(found: newest, known: known)
        }
        if progress.isEmpty {
            let foreign = try tables(on: connection).subtracting([Self.versionTable])
            guard foreign.isEmpty else {
                let some = foreign.sorted().prefix(3).joined(separator: ", ")
                throw StorageFailure.misconfigured("the database holds tables that are not of this program: \(some)")
            }
        }
        let finished = Set(progress.filter(\.isFinished).map(\.version))
        return migrations.filter { !finished.contains($0.version) }
    }

    /// Brings the schema up to date. The caller sees to it that nobody else does so at the same time.
    func migrate(on connection: MySQLConnection) throws -> SchemaMigration {
        let due = try due(on: connection)
        if !due.isEmpty {
            try connection.run(
                """
                CREATE TABLE IF NOT EXISTS \(Self.versionTable) (version INT NOT NULL PRIMARY KEY, \
                statements_done INT NOT NULL, finished INT NOT NULL) ENGINE = InnoDB
                """, [])
        }
        for migration in due { try run(migration, on: connection) }
        return SchemaMigration(version: known, applied: due.map(\.name))
    }

    private func run(_ migration: Migration, on connection: MySQLConnection) throws {
        let version = SQLValue.integer(Int64(migration.version))
        let found = try progress(on: connection).first { $0.version == migration.version }
        if found == nil {
            try connection.run(
                "INSERT INTO \(Self.versionTable) (version, statements_done, finished) VALUES (?, 0, 0)", [version])
        }
        let done = found?.done ?? 0
        for (index, statement) in migration.statements.enumerated().dropFirst(done) {
            try willRun(migration.version, index)
            do {
                try connection.control(statement)
            } catch {
                guard found != nil, index == done, case .alreadyDone? = connection.lastError?.kind else { throw error }
            }
            try connection.run(
                "UPDATE \(Self.versionTable) SET statements_done = ? WHERE version = ?",
                [.integer(Int64(index) + 1), version])
        }
        try connection.run("UPDATE \(Self.versionTable) SET finished = 1 WHERE version = ?", [version])
    }

    private func progress(on connection: MySQLConnection) throws -> [Progress] {
        guard try tables(on: connection).contains(Self.versionTable) else { return [] }
        var progress: [Progress] = []
        try connection.each("SELECT version, statements_done, finished FROM \(Self.versionTable) ORDER BY version", [])
        {
            let value = Progress(
                version: Int($0.optionalInteger(0) ?? 0), done: Int($0.optionalInteger(1) ?? 0),
                isFinished: $0.optionalInteger(2) == 1)
            progress.append(value)
            return true
        }
        return progress
    }

    private func tables(on connection: MySQLConnection) throws -> Set<String> {
        var tables: Set<String> = []
        try connection.each("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()", []) {
            if let name = $0.optionalText(0) { tables.insert(name.lowercased()) }
            return true
        }
        return tables
    }
}
