public import Domain

/// Figures of a stretch of time, cut into intervals.
public struct StatisticsSeries: Sendable {
    /// Where the intervals begin, and the end of the last one.
    public var boundaries: [Timestamp]
    /// One for each interval.
    public var tallies: [Tally]

    public var total: Tally {
        var total = Tally()
        for tally in tallies { total.add(tally) }
        return total
    }
}

/// How many are what now.
public struct StandingFigures: Sendable, Equatable {
    public struct Group: Sendable, Equatable {
        public var status: Conversation.Status
        public var priority: Conversation.Priority
        public var inboxId: Identifier<Inbox>
        public var conversations: Int64
    }

    public internal(set) var groups: [Group] = []
    public internal(set) var waiting: Int64 = 0
    /// Of the customer who waits longest.
    public internal(set) var longestWaitingSince: Timestamp?
    /// All there ever were.
    public internal(set) var handoffs: [HandoffReason: Int64] = [:]

    public func conversations(_ status: Conversation.Status) -> Int64 {
        groups.reduce(0) { $0 + ($1.status == status ? $1.conversations : 0) }
    }
}

/// A member of staff, for figures.
public struct StaffActivity: Sendable, Equatable {
    public var id: Identifier<User>
    public var name: String
    public var role: String
    public var isDeleted: Bool
    /// The later of the last sign-in and the last thing done in a conversation.
    public var lastActiveAt: Timestamp?
}

/// Users of a role, and how many of them were there lately.
public struct RoleActivity: Sendable, Equatable {
    public var role: String
    public var users: Int64 = 0
    public var activeDay: Int64 = 0
    public var activeWeek: Int64 = 0
    public var activeMonth: Int64 = 0
}

extension RowReader {
    /// Days of "lately" in ``RoleActivity``.
    private static var activeDays: (day: Int64, week: Int64, month: Int64) { (1, 7, 30) }

    // MARK: Periods

    /// The workspace's figures in each of the intervals between `boundaries`, which are quarters of an hour.
    /// - Parameter withTimes: whether times are read beside counts.
    public func statisticsSeries(
        between boundaries: [Timestamp], withTimes: Bool, by access: Access
    ) throws -> StatisticsSeries {
        try access.require(.statisticsRead)
        var series = StatisticsSeries(
            boundaries: boundaries, tallies: Array(repeating: Tally(), count: max(0, boundaries.count - 1)))
        let table = PeriodTable(workspaceId: access.workspaceId, scope: .workspace, withTimes: withTimes)
        for (span, ranges) in PeriodCover(of: boundaries).ranges {
            for range in ranges {
                try table.each(span, range, on: connection) { startsAt, _, counts, times in
                    guard let place = Self.place(of: startsAt, in: boundaries) else { return }
                    series.tallies[place].add(countBytes: counts, timeBytes: times)
                }
            }
        }
        return series
    }

    /// Figures of the whole stretch of time.
    public func statisticsTotal(from: Timestamp, to: Timestamp, by access: Access) throws -> Tally {
        try statisticsSeries(between: [from, to], withTimes: true, by: access).total
    }

    /// The same of each inbox that has any.
    public func inboxStatistics(
        from: Timestamp, to: Timestamp, by access: Access
    ) throws -> [Identifier<Inbox>: Tally] {
        Dictionary(
            uniqueKeysWithValues: try totals(of: .inbox, from: from, to: to, by: access).map {
                (Identifier<Inbox>($0.key), $0.value)
            })
    }

    /// The same of each agent who has any.
    public func agentStatistics(
        from: Timestamp, to: Timestamp, by access: Access
    ) throws -> [Identifier<User>: Tally] {
        Dictionary(
            uniqueKeysWithValues: try totals(of: .agent, from: from, to: to, by: access).map {
                (Identifier<User>($0.key), $0.value)
            })
    }

    private func totals(
        of scope: StatisticsScope, from: Timestamp, to: Timestamp, by access: Access
    ) throws -> [Int64: Tally] {
        try access.require(.statisticsRead)
        var totals: [Int64: Tally] = [:]
        let table = PeriodTable(workspaceId: access.workspaceId, scope: scope, withTimes: true)
        for (span, ranges) in PeriodCover(of: [from, to]).ranges {
            for range in ranges {
                try table.each(span, range, on: connection) { _, scopeId, counts, times in
                    totals[scopeId, default: Tally()].add(countBytes: counts, timeBytes: times)
                }
            }
        }
        return totals
    }

    private static func place(of moment: Timestamp, in boundaries: [Timestamp]) -> Int? {
        var (low, high) = (0, boundaries.count)
        while low < high {
            let middle = (low + high) / 2
            if boundaries[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low > 0 && low < boundaries.count ? low - 1 : nil
    }

    /// Messages of contacts by hour of the week, Monday 0:00 first: 168 numbers.
    public func busiestHours(
        from: Timestamp, to: Timestamp, in calendar: StatisticsCalendar, by access: Access
    ) throws -> [Int64] {
        try access.require(.statisticsRead)
        var hours = Array(repeating: Int64(0), count: 168)
        for stretch in calendar.steadyStretches(from: from, to: to) {
            // Hours of UTC are hours of the zone, unless it is ahead of UTC by a part of one.
            let isWhole = stretch.ahead % StatisticsCalendar.hour == 0
            let cover = PeriodCover(of: [stretch.from, stretch.to], longest: isWhole ? .hour : .quarter)
            for (span, ranges) in cover.ranges {
                for range in ranges {
                    try connection.each(
                        """
                        SELECT (starts_at + ?) % 604800000 AS place, CAST(SUM(contact_messages) AS SIGNED) \
                        FROM statistics_periods WHERE workspace_id = ? AND scope = 'workspace' AND span = ? \
                        AND starts_at >= ? AND starts_at < ? GROUP BY place
                        """,
                        [
                            // 1970-01-01 was a Thursday.
                            .integer(stretch.ahead + 3 * StatisticsCalendar.day), .identifier(access.workspaceId),
                            .integer(span.rawValue), .time(range.from), .time(range.to),
                        ]
                    ) { row in
                        let hour = Int(row.integer(0) / StatisticsCalendar.hour)
                        if hours.indices.contains(hour) { hours[hour] += row.integer(1) }
                        return true
                    }
                }
            }
        }
        return hours
    }

    // MARK: Now

    /// How the workspace's conversations stand.
    public func standingFigures(by access: Access) throws -> StandingFigures {
        try access.require(.statisticsRead)
        var figures = StandingFigures()
        try connection.each(
            "SELECT inbox_id, name, value FROM statistics_standing WHERE workspace_id = ? ORDER BY inbox_id, name",
            [.identifier(access.workspaceId)]
        ) { row in
            figures.add(row.text(1), of: row.identifier(0), row.integer(2))
            return true
        }
        if figures.waiting > 0 {
            figures.longestWaitingSince =
                try connection.row(
                    """
                    SELECT waiting_since FROM statistics_conversations WHERE workspace_id = ? \
                    AND waiting_since IS NOT NULL AND started_at IS NOT NULL ORDER BY waiting_since LIMIT 1
                    """, [.identifier(access.workspaceId)]
                ) { $0.optionalTimestamp(0) } ?? nil
        }
        return figures
    }

    /// How all conversations of the installation stand, for the operator.
    public func standingFiguresOfAll() throws -> StandingFigures {
        var figures = StandingFigures()
        try connection.each(
            "SELECT name, CAST(SUM(value) AS SIGNED) FROM statistics_standing GROUP BY name", []
        ) { row in
            figures.add(row.text(0), of: Identifier(0), row.integer(1))
            return true
        }
        return figures
    }

    /// Sessions of the installation that are not over, by status.
    public func liveSessions() throws -> [ChatSession.Status: Int64] {
        // Both by what an index holds alone.
        let live = try connection.integer("SELECT count(*) FROM chat_sessions WHERE status IN ('active', 'idle')") ?? 0
        let active = try connection.integer("SELECT count(*) FROM chat_sessions WHERE status = 'active'") ?? 0
        return [.active: active, .idle: live - active]
    }

    /// The workspace's inboxes, those included that are gone.
    public func inboxNames(by access: Access) throws -> [(id: Identifier<Inbox>, name: String)] {
        try access.require(.statisticsRead)
        return try connection.rows(
            "SELECT id, name FROM inboxes WHERE workspace_id = ? ORDER BY id", [.identifier(access.workspaceId)]
        ) { ($0.identifier(0), $0.text(1)) }
    }

    // MARK: People

    /// The workspace's staff, those included who are gone.
    public func staffActivity(by access: Access) throws -> [StaffActivity] {
        try access.require(.statisticsRead)
        return try connection.rows(
            """
            SELECT u.id, u.name, u.role, u.deleted_at, u.last_login_at, a.last_action_at FROM users u \
            LEFT JOIN statistics_agents a ON a.user_id = u.id \
            WHERE u.workspace_id = ? AND (u.role < ? OR u.role > ?) ORDER BY u.id
            """, [.identifier(access.workspaceId), .text(Role.customer.name), .text(Role.customer.name)]
        ) { row in
            StaffActivity(
                id: row.identifier(0), name: row.text(1), role: row.text(2), isDeleted: row.optionalInteger(3) != nil,
                lastActiveAt: [row.optionalTimestamp(4), row.optionalTimestamp(5)].compactMap { $0 }.max())
        }
    }

    /// The workspace's users by role. Of staff, what they did in conversations counts as being there too.
    public func roleActivity(of staff: [StaffActivity], by access: Access) throws -> [RoleActivity] {
        try access.require(.statisticsRead)
        func since(_ days: Int64) -> Timestamp { now.adding(seconds: -days * 86_400) }
        let (day, week, month) = (
            since(Self.activeDays.day), since(Self.activeDays.week), since(Self.activeDays.month)
        )
        var roles: [String: RoleActivity] = [:]
        for person in staff where !person.isDeleted {
            var role = roles[person.role] ?? RoleActivity(role: person.role)
            role.users += 1
            if let at = person.lastActiveAt {
                if at >= day { role.activeDay += 1 }
                if at >= week { role.activeWeek += 1 }
                if at >= month { role.activeMonth += 1 }
            }
            roles[person.role] = role
        }
        func customers(_ condition: String, _ arguments: SQLValue...) throws -> Int64 {
            try connection.integer(
                """
                SELECT count(*) FROM users WHERE workspace_id = ? AND role = ? AND deleted_at IS NULL \(condition)
                """, [.identifier(access.workspaceId), .text(Role.customer.name)] + arguments) ?? 0
        }
        var customer = RoleActivity(role: Role.customer.name)
        customer.users = try customers("")
        customer.activeDay = try customers("AND last_login_at >= ?", .time(day))
        customer.activeWeek = try customers("AND last_login_at >= ?", .time(week))
        customer.activeMonth = try customers("AND last_login_at >= ?", .time(month))
        roles[customer.role] = customer
        return roles.values.sorted { $0.role < $1.role }
    }
}

extension StandingFigures {
    fileprivate mutating func add(_ name: String, of inboxId: Identifier<Inbox>, _ value: Int64) {
        if name == StandingKey.waiting {
            waiting += value
        } else if name.hasPrefix(StandingKey.handoffPrefix) {
            guard let reason = HandoffReason(rawValue: String(name.dropFirst(StandingKey.handoffPrefix.count))) else {
                return
            }
            handoffs[reason, default: 0] += value
        } else {
            let parts = name.split(separator: ".")
            guard parts.count == 2, value != 0, let status = Conversation.Status(rawValue: String(parts[0])),
                let priority = Conversation.Priority(rawValue: String(parts[1]))
            else { return }
            groups.append(.init(status: status, priority: priority, inboxId: inboxId, conversations: value))
        }
    }
}

/// Reads rows of `statistics_periods`.
private struct PeriodTable {
    let workspaceId: Identifier<Workspace>
    let scope: StatisticsScope
    let withTimes: Bool

    func each(
        _ span: StatisticsSpan, _ range: PeriodCover.Range, on connection: any SQLConnection,
        _ body: (_ startsAt: Timestamp, _ scopeId: Int64, _ counts: [UInt8], _ times: [UInt8]) throws -> Void
    ) throws {
        try connection.each(
            """
            SELECT starts_at, scope_id, counts\(withTimes ? ", times" : "") FROM statistics_periods \
            WHERE workspace_id = ? AND scope = ? AND span = ? AND starts_at >= ? AND starts_at < ?
            """,
            [
                .identifier(workspaceId), .text(scope.rawValue), .integer(span.rawValue), .time(range.from),
                .time(range.to),
            ]
        ) { row in
            try body(
                row.timestamp(0), row.integer(1), row.optionalBlob(2) ?? [],
                withTimes ? row.optionalBlob(3) ?? [] : [])
            return true
        }
    }
}

/// The rows that together cover some intervals, each interval by rows of its own: long spans in the middle, short ones at the
/// ends.
struct PeriodCover {
    struct Range: Equatable {
        var from: Timestamp
        var to: Timestamp
    }

    /// By span, in order; ranges that touch are one.
    private(set) var ranges: [StatisticsSpan: [Range]] = [:]

    /// - Parameter longest: no span is longer.
    init(of boundaries: [Timestamp], longest: StatisticsSpan = .day) {
        let spans = StatisticsSpan.allCases.filter { $0.rawValue <= longest.rawValue }
        for (from, to) in zip(boundaries, boundaries.dropFirst()) { cover(from, to, by: spans[...]) }
        for span in ranges.keys { ranges[span]?.sort { $0.from < $1.from } }
        for (span, list) in ranges { ranges[span] = Self.joined(list) }
    }

    private mutating func cover(_ from: Timestamp, _ to: Timestamp, by spans: ArraySlice<StatisticsSpan>) {
        guard from < to, let longest = spans.last else { return }
        guard spans.count > 1 else {
            ranges[longest, default: []].append(Range(from: from, to: to))
            return
        }
        let shorter = spans.dropLast()
        let end = StatisticsCalendar.floor(to, to: longest.milliseconds)
        var start = StatisticsCalendar.floor(from, to: longest.milliseconds)
        if start < from { start = start.adding(milliseconds: longest.milliseconds) }
        guard start < end else { return cover(from, to, by: shorter) }
        cover(from, start, by: shorter)
        ranges[longest, default: []].append(Range(from: start, to: end))
        cover(end, to, by: shorter)
    }

    private static func joined(_ ranges: [Range]) -> [Range] {
        ranges.reduce(into: []) { joined, range in
            if let last = joined.last, last.to == range.from {
                joined[joined.count - 1].to = range.to
            } else {
                joined.append(range)
            }
        }
    }
}
