/// Keeps the figures up with the event log: events behind the last one that was counted, the rows that they change, and the
/// new place, all in one transaction.
///
/// It may break off anywhere, run on several nodes at once, or run again: a transaction that does not find the place where it
/// was read changes nothing.
public struct StatisticsKeeper: Sendable {
    /// Events of one transaction. Reading and counting happen outside of the writer, so that it is held for the rows alone.
    public static let batch = 1024

    private let store: ChatStore
    private let batch: Int

    public init(_ store: ChatStore, batch: Int = StatisticsKeeper.batch) {
        self.store = store
        self.batch = max(1, batch)
    }

    /// Does the next piece of work.
    /// - Returns: false when there was none.
    public func advance() async throws -> Bool {
        let batch = batch
        guard let step = try await store.read({ try $0.nextStatisticsStep(limit: batch) }) else { return false }
        _ = try await store.write { try $0.carryOut(step) }
        return true
    }

    /// Works until nothing is left, or the task is cancelled.
    public func catchUp() async throws {
        while !Task.isCancelled, try await advance() {}
    }

    /// Removes all figures and has them counted anew; ``catchUp()`` or whoever keeps them up does the work.
    public func rebuild() async throws {
        try await store.write { try $0.rebuildStatistics() }
    }

    /// How far the figures are, and the newest place of the log.
    public func progress() async throws -> (progress: StatisticsProgress?, head: Int64) {
        try await store.read { (try $0.statisticsProgress(), try $0.feedHead()) }
    }
}
