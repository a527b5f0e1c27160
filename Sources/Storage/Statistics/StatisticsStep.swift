import Domain

/// The next piece of work on the figures: what was found to do, and where the log stood then. It is worked out beside the
/// writer and written by it only if nobody has moved on meanwhile.
struct StatisticsStep: Sendable {
    enum Work: Sendable {
        case begin
        case count(StatisticsResults)
        /// Removes some rows.
        case clear([Removal])
    }

    /// Rows to remove: a statement and its arguments.
    struct Removal: Sendable {
        var sql: String
        var arguments: [SQLValue]
    }

    var from: StatisticsProgress?
    var to: StatisticsProgress
    var work: Work
}

/// Rows as they are after a step.
struct StatisticsResults: Sendable {
    var facts: [ConversationFact] = []
    var periods: [(key: PeriodKey, tally: Tally)] = []
    var standing: [(key: StandingKey, value: Int64)] = []
    var agents: [(id: Identifier<User>, workspaceId: Identifier<Workspace>, at: Timestamp)] = []
}

extension RowReader {
    /// Rows that one step removes of a table.
    private var clearedRows: Int { 2000 }

    /// What is to be done next, or nil when the figures are up with the log.
    /// - Parameter limit: of events.
    func nextStatisticsStep(limit: Int) throws -> StatisticsStep? {
        guard let progress = try statisticsProgress() else {
            return StatisticsStep(from: nil, to: .initial, work: .begin)
        }
        // A newer build keeps them by definitions of its own.
        guard progress.definition <= StatisticsProgress.currentDefinition else { return nil }
        var next = progress
        if progress.definition < StatisticsProgress.currentDefinition {
            next = .initial
            next.rebuilds = progress.rebuilds + 1
            next.state = .clearing
            return StatisticsStep(from: progress, to: next, work: .begin)
        }
        switch progress.state {
        case .clearing:
            let removals = try removals()
            if removals.isEmpty {
                (next.state, next.position) = (.counting, 0)
            } else {
                // So that a step that comes late finds another place here as well.
                next.position -= 1
            }
            return StatisticsStep(from: progress, to: next, work: .clear(removals))
        case .counting:
            let events = try countedEvents(after: progress.position, limit: limit)
            guard let last = events.last else { return nil }
            next.position = last.position
            next.reachedAt = last.at
            return StatisticsStep(from: progress, to: next, work: .count(try results(of: events.compactMap(\.event))))
        }
    }

    // MARK: Counting

    private func results(of events: [CountedEvent]) throws -> StatisticsResults {
        let before = try facts(of: Set(events.map(\.conversationId)))
        var facts = before
        var changes = StatisticsChanges()
        for event in events {
            guard var fact = facts[event.conversationId] ?? ConversationFact(event) else { continue }
            changes.count(event, into: &fact)
            facts[event.conversationId] = fact
        }
        var results = StatisticsResults()
        results.facts = facts.values.filter { before[$0.id] != $0 }.sorted { $0.id < $1.id }
        results.periods = try sums(of: changes.rolledUp)
        for (key, change) in changes.standing where change != 0 {
            let value = try connection.integer(
                "SELECT value FROM statistics_standing WHERE workspace_id = ? AND inbox_id = ? AND name = ?",
                [.identifier(key.workspaceId), .identifier(key.inboxId), .text(key.name)])
            results.standing.append((key, (value ?? 0) + change))
        }
        for (id, action) in changes.agents {
            let last = try connection.integer(
                "SELECT last_action_at FROM statistics_agents WHERE user_id = ?", [.identifier(id)])
            let at = max(action.at, last.map { Timestamp(milliseconds: $0) } ?? action.at)
            results.agents.append((id, action.workspaceId, at))
        }
        return results
    }

    private func facts(
        of conversations: Set<Identifier<Conversation>>
    ) throws -> [Identifier<Conversation>: ConversationFact] {
        var facts: [Identifier<Conversation>: ConversationFact] = [:]
        for chunk in conversations.map(\.rawValue).sorted().chunksFilledUp(to: 64) {
            let places = Array(repeating: "?", count: chunk.count).joined(separator: ", ")
            try connection.each(
                "SELECT \(FactRow.columns) FROM statistics_conversations WHERE conversation_id IN (\(places))",
                chunk.map { .integer($0) }
            ) { row in
                let fact = FactRow.decode(row)
                facts[fact.id] = fact
                return true
            }
        }
        return facts
    }

    /// The rows after `changes`.
    private func sums(of changes: [PeriodKey: Tally]) throws -> [(key: PeriodKey, tally: Tally)] {
        var sums = changes
        for (group, keys) in Dictionary(grouping: changes.keys, by: PeriodGroup.init) {
            for chunk in Set(keys.map(\.startsAt.milliseconds)).sorted().chunksFilledUp(to: 8) {
                let places = Array(repeating: "?", count: chunk.count).joined(separator: ", ")
                try connection.each(
                    """
                    SELECT starts_at, scope_id, counts, times FROM statistics_periods \
                    WHERE workspace_id = ? AND scope = ? AND span = ? AND starts_at IN (\(places))
                    """,
                    [.identifier(group.workspaceId), .text(group.scope.rawValue), .integer(group.span.rawValue)]
                        + chunk.map { .integer($0) }
                ) { row in
                    let key = PeriodKey(
                        workspaceId: group.workspaceId, scope: group.scope, span: group.span,
                        startsAt: row.timestamp(0), scopeId: row.integer(1))
                    sums[key]?.add(
                        countBytes: row.optionalBlob(2) ?? [], timeBytes: row.optionalBlob(3) ?? [])
                    return true
                }
            }
        }
        return sums.map { ($0.key, $0.value) }
    }

    // MARK: Removing

    /// Statements that remove some of the rows; none when there are none.
    private func removals() throws -> [StatisticsStep.Removal] {
        var removals: [StatisticsStep.Removal] = []
        for (table, key) in [("statistics_conversations", "conversation_id"), ("statistics_agents", "user_id")] {
            let keys = try connection.rows(
                "SELECT \(key) FROM \(table) ORDER BY \(key) LIMIT \(clearedRows)", []
            ) { $0.integer(0) }
            if let last = keys.last {
                removals.append(.init(sql: "DELETE FROM \(table) WHERE \(key) <= ?", arguments: [.integer(last)]))
            }
        }
        let first = try connection.row(
            "SELECT workspace_id, scope, span FROM statistics_periods ORDER BY workspace_id, scope, span LIMIT 1", []
        ) { [SQLValue.integer($0.integer(0)), .text($0.text(1)), .integer($0.integer(2))] }
        if let first {
            let group = "workspace_id = ? AND scope = ? AND span = ?"
            let starts = try connection.rows(
                "SELECT starts_at FROM statistics_periods WHERE \(group) ORDER BY starts_at LIMIT \(clearedRows)", first
            ) { $0.integer(0) }
            removals.append(
                .init(
                    sql: "DELETE FROM statistics_periods WHERE \(group) AND starts_at <= ?",
                    arguments: first + [.integer(starts.last ?? 0)]))
        }
        let workspace = try connection.row("SELECT MIN(workspace_id) FROM statistics_standing", []) {
            $0.optionalInteger(0)
        }
        if let workspace = workspace ?? nil {
            removals.append(
                .init(
                    sql: "DELETE FROM statistics_standing WHERE workspace_id = ?", arguments: [.integer(workspace)]))
        }
        return removals
    }
}

/// Rows of `statistics_periods` that one statement can read.
private struct PeriodGroup: Hashable {
    var workspaceId: Identifier<Workspace>
    var scope: StatisticsScope
    var span: StatisticsSpan

    init(_ key: PeriodKey) {
        (workspaceId, scope, span) = (key.workspaceId, key.scope, key.span)
    }
}

extension Transaction {
    /// Statements with one, or so many, rows each: few texts, so that they stay prepared.
    private static var rowsOfStatement: Int { 16 }

    /// Writes a step, all of it or nothing.
    /// - Returns: false when another was faster, whose work then stands.
    func carryOut(_ step: StatisticsStep) throws -> Bool {
        guard try move(from: step.from, to: step.to) else { return false }
        switch step.work {
        case .begin: break
        case .clear(let removals):
            for removal in removals { try connection.run(removal.sql, removal.arguments) }
        case .count(let results):
            try replace("statistics_conversations", FactRow.columns, results.facts.map(FactRow.values))
            // What was taken back leaves no row: counting anew would make none.
            for (key, tally) in results.periods where tally.isEmpty {
                try connection.run(
                    """
                    DELETE FROM statistics_periods WHERE workspace_id = ? AND scope = ? AND span = ? AND starts_at = ? \
                    AND scope_id = ?
                    """,
                    [
                        .identifier(key.workspaceId), .text(key.scope.rawValue), .integer(key.span.rawValue),
                        .time(key.startsAt), .integer(key.scopeId),
                    ])
            }
            for (key, value) in results.standing where value == 0 {
                try connection.run(
                    "DELETE FROM statistics_standing WHERE workspace_id = ? AND inbox_id = ? AND name = ?",
                    [.identifier(key.workspaceId), .identifier(key.inboxId), .text(key.name)])
            }
            try replace(
                "statistics_periods",
                "workspace_id, scope, span, starts_at, scope_id, contact_messages, counts, times",
                results.periods.filter { !$0.tally.isEmpty }.map { key, tally in
                    [
                        .identifier(key.workspaceId), .text(key.scope.rawValue), .integer(key.span.rawValue),
                        .time(key.startsAt), .integer(key.scopeId), .integer(tally[.contactMessages]),
                        .blob(tally.countBytes), .blob(tally.timeBytes),
                    ]
                })
            try replace(
                "statistics_standing", "workspace_id, inbox_id, name, value",
                results.standing.filter { $0.value != 0 }.map { key, value in
                    [.identifier(key.workspaceId), .identifier(key.inboxId), .text(key.name), .integer(value)]
                })
            try replace(
                "statistics_agents", "user_id, workspace_id, last_action_at",
                results.agents.map { [.identifier($0.id), .identifier($0.workspaceId), .time($0.at)] })
        }
        return true
    }

    /// Both kinds of databases know REPLACE, and no row of these tables is referred to.
    private func replace(_ table: String, _ columns: String, _ rows: [[SQLValue]]) throws {
        var rest = rows[...]
        while let first = rest.first {
            let size = rest.count >= Self.rowsOfStatement ? Self.rowsOfStatement : 1
            let row = "(\(Array(repeating: "?", count: first.count).joined(separator: ", ")))"
            let places = Array(repeating: row, count: size).joined(separator: ", ")
            try connection.run(
                "REPLACE INTO \(table) (\(columns)) VALUES \(places)", Array(rest.prefix(size).joined()))
            rest = rest.dropFirst(size)
        }
    }
}

extension Array where Element == Int64 {
    /// Pieces of `size`, the last one filled up with its first element, so that one prepared statement does for all.
    fileprivate func chunksFilledUp(to size: Int) -> [[Int64]] {
        stride(from: 0, to: count, by: size).map { start in
            let chunk = Array(self[start..<Swift.min(start + size, count)])
            return chunk + Array(repeating: chunk[0], count: size - chunk.count)
        }
    }
}
