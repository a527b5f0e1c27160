public import Domain

/// How far the log has been counted into the figures.
public struct StatisticsProgress: Sendable, Equatable {
    public enum State: String, Sendable {
        /// Follows the log.
        case counting
        /// Rows are being removed; counting begins anew when none is left.
        case clearing
    }

    /// Version of the definitions. Raised with every change of what counts: rows of an older one are counted anew.
    public static let currentDefinition: Int64 = 1

    public var definition: Int64
    /// How often counting began anew.
    public var rebuilds: Int64
    public var state: State
    /// Place in the feed of the last event that was counted; while rows are removed, a number below zero that falls.
    public var position: Int64
    /// When that event happened.
    public var reachedAt: Timestamp

    static let initial = StatisticsProgress(
        definition: currentDefinition, rebuilds: 0, state: .counting, position: 0, reachedAt: Timestamp(milliseconds: 0)
    )
}

extension RowReader {
    /// Nil before anything was counted.
    public func statisticsProgress() throws -> StatisticsProgress? {
        try connection.row(
            "SELECT definition, rebuilds, state, position, reached_at FROM statistics_progress WHERE id = 1", []
        ) {
            StatisticsProgress(
                definition: $0.integer(0), rebuilds: $0.integer(1),
                state: StatisticsProgress.State(rawValue: $0.text(2)) ?? .counting, position: $0.integer(3),
                reachedAt: $0.timestamp(4))
        }
    }

    /// Up to when the figures are: now when all that is committed was counted, else the time of the last event that was; nil
    /// when none was.
    public func statisticsReach() throws -> Timestamp? {
        let progress = try statisticsProgress() ?? .initial
        if progress.state == .counting {
            let column = connection.feedPosition
            let isBehind = try connection.integer(
                "SELECT 1 FROM events WHERE \(column) > ? LIMIT 1", [.integer(progress.position)])
            if isBehind == nil, try !hasUnstampedEvents() { return now }
        }
        return progress.position > 0 ? progress.reachedAt : nil
    }
}

extension Transaction {
    /// Has the figures removed and counted anew from the log, by whoever keeps them up.
    public func rebuildStatistics() throws {
        let changed = try connection.run(
            """
            UPDATE statistics_progress SET definition = ?, rebuilds = rebuilds + 1, state = 'clearing', position = 0, \
            reached_at = 0 WHERE id = 1
            """, [.integer(StatisticsProgress.currentDefinition)])
        guard changed == 0 else { return }
        var progress = StatisticsProgress.initial
        progress.state = .clearing
        progress.rebuilds = 1
        try insert(progress)
    }

    func insert(_ progress: StatisticsProgress) throws {
        try connection.run(
            """
            INSERT INTO statistics_progress (id, definition, rebuilds, state, position, reached_at) \
            VALUES (1, ?, ?, ?, ?, ?)
            """,
            [
                .integer(progress.definition), .integer(progress.rebuilds), .text(progress.state.rawValue),
                .integer(progress.position), .time(progress.reachedAt),
            ])
    }

    /// Writes the next progress if it still is what it was.
    /// - Returns: false when another was faster, whose work then stands.
    func move(from old: StatisticsProgress?, to new: StatisticsProgress) throws -> Bool {
        guard let old else {
            do {
                try insert(new)
                return true
            } catch StorageFailure.constraint {
                return false
            }
        }
        return try connection.run(
            """
            UPDATE statistics_progress SET definition = ?, rebuilds = ?, state = ?, position = ?, reached_at = ? \
            WHERE id = 1 AND definition = ? AND rebuilds = ? AND state = ? AND position = ?
            """,
            [
                .integer(new.definition), .integer(new.rebuilds), .text(new.state.rawValue), .integer(new.position),
                .time(new.reachedAt), .integer(old.definition), .integer(old.rebuilds), .text(old.state.rawValue),
                .integer(old.position),
            ]) == 1
    }
}
