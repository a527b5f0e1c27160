/// One of the two databases of a copy, in whose name its failures are told.
struct CopySide: Sendable {
    let driver: any DatabaseDriver
    /// Rows and bytes of a page.
    let limits: CopyLimits
    let failed: @Sendable (StorageFailure) -> CopyFailure

    func migrate() async throws -> Int { try await named { try await driver.migrate().version } }

    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> Value) async throws -> Value {
        try await named { try await driver.read(body) }
    }

    /// Runs `batch` in one transaction and returns when it is on disk.
    func commit(_ batch: @escaping @Sendable (any SQLConnection) throws -> Void) async throws {
        try await named {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                driver.write(batch) { continuation.resume(with: $0) }
            }
        }
    }

    /// The rows behind a key, in order; none behind the last one. Where a page ends depends on its rows alone, so that
    /// equal tables have equal pages.
    func page(_ layout: TableLayout, after key: [SQLValue]?) async throws -> [[SQLValue]] {
        let limits = limits
        return try await read { connection in
            let (sql, arguments) = layout.select(
                after: key, limit: limits.rows, feedPosition: connection.feedPosition)
            var rows: [[SQLValue]] = []
            var bytes = 0
            try connection.each(sql, arguments) { row in
                let values = layout.columns.indices.map(row.value)
                rows.append(values)
                bytes += values.reduce(0) { $0 + $1.length }
                return bytes < limits.bytes
            }
            return rows
        }
    }

    func named<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let failure as StorageFailure {
            throw failed(failure)
        }
    }
}

/// How much a copy has in its hands at once.
struct CopyLimits: Sendable {
    /// Rows of a page, and of a transaction that writes one.
    var rows = 500
    /// Bytes of texts and blobs behind which a page ends early.
    var bytes = 4 << 20
    /// Rows of one INSERT: beyond some dozens a statement gets longer, and nothing gets faster.
    var rowsOfStatement = 50
    /// Bytes beyond which rows are inserted one by one. Half of the smallest packet that servers are set up to take.
    var bytesOfStatement = 512 << 10
    /// Rows of a table after which progress is told.
    var rowsBetweenReports = 50_000
}

extension SQLValue {
    /// Bytes of a text or blob.
    var length: Int {
        switch self {
        case .null, .integer: 0
        case .text(let text): text.utf8.count
        case .blob(let bytes): bytes.count
        }
    }
}
