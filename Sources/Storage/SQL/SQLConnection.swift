import Domain

/// A value that goes into a statement.
public enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
}

/// One result row, read by column position in the order of the SELECT.
///
/// A column of another type than asked for reads as nil or as the neutral value: the schema is ours and strict, and a
/// damaged file must not trap the process.
public protocol SQLRow {
    func optionalInteger(_ column: Int) -> Int64?
    func optionalText(_ column: Int) -> String?
    func optionalBlob(_ column: Int) -> [UInt8]?

    /// What is in the column, whatever its type, and byte for byte. A text comes as a blob where the database cannot tell it
    /// from one, or where it is not UTF-8.
    func value(_ column: Int) -> SQLValue
}

extension SQLRow {
    func integer(_ column: Int) -> Int64 { optionalInteger(column) ?? 0 }
    func text(_ column: Int) -> String { optionalText(column) ?? "" }
    func timestamp(_ column: Int) -> Timestamp { Timestamp(milliseconds: integer(column)) }
    func optionalTimestamp(_ column: Int) -> Timestamp? { optionalInteger(column).map(Timestamp.init(milliseconds:)) }
    func identifier<Entity>(_ column: Int, of _: Entity.Type = Entity.self) -> Identifier<Entity> {
        Identifier(integer(column))
    }
}

/// A connection inside one transaction. It never leaves the closure that it is handed to.
///
/// Both drivers speak it: statements are prepared once per connection and text, parameters are positional (`?`), and
/// the SQL is what SQLite 3.40, MySQL 8.0 and MariaDB 10.11 share.
public protocol SQLConnection: AnyObject {
    /// Runs a statement that gives no rows.
    /// - Returns: how many rows it changed.
    /// - Throws: ``StorageFailure``.
    @discardableResult
    func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int

    /// Runs a query and hands over each row until `body` returns false.
    /// - Throws: ``StorageFailure``, or what `body` throws.
    func each(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Bool) throws

    /// Runs `work` so that, when it throws, nothing of it is left, while the transaction around it goes on. Calls are not
    /// nested in each other.
    /// - Throws: what `work` throws; ``SavepointsNeeded`` when the driver went without a way back and needs it now.
    func nested<Value>(_ work: () throws -> Value) throws -> Value

    /// The key that the last insert into a table with a counted key got.
    var lastInsertedKey: Int64 { get }

    /// What a SELECT needs behind it to lock its rows until the commit; empty where one writer holds the whole database.
    var lockingClause: String { get }

    /// A column whose values are compared byte by byte, as LIKE must name it to find texts regardless of ASCII case.
    func searched(_ column: String) -> String

    /// What stands behind a table's name in FROM to have it read by one of its indexes and no other. The one database keeps no
    /// statistics and the other guesses by a few pages: where a list must not become a walk through the table, we say how.
    func read(by index: String) -> String

    /// The same for rows that are looked up by their key.
    var readByKey: String { get }

    /// A join whose left side is read first.
    var orderedJoin: String { get }

    /// The beginning of an insert that passes over rows which are there already.
    var insertUnlessThere: String { get }

    /// Names of a table's columns, in the order of the schema; none when there is no such table.
    /// - Throws: ``StorageFailure``.
    func columns(of table: String) throws -> [String]

    /// The column of `events` that holds an event's place in the workspace feed. Where one writer holds the whole database
    /// keys are given in commit order, and the key is the place.
    var feedPosition: String { get }
}

/// A command has failed after it had written, and the batch ran without savepoints: the driver rolls the whole batch back and
/// runs it again with them. Whoever runs commands only passes it on.
public struct SavepointsNeeded: Error {
    public init() {}
}

extension SQLConnection {
    /// All rows of a query.
    func rows<Value>(
        _ sql: String, _ arguments: [SQLValue], _ decode: (any SQLRow) throws -> Value
    ) throws -> [Value] {
        var values: [Value] = []
        try each(sql, arguments) { row in
            values.append(try decode(row))
            return true
        }
        return values
    }

    /// The first row of a query, or nil when there is none.
    func row<Value>(
        _ sql: String, _ arguments: [SQLValue], _ decode: (any SQLRow) throws -> Value
    ) throws -> Value? {
        var value: Value?
        try each(sql, arguments) { row in
            value = try decode(row)
            return false
        }
        return value
    }

    func integer(_ sql: String, _ arguments: [SQLValue] = []) throws -> Int64? {
        try row(sql, arguments) { $0.optionalInteger(0) } ?? nil
    }
}

extension SQLValue {
    static func identifier<Entity>(_ identifier: Identifier<Entity>) -> SQLValue { .integer(identifier.rawValue) }
    static func identifier<Entity>(_ identifier: Identifier<Entity>?) -> SQLValue {
        identifier.map { .integer($0.rawValue) } ?? .null
    }
    static func time(_ timestamp: Timestamp) -> SQLValue { .integer(timestamp.milliseconds) }
    static func time(_ timestamp: Timestamp?) -> SQLValue { timestamp.map { .integer($0.milliseconds) } ?? .null }
    static func optional(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }
    static func optional(_ integer: Int64?) -> SQLValue { integer.map { .integer($0) } ?? .null }
    static func flag(_ flag: Bool) -> SQLValue { .integer(flag ? 1 : 0) }
}
