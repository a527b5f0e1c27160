import Foundation
import Storage
import Synchronization
import Testing

@testable import StorageMySQL

@Suite(.databases) struct SchemaTests {
    /// What one database holds can be copied into the other, column by column.
    @Test(.enabled(if: MySQLTestServer.isThere))
    func bothKindsOfDatabasesHaveTheSameTablesAndColumns() async throws {
        func columns(_ database: TestDatabase, _ query: String) async throws -> Set<String> {
            let driver = try await database.open()
            try await driver.migrate()
            return try await driver.read { connection in
                var columns: Set<String> = []
                try connection.each(query, []) { row in
                    columns.insert("\(row.optionalText(0) ?? "").\(row.optionalText(1) ?? "")")
                    return true
                }
                return columns
            }
        }
        let sqlite = try await columns(
            .sqlite,
            """
            SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c \
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'
            """)
        let mysql = try await columns(
            .mysql,
            """
            SELECT table_name, column_name FROM information_schema.columns \
            WHERE table_schema = DATABASE() AND table_name <> 'schema_versions'
            """)
        #expect(mysql.subtracting(sqlite) == ["events.feed_position"])
        #expect(sqlite.subtracting(mysql).isEmpty)
    }

    @Test(arguments: TestDatabase.all)
    func aSchemaThatIsUpToDateIsLeftAlone(on database: TestDatabase) async throws {
        let driver = try await database.open()
        let first = try await driver.migrate()
        #expect(!first.applied.isEmpty)
        #expect(try await driver.migrate() == SchemaMigration(version: first.version, applied: []))
    }

    /// The server commits each statement of a migration by itself, and the node may die between any two.
    @Test(.enabled(if: MySQLTestServer.isThere))
    func aMigrationThatIsBrokenOffAnywhereGoesOnWhereItWas() async throws {
        struct BrokenOff: Error {}
        let server = try #require(MySQLTestServer.environment)
        let scope = try #require(DatabaseScope.current)
        let address = try await server.newDatabase()
        // A second version with what cannot be said with IF NOT EXISTS on both servers.
        let later = MySQLSchema.Migration(
            version: 1 + (MySQLSchema.embedded.last?.version ?? 0), name: "mysql-later-test.sql",
            statements: [
                "ALTER TABLE leases ADD COLUMN note BIGINT", "CREATE INDEX leases_by_note ON leases (note)",
                "ALTER TABLE nodes DROP COLUMN components",
            ])
        let all = MySQLSchema.embedded + [later]
        let total = all.reduce(0) { $0 + $1.statements.count }
        var runs = 0
        while runs <= total {
            // Each run does one statement, carries the next one out without counting it, and dies.
            let left = Mutex(2)
            let schema = MySQLSchema(migrations: all) { version, index in
                let isLast = left.withLock { left in
                    left -= 1
                    return left == 0
                }
                guard isLast else { return }
                if let statement = all.first(where: { $0.version == version })?.statements[index] {
                    let connection = try server.connect(to: address.database)
                    defer { connection.close() }
                    try? connection.control(statement)
                }
                throw BrokenOff()
            }
            let driver = MySQLDriver(MySQLOpening(address: address), schema: schema, logger: .silent)
            runs += 1
            do {
                try await driver.migrate()
                await driver.close()
                break
            } catch is BrokenOff {
                await driver.close()
            }
        }
        #expect(runs == total)
        let driver = scope.driver(on: address)
        await #expect(throws: StorageFailure.newerSchema(found: later.version, known: later.version - 1)) {
            try await driver.migrate()
        }
        let columns = try await driver.number(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'note'")
        #expect(columns == 1)
    }

    @Test(.enabled(if: MySQLTestServer.isThere))
    func nodesThatStartTogetherMigrateOnce() async throws {
        let server = try #require(MySQLTestServer.environment)
        let scope = try #require(DatabaseScope.current)
        let address = try await server.newDatabase()
        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<4 {
                let driver = scope.driver(on: address)
                group.addTask { try await driver.migrate().applied }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(applied == MySQLSchema.embedded.map(\.name))
    }

    @Test func aScriptFallsIntoItsStatements() {
        let script = """
            -- a comment; with a semicolon and a quote '
            CREATE TABLE a (b INT DEFAULT ';' COMMENT 'it''s -- no comment');\r
            INSERT INTO `odd;name` VALUES ("x;y"); -- behind

            ;
            SELECT 1 - -1
            """
        #expect(
            SQLScript.statements(of: script) == [
                "CREATE TABLE a (b INT DEFAULT ';' COMMENT 'it''s -- no comment')",
                "INSERT INTO `odd;name` VALUES (\"x;y\")", "SELECT 1 - -1",
            ])
    }
}
