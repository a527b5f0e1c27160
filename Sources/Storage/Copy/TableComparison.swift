/// What the two databases of a copy have in common in one table, from its first row on.
struct TableComparison {
    enum Outcome: Equatable {
        case equal
        /// What the target has is the beginning of what the source has.
        /// - Parameters:
        ///   - last: key of the last row that is in both; nil when the target has none.
        ///   - next: the next row's key, for a person.
        case targetEnds(last: [SQLValue]?, next: String)
        /// At this key, for a person, they have different rows.
        case differs(key: String)
    }

    let outcome: Outcome
    /// Of the rows in common.
    let sum: RowSum

    /// Reads both, page by page.
    static func of(
        _ layout: TableLayout, _ source: CopySide, _ target: CopySide, report: (CopyStep) -> Void
    ) async throws -> TableComparison {
        var sum = RowSum()
        var milestones = Milestones(every: source.limits.rowsBetweenReports)
        var last: (source: [SQLValue], target: [SQLValue])?
        while true {
            // Each goes by keys as it gives them itself: how a text is told from a blob is its own.
            let keys = last
            async let sourcePage = source.page(layout, after: keys?.source)
            let targetRows = try await target.page(layout, after: keys?.target)
            let sourceRows = try await sourcePage
            for (sourceRow, targetRow) in zip(sourceRows, targetRows) {
                let bytes = RowSum.encode(sourceRow)
                guard bytes == RowSum.encode(targetRow) else {
                    return TableComparison(outcome: .differs(key: layout.keyText(of: sourceRow)), sum: sum)
                }
                sum.add(bytes)
                last = (layout.key(of: sourceRow), layout.key(of: targetRow))
            }
            // Equal rows make equal pages: a page that is shorter than the other is the end of its table.
            if let extra = targetRows.dropFirst(sourceRows.count).first {
                return TableComparison(outcome: .differs(key: layout.keyText(of: extra)), sum: sum)
            }
            if let missing = sourceRows.dropFirst(targetRows.count).first {
                return TableComparison(
                    outcome: .targetEnds(last: last?.source, next: layout.keyText(of: missing)), sum: sum)
            }
            if sourceRows.isEmpty { return TableComparison(outcome: .equal, sum: sum) }
            if milestones.pass(sum.rows) { report(.compared(table: layout.table.name, rows: sum.rows)) }
        }
    }
}

/// Tells when a number of rows is passed, and twice it, and so on.
struct Milestones {
    private let distance: Int
    private var passed = 0

    init(every distance: Int) {
        self.distance = max(1, distance)
    }

    /// - Returns: whether `rows` is beyond a milestone that the last number was not beyond.
    mutating func pass(_ rows: Int) -> Bool {
        defer { passed = rows / distance }
        return rows / distance > passed
    }
}
