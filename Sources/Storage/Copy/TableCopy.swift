/// Copies one table, in the order of its key and in transactions of a page each.
struct TableCopy: Sendable {
    let layout: TableLayout
    let source: CopySide
    let target: CopySide
    let report: @Sendable (CopyStep) -> Void

    func run() async throws {
        let count = layout.count
        let total = Int(clamping: try await source.read { try $0.integer(count) } ?? 0)
        let found = try await TableComparison.of(layout, source, target, report: report)
        switch found.outcome {
        case .equal: break
        case .targetEnds(let last, _): try await copy(after: last, done: found.sum.rows, of: total)
        case .differs:
            // The source was used after an interrupted copy.
            try await clear()
            try await copy(after: nil, done: 0, of: total)
        }
        report(.copied(table: layout.table.name, rows: total, of: total))
    }

    private func copy(after key: [SQLValue]?, done: Int, of total: Int) async throws {
        var done = done
        var milestones = Milestones(every: source.limits.rowsBetweenReports)
        var rows = try await source.page(layout, after: key)
        while let last = rows.last {
            async let next = source.page(layout, after: layout.key(of: last))
            let page = rows
            try await target.commit { try insert(page, on: $0) }
            done += page.count
            if milestones.pass(done), done < total {
                report(.copied(table: layout.table.name, rows: done, of: total))
            }
            rows = try await next
        }
    }

    private func insert(_ rows: [[SQLValue]], on connection: any SQLConnection) throws {
        let limits = target.limits
        var rest = rows[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(limits.rowsOfStatement)
            rest = rest.dropFirst(chunk.count)
            let bytes = chunk.joined().reduce(0) { $0 + $1.length }
            // Always the same number of rows, so that one prepared statement does for all.
            if chunk.count == limits.rowsOfStatement, bytes <= limits.bytesOfStatement {
                do {
                    try connection.run(layout.insert(rows: chunk.count), Array(chunk.joined()))
                    continue
                } catch let failure as StorageFailure where failure.isOfOneCommand {
                    // One by one it shows which row it is.
                }
            }
            for row in chunk { try insert(row, on: connection) }
        }
    }

    private func insert(_ row: [SQLValue], on connection: any SQLConnection) throws {
        do {
            try connection.run(layout.insert(rows: 1), row)
        } catch StorageFailure.constraint(let reason), StorageFailure.broken(let reason) {
            throw CopyFailure.rejected(table: layout.table.name, key: layout.keyText(of: row), reason: reason)
        }
    }

    /// Deletes what the target has of the table.
    private func clear() async throws {
        let deletion = layout.deletion
        while let last = try await target.page(layout, after: nil).last {
            let key = Array(layout.key(of: last).prefix(1))
            try await target.commit { try $0.run(deletion, key) }
        }
    }
}
