public import Domain

/// Copies an installation into an empty database, so that clients notice nothing: the log keeps its epoch, and public
/// identifiers their key.
///
/// While it runs, and after it was interrupted, the target carries ``InstallationValue/unfinishedCopy`` and no node
/// uses it. Run again, it goes on: tables are copied in the order of their keys, so what is there must be the beginning
/// of a table, which is looked at row by row and made anew where it is not. At the end all rows are read back from both
/// databases.
///
/// Nobody may write to the source meanwhile; that is for the caller to see to.
///
/// ```swift
/// try await DatabaseCopy(from: sqlite, to: mysql, targetTime: { … }) { print($0) }.run()
/// ```
public struct DatabaseCopy: Sendable {
    private let source: CopySide
    private let target: CopySide
    private let targetTime: @Sendable () async throws -> Timestamp
    private let report: @Sendable (CopyStep) -> Void

    /// - Parameters:
    ///   - targetTime: the target's clock, by which its nodes are alive or not. Asked when its schema is there.
    ///   - report: hears how far it has come.
    public init(
        from source: any DatabaseDriver, to target: any DatabaseDriver,
        targetTime: @escaping @Sendable () async throws -> Timestamp, report: @escaping @Sendable (CopyStep) -> Void
    ) {
        self.init(from: source, to: target, limits: CopyLimits(), targetTime: targetTime, report: report)
    }

    init(
        from source: any DatabaseDriver, to target: any DatabaseDriver, limits: CopyLimits,
        targetTime: @escaping @Sendable () async throws -> Timestamp, report: @escaping @Sendable (CopyStep) -> Void
    ) {
        self.source = CopySide(driver: source, limits: limits) { .source($0) }
        self.target = CopySide(driver: target, limits: limits) { .target($0) }
        self.targetTime = targetTime
        self.report = report
    }

    /// Brings both schemas up to date, copies, and compares.
    /// - Throws: ``CopyFailure``. The target is then as it was, or marked as unfinished.
    public func run() async throws {
        let versions = (source: try await source.migrate(), target: try await target.migrate())
        guard versions.source == versions.target else {
            throw CopyFailure.schemas(source: versions.source, target: versions.target)
        }
        let layouts = try await layouts()
        try await mark(layouts)
        for layout in layouts {
            try await TableCopy(layout: layout, source: source, target: target, report: report).run()
        }
        for layout in layouts { try await verify(layout) }
        try await unmark()
    }

    /// Columns as the target has them: those of the source, and an event's place in the feed.
    private func layouts() async throws -> [TableLayout] {
        try await target.read { connection in
            try CopiedTable.all.map { try TableLayout($0, columns: try connection.columns(of: $0.name)) }
        }
    }

    private func verify(_ layout: TableLayout) async throws {
        let comparison = try await TableComparison.of(layout, source, target, report: report)
        switch comparison.outcome {
        case .equal:
            report(.verified(table: layout.table.name, rows: comparison.sum.rows, sha256: comparison.sum.text))
        case .targetEnds(_, let next): throw CopyFailure.difference(table: layout.table.name, key: next)
        case .differs(let key): throw CopyFailure.difference(table: layout.table.name, key: key)
        }
    }
}

// MARK: - The mark

extension DatabaseCopy {
    /// Marks an empty target, or finds this source's mark.
    private func mark(_ layouts: [TableLayout]) async throws {
        guard let epoch = try await source.read({ try $0.installationValue(.logEpoch) }) else {
            throw CopyFailure.sourceHoldsNothing
        }
        try await refuseIfInUse()
        let found = try await target.read { try $0.installationValue(.unfinishedCopy) }
        if let found {
            guard found == epoch else { throw CopyFailure.targetHoldsAnotherCopy }
            return report(.goesOn)
        }
        try await target.commit { connection in
            if try connection.installationValue(.logEpoch) == epoch { throw CopyFailure.alreadyCopied }
            for layout in layouts where try connection.integer(layout.probe) != nil {
                throw CopyFailure.targetIsNotEmpty(table: layout.table.name)
            }
            try connection.run(
                "INSERT INTO installation (name, value) VALUES (?, ?)",
                [.text(InstallationValue.unfinishedCopy.rawValue), .blob(epoch)])
        }
        // A node enrols first and then looks for the mark: of two at the same moment at least one sees the other.
        do {
            try await refuseIfInUse()
        } catch {
            try await unmark()
            throw error
        }
    }

    private func unmark() async throws {
        try await target.commit { connection in
            try connection.run(
                "DELETE FROM installation WHERE name = ?", [.text(InstallationValue.unfinishedCopy.rawValue)])
        }
    }

    private func refuseIfInUse() async throws {
        let now = try await target.named(targetTime)
        let alive = try await target.read { connection in
            try connection.rows("SELECT node_id FROM nodes WHERE lease_until >= ? ORDER BY node_id", [.time(now)]) {
                $0.text(0)
            }
        }
        if !alive.isEmpty { throw CopyFailure.targetIsInUse(nodeIds: alive) }
    }
}

extension SQLConnection {
    fileprivate func installationValue(_ name: InstallationValue) throws -> [UInt8]? {
        try row("SELECT value FROM installation WHERE name = ?", [.text(name.rawValue)]) { $0.optionalBlob(0) } ?? nil
    }
}

/// How far a copy has come.
public enum CopyStep: Sendable, Equatable {
    /// An interrupted copy of the same source is there, which is gone on with.
    case goesOn
    /// So many rows of a table are in the target.
    case copied(table: String, rows: Int, of: Int)
    /// So many rows of a table, read back from both databases, are the same so far.
    case compared(table: String, rows: Int)
    /// All rows of a table, read back from both databases, are the same.
    case verified(table: String, rows: Int, sha256: String)
}
