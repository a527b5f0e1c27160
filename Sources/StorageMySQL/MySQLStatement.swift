import CMariaDB
import Storage

/// A prepared statement of the server with the memory that its parameters and rows go through. Everything unsafe about
/// statements is in this file.
///
/// Integers go through slots of 64 bits. Texts and blobs go out from one block of bytes, and come in by length first: a
/// row tells how long a column is, and only a column that is asked for is copied, straight into the value.
final class MySQLStatement {
    private let statement: UnsafeMutablePointer<MYSQL_STMT>
    private let readTimeout: Duration
    private let parameters: UnsafeMutableBufferPointer<MYSQL_BIND>
    private let parameterIntegers: UnsafeMutableBufferPointer<Int64>
    private var bytes: UnsafeMutableRawBufferPointer
    private let columns: UnsafeMutableBufferPointer<MYSQL_BIND>
    private let columnIntegers: UnsafeMutableBufferPointer<Int64>
    private let columnLengths: UnsafeMutableBufferPointer<UInt>
    private let columnNulls: UnsafeMutableBufferPointer<my_bool>
    private let columnErrors: UnsafeMutableBufferPointer<my_bool>
    private let areIntegers: [Bool]

    /// When it was last used, in the connection's own count.
    var lastUse: UInt64 = 0
    /// Whether a row of it is being looked at.
    var isInUse = false

    /// Above this the block of bytes is given back after the statement: one long message must not be held for ever.
    private static let keptBytes = 64 * 1024

    /// Takes over a statement that was prepared.
    init(_ statement: UnsafeMutablePointer<MYSQL_STMT>, readTimeout: Duration) {
        self.statement = statement
        self.readTimeout = readTimeout
        let parameterCount = Int(mysql_stmt_param_count(statement))
        let columnCount = Int(mysql_stmt_field_count(statement))
        parameters = .allocate(capacity: parameterCount)
        parameters.initialize(repeating: MYSQL_BIND())
        parameterIntegers = .allocate(capacity: parameterCount)
        parameterIntegers.initialize(repeating: 0)
        bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        columns = .allocate(capacity: columnCount)
        columns.initialize(repeating: MYSQL_BIND())
        columnIntegers = .allocate(capacity: columnCount)
        columnIntegers.initialize(repeating: 0)
        columnLengths = .allocate(capacity: columnCount)
        columnLengths.initialize(repeating: 0)
        columnNulls = .allocate(capacity: columnCount)
        columnNulls.initialize(repeating: 1)
        columnErrors = .allocate(capacity: columnCount)
        columnErrors.initialize(repeating: 0)
        areIntegers = Self.integerColumns(of: statement, count: columnCount)
        bindColumns()
    }

    deinit {
        mysql_stmt_close(statement)
        parameters.deallocate()
        parameterIntegers.deallocate()
        bytes.deallocate()
        columns.deallocate()
        columnIntegers.deallocate()
        columnLengths.deallocate()
        columnNulls.deallocate()
        columnErrors.deallocate()
    }

    /// Which columns are numbers. Sums and roundings count as whole numbers, as they are on SQLite.
    private static func integerColumns(of statement: UnsafeMutablePointer<MYSQL_STMT>, count: Int) -> [Bool] {
        guard count > 0, let result = mysql_stmt_result_metadata(statement) else { return [] }
        defer { mysql_free_result(result) }
        guard let fields = mysql_fetch_fields(result), Int(mysql_num_fields(result)) >= count else { return [] }
        return (0..<count).map { index in
            switch fields[index].type {
            case MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_INT24, MYSQL_TYPE_LONG, MYSQL_TYPE_LONGLONG,
                MYSQL_TYPE_YEAR, MYSQL_TYPE_DECIMAL, MYSQL_TYPE_NEWDECIMAL, MYSQL_TYPE_FLOAT, MYSQL_TYPE_DOUBLE:
                true
            default: false
            }
        }
    }

    private func bindColumns() {
        for index in columns.indices {
            var bind = MYSQL_BIND()
            if areIntegers.indices.contains(index), areIntegers[index] {
                bind.buffer_type = MYSQL_TYPE_LONGLONG
                bind.buffer = UnsafeMutableRawPointer(columnIntegers.baseAddress?.advanced(by: index))
                bind.buffer_length = UInt(MemoryLayout<Int64>.size)
            } else {
                // No room at all: the row only tells the length.
                bind.buffer_type = MYSQL_TYPE_BLOB
            }
            bind.length = columnLengths.baseAddress?.advanced(by: index)
            bind.is_null = columnNulls.baseAddress?.advanced(by: index)
            bind.error = columnErrors.baseAddress?.advanced(by: index)
            columns[index] = bind
        }
    }

    /// Runs it. Rows, if it gives any, are on this side when it returns.
    /// - Throws: ``MySQLError``, or ``StorageFailure/broken(_:)`` for a wrong number of arguments.
    func execute(_ arguments: [SQLValue]) throws {
        guard arguments.count == parameters.count else {
            throw StorageFailure.broken("\(arguments.count) arguments for \(parameters.count) parameters")
        }
        fill(arguments)
        defer { if bytes.count > Self.keptBytes { releaseBytes() } }
        let began = ContinuousClock.now
        if !parameters.isEmpty {
            guard mysql_stmt_bind_param(statement, parameters.baseAddress) == 0 else { throw lastError(since: began) }
        }
        guard mysql_stmt_execute(statement) == 0 else { throw lastError(since: began) }
        guard Int(mysql_stmt_field_count(statement)) == columns.count else {
            mysql_stmt_free_result(statement)
            throw MySQLError(number: UInt32(CR_NEW_STMT_METADATA), message: "the statement's columns have changed")
        }
        guard !columns.isEmpty else { return }
        guard mysql_stmt_bind_result(statement, columns.baseAddress) == 0, mysql_stmt_store_result(statement) == 0
        else {
            let error = lastError(since: began)
            mysql_stmt_free_result(statement)
            throw error
        }
    }

    var columnCount: Int { columns.count }

    /// Rows that the last execution matched.
    var matchedRows: Int { columns.isEmpty ? Int(clamping: mysql_stmt_affected_rows(statement)) : 0 }

    /// The counted key that the last execution made.
    var insertedKey: Int64 { Int64(clamping: mysql_stmt_insert_id(statement)) }

    /// Steps to the next row of the last execution.
    /// - Returns: false behind the last one.
    func step() throws(MySQLError) -> Bool {
        guard !columns.isEmpty else { return false }
        return switch mysql_stmt_fetch(statement) {
        case 0, MYSQL_DATA_TRUNCATED: true  // texts and blobs always are: they are fetched when asked for
        case MYSQL_NO_DATA: false
        default: throw lastError(since: .now)
        }
    }

    /// Forgets the rows that are left.
    func finish() {
        if !columns.isEmpty { mysql_stmt_free_result(statement) }
    }

    private func lastError(since began: ContinuousClock.Instant) -> MySQLError {
        MySQLError(of: statement, since: began, timeout: readTimeout)
    }
}

// MARK: - Parameters

extension MySQLStatement {
    /// Puts the arguments where the library reads them. The library keeps the addresses until the execution is over, so all
    /// bytes are placed before the first address is taken.
    private func fill(_ arguments: [SQLValue]) {
        reserve(max(1, arguments.reduce(0) { $0 + $1.byteCount }))
        var offset = 0
        for (index, argument) in arguments.enumerated() {
            var bind = MYSQL_BIND()
            switch argument {
            case .null: bind.buffer_type = MYSQL_TYPE_NULL
            case .integer(let integer):
                parameterIntegers[index] = integer
                bind.buffer_type = MYSQL_TYPE_LONGLONG
                bind.buffer = UnsafeMutableRawPointer(parameterIntegers.baseAddress?.advanced(by: index))
            case .text(var text):
                text.withUTF8 { place(UnsafeRawBufferPointer($0), at: offset, in: &bind, as: MYSQL_TYPE_STRING) }
            case .blob(let blob):
                blob.withUnsafeBytes { place($0, at: offset, in: &bind, as: MYSQL_TYPE_BLOB) }
            }
            offset += argument.byteCount
            parameters[index] = bind
        }
    }

    private func place(
        _ source: UnsafeRawBufferPointer, at offset: Int, in bind: inout MYSQL_BIND, as type: enum_field_types
    ) {
        bind.buffer_type = type
        // An address also for an empty value: without one the library would send NULL.
        bind.buffer = bytes.baseAddress
        guard !source.isEmpty, offset + source.count <= bytes.count else { return }
        let target = UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + source.count])
        target.copyMemory(from: source)
        bind.buffer = target.baseAddress
        bind.buffer_length = UInt(source.count)
        bind.length_value = UInt(source.count)
    }

    private func reserve(_ count: Int) {
        guard count > bytes.count else { return }
        bytes.deallocate()
        bytes = .allocate(byteCount: max(count, 256), alignment: 1)
    }

    private func releaseBytes() {
        bytes.deallocate()
        bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
}

extension SQLValue {
    /// Bytes outside the integer slots.
    var byteCount: Int {
        switch self {
        case .null, .integer: 0
        case .text(let text): text.utf8.count
        case .blob(let bytes): bytes.count
        }
    }
}

// MARK: - Rows

/// The row on which a statement stands.
struct MySQLRow: SQLRow {
    let statement: MySQLStatement

    func optionalInteger(_ column: Int) -> Int64? { statement.integer(at: column) }
    func optionalText(_ column: Int) -> String? { statement.text(at: column) }
    func optionalBlob(_ column: Int) -> [UInt8]? { statement.blob(at: column) }
    func value(_ column: Int) -> SQLValue {
        statement.integer(at: column).map(SQLValue.integer) ?? statement.blob(at: column).map(SQLValue.blob) ?? .null
    }
}

extension MySQLStatement {
    func integer(at column: Int) -> Int64? {
        guard areIntegers.indices.contains(column), areIntegers[column], columnNulls[column] == 0 else { return nil }
        return columnIntegers[column]
    }

    func text(at column: Int) -> String? {
        guard let length = length(at: column) else { return nil }
        guard length > 0 else { return "" }
        return String(unsafeUninitializedCapacity: length) { buffer in
            fetch(column, into: UnsafeMutableRawBufferPointer(buffer), length: length)
        }
    }

    func blob(at column: Int) -> [UInt8]? {
        guard let length = length(at: column) else { return nil }
        guard length > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            count = fetch(column, into: UnsafeMutableRawBufferPointer(buffer), length: length)
        }
    }

    /// Bytes of a text or blob; nil for NULL and for numbers.
    private func length(at column: Int) -> Int? {
        guard areIntegers.indices.contains(column), !areIntegers[column], columnNulls[column] == 0 else { return nil }
        return Int(clamping: columnLengths[column])
    }

    /// Copies a column out of the row.
    /// - Returns: the bytes copied; 0 when the library refuses.
    private func fetch(_ column: Int, into buffer: UnsafeMutableRawBufferPointer, length: Int) -> Int {
        guard let start = buffer.baseAddress, buffer.count >= length else { return 0 }
        var bind = MYSQL_BIND()
        var (copied, isNull, isCut): (UInt, my_bool, my_bool) = (0, 0, 0)
        let status = withUnsafeMutablePointer(to: &copied) { copied in
            withUnsafeMutablePointer(to: &isNull) { isNull in
                withUnsafeMutablePointer(to: &isCut) { isCut in
                    bind.buffer_type = MYSQL_TYPE_BLOB
                    bind.buffer = start
                    bind.buffer_length = UInt(length)
                    bind.length = copied
                    bind.is_null = isNull
                    bind.error = isCut
                    return mysql_stmt_fetch_column(statement, &bind, UInt32(clamping: column), 0)
                }
            }
        }
        return status == 0 && isNull == 0 ? length : 0
    }
}
