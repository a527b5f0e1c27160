import Foundation
import GRDB
import GRDBSQLite
import Storage

/// One connection for the length of a transaction.
///
/// GRDB opens it, keeps its statements and runs its transactions; values go in and out by SQLite's own functions: what GRDB
/// makes of arguments and rows (arrays, dictionaries of column names, copies) took as long as the statements themselves.
final class SQLiteConnection: SQLConnection {
    private let database: Database
    private let handle: OpaquePointer?
    private let usesSavepoints: Bool

    /// - Parameter usesSavepoints: whether ``nested(_:)`` sets a savepoint. A savepoint makes SQLite keep a copy of every page
    ///   that is changed after it, which costs more than the command itself and is almost never needed: without it, the
    ///   first command that fails after it has written throws ``SavepointsNeeded`` and the batch begins anew with them.
    init(_ database: Database, usesSavepoints: Bool = true) {
        self.database = database
        handle = database.sqliteConnection
        self.usesSavepoints = usesSavepoints
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
        guard usesSavepoints else {
            let changes = sqlite3_total_changes64(handle)
            do {
                return try work()
            } catch {
                if let failure = error as? StorageFailure, !failure.isOfOneCommand { throw failure }
                guard sqlite3_total_changes64(handle) == changes else { throw SavepointsNeeded() }
                throw error
            }
        }
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

    var lastInsertedKey: Int64 { sqlite3_last_insert_rowid(handle) }

    @discardableResult
    func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        let statement = try bound(sql, arguments)
        defer { sqlite3_reset(statement) }
        var code = sqlite3_step(statement)
        while code == SQLITE_ROW { code = sqlite3_step(statement) }
        guard code == SQLITE_DONE else { throw failure() }
        return Int(sqlite3_changes(handle))
    }

    func each(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Bool) throws {
        let statement = try bound(sql, arguments)
        defer { sqlite3_reset(statement) }
        let row = SQLiteRow(statement: statement)
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: guard try body(row) else { return }
            case SQLITE_DONE: return
            default: throw failure()
            }
        }
    }

    /// The prepared statement, with its arguments in place.
    private func bound(_ sql: String, _ arguments: [SQLValue]) throws -> OpaquePointer {
        let statement: OpaquePointer
        do {
            statement = try database.cachedStatement(sql: sql).sqliteStatement
        } catch let error as DatabaseError {
            throw StorageFailure(error)
        }
        // One that is run within itself would lose its place.
        guard sqlite3_stmt_busy(statement) == 0 else { throw StorageFailure.broken("a statement runs already: \(sql)") }
        guard Int(sqlite3_bind_parameter_count(statement)) == arguments.count else {
            throw StorageFailure.broken("\(arguments.count) arguments are not what this takes: \(sql)")
        }
        for (index, argument) in arguments.enumerated() {
            guard argument.bind(to: statement, at: Int32(index + 1)) == SQLITE_OK else { throw failure() }
        }
        return statement
    }

    /// What the connection's last call met.
    private func failure() -> StorageFailure {
        StorageFailure(
            DatabaseError(
                resultCode: ResultCode(rawValue: sqlite3_extended_errcode(handle)),
                message: sqlite3_errmsg(handle).map { String(cString: $0) }))
    }
}

/// The row that a statement stands on.
///
/// SQLite converts a value to the type that is asked for; a column of another type reads as nil instead.
private struct SQLiteRow: SQLRow {
    let statement: OpaquePointer

    func optionalInteger(_ column: Int) -> Int64? {
        let column = Int32(column)
        return sqlite3_column_type(statement, column) == SQLITE_INTEGER ? sqlite3_column_int64(statement, column) : nil
    }

    func optionalText(_ column: Int) -> String? {
        let column = Int32(column)
        guard sqlite3_column_type(statement, column) == SQLITE_TEXT else { return nil }
        return text(column)
    }

    func optionalBlob(_ column: Int) -> [UInt8]? {
        let column = Int32(column)
        guard sqlite3_column_type(statement, column) == SQLITE_BLOB else { return nil }
        return bytes(column)
    }

    func value(_ column: Int) -> SQLValue {
        let index = Int32(column)
        switch sqlite3_column_type(statement, index) {
        case SQLITE_NULL: return .null
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, index))
        case SQLITE_BLOB: return .blob(bytes(index))
        default:
            // The tables are strict and hold no doubles.
            let found = textBytes(index)
            return String(validating: found, as: UTF8.self).map(SQLValue.text) ?? .blob(Array(found))
        }
    }

    private func text(_ column: Int32) -> String { String(decoding: textBytes(column), as: UTF8.self) }

    /// Good until the statement's next step.
    private func textBytes(_ column: Int32) -> UnsafeBufferPointer<UInt8> {
        let start = sqlite3_column_text(statement, column)
        return UnsafeBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
    }

    private func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }
}

extension SQLValue {
    /// SQLite takes a copy of texts and blobs.
    fileprivate func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        // SQLITE_TRANSIENT, which is a macro that Swift does not see.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch self {
        case .null: return sqlite3_bind_null(statement, index)
        case .integer(let integer): return sqlite3_bind_int64(statement, index, integer)
        case .text(var text):
            return text.withUTF8 { bytes in
                // A null pointer would be NULL and no empty text.
                guard let start = bytes.baseAddress else { return sqlite3_bind_text(statement, index, "", 0, nil) }
                return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text64(statement, index, $0, UInt64(bytes.count), copied, UInt8(SQLITE_UTF8))
                }
            }
        case .blob(let blob):
            return blob.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress, !bytes.isEmpty else {
                    return sqlite3_bind_zeroblob(statement, index, 0)
                }
                return sqlite3_bind_blob64(statement, index, start, UInt64(bytes.count), copied)
            }
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
