import Foundation
import GRDB
import Storage

/// One GRDB connection for the length of a transaction.
final class SQLiteConnection: SQLConnection {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    /// One writer holds the whole database, so no row needs a lock of its own.
    var lockingClause: String { "" }

    /// LIKE looks at no collation.
    func searched(_ column: String) -> String { column }

    func read(by index: String) -> String { "INDEXED BY \(index)" }
    /// The key is the place of the row itself and no index.
    var readByKey: String { "NOT INDEXED" }
    var orderedJoin: String { "CROSS JOIN" }
    var insertUnlessThere: String { "INSERT OR IGNORE INTO" }

    /// Keys are counted, and one writer gives them in commit order.
    var feedPosition: String { "id" }

    func columns(of table: String) throws -> [String] {
        var names: [String] = []
        try each("SELECT name FROM pragma_table_info(?) ORDER BY cid", [.text(table)]) { row in
            if let name = row.optionalText(0) { names.append(name) }
            return true
        }
        return names
    }

    func nested<Value>(_ work: () throws -> Value) throws -> Value {
        try run("SAVEPOINT command", [])
        do {
            let value = try work()
            try run("RELEASE SAVEPOINT command", [])
            return value
        } catch {
            if let failure = error as? StorageFailure, !failure.isOfOneCommand { throw failure }
            try run("ROLLBACK TO SAVEPOINT command", [])
            try run("RELEASE SAVEPOINT command", [])
            throw error
        }
    }

    var lastInsertedKey: Int64 { database.lastInsertedRowID }

    @discardableResult
    func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        do {
            let statement = try database.cachedStatement(sql: sql)
            try statement.execute(arguments: StatementArguments(arguments.map(\.databaseValue)))
            return database.changesCount
        } catch let error as DatabaseError {
            throw StorageFailure(error)
        }
    }

    func each(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Bool) throws {
        do {
            let statement = try database.cachedStatement(sql: sql)
            let rows = try Row.fetchCursor(statement, arguments: StatementArguments(arguments.map(\.databaseValue)))
            while let row = try rows.next() {
                guard try body(SQLiteRow(row: row)) else { return }
            }
        } catch let error as DatabaseError {
            throw StorageFailure(error)
        }
    }
}

private struct SQLiteRow: SQLRow {
    let row: Row

    // By way of DatabaseValue: GRDB's direct conversions trap on a value of another type.
    func optionalInteger(_ column: Int) -> Int64? { Int64.fromDatabaseValue(row[column]) }
    func optionalText(_ column: Int) -> String? { String.fromDatabaseValue(row[column]) }
    func optionalBlob(_ column: Int) -> [UInt8]? {
        guard case .blob(let data) = (row[column] as DatabaseValue).storage else { return nil }
        return Array(data)
    }

    func value(_ column: Int) -> SQLValue {
        switch (row[column] as DatabaseValue).storage {
        case .null: return .null
        case .int64(let integer): return .integer(integer)
        case .blob(let data): return .blob(Array(data))
        case .string, .double:
            // GRDB ends a text at its first NUL; these are all of its bytes. The tables are strict and hold no doubles.
            let bytes = try? row.withUnsafeData(atIndex: column) { Array($0 ?? Data()) }
            return String(validating: bytes ?? [], as: UTF8.self).map(SQLValue.text) ?? .blob(bytes ?? [])
        }
    }
}

extension SQLValue {
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let integer): integer.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }
}

extension StorageFailure {
    init(_ error: DatabaseError) {
        let text = "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "")"
        switch error.resultCode {
        case .SQLITE_FULL: self = .full
        case .SQLITE_CONSTRAINT: self = .constraint(text)
        case .SQLITE_ERROR, .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_MISMATCH, .SQLITE_RANGE, .SQLITE_TOOBIG,
            .SQLITE_MISUSE:
            self = .broken(text)
        default: self = .unavailable(text)
        }
    }
}
