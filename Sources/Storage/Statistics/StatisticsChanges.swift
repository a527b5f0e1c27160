import Domain

/// Whose figures a row holds.
enum StatisticsScope: String, Sendable, Hashable, CaseIterable {
    case workspace, inbox, agent
}

/// How much time a row is about. The raw value is minutes and stands in rows.
enum StatisticsSpan: Int64, Sendable, Hashable, CaseIterable {
    case quarter = 15
    case hour = 60
    case day = 1440

    var milliseconds: Int64 { rawValue * 60_000 }
}

/// The key of a row of `statistics_periods`.
struct PeriodKey: Sendable, Hashable {
    var workspaceId: Identifier<Workspace>
    var scope: StatisticsScope
    var span: StatisticsSpan
    var startsAt: Timestamp
    /// Key of the inbox or agent; 0 for the workspace.
    var scopeId: Int64
}

/// The key of a row of `statistics_standing`.
struct StandingKey: Sendable, Hashable {
    static let waiting = "waiting"
    static let handoffPrefix = "handoff."

    var workspaceId: Identifier<Workspace>
    var inboxId: Identifier<Inbox>
    var name: String

    static func name(_ status: Conversation.Status, _ priority: Conversation.Priority) -> String {
        "\(status.rawValue).\(priority.rawValue)"
    }
}

/// What some events change in the figures.
struct StatisticsChanges: Sendable {
    private(set) var periods: [PeriodKey: Tally] = [:]
    private(set) var standing: [StandingKey: Int64] = [:]
    /// When agents last did something, and in which workspace.
    private(set) var agents: [Identifier<User>: (workspaceId: Identifier<Workspace>, at: Timestamp)] = [:]

    /// Counts the next event of a conversation.
    mutating func count(_ event: CountedEvent, into fact: inout ConversationFact) {
        standing(of: fact, -1)
        var page = Page(fact: fact, periods: [:], handoffs: [:])
        swap(&page.periods, &periods)
        fact.count(event, in: &page)
        swap(&page.periods, &periods)
        standing(of: fact, 1)
        for (reason, count) in page.handoffs {
            add(count, to: StandingKey.handoffPrefix + reason.rawValue, of: fact)
        }
        if let agent = event.agent {
            let last = agents[agent]?.at ?? event.at
            agents[agent] = (event.workspaceId, max(last, event.at))
        }
    }

    private mutating func standing(of fact: ConversationFact, _ sign: Int64) {
        guard fact.isCounted else { return }
        add(sign, to: StandingKey.name(fact.status, fact.priority), of: fact)
        if fact.isWaiting { add(sign, to: StandingKey.waiting, of: fact) }
    }

    private mutating func add(_ more: Int64, to name: String, of fact: ConversationFact) {
        standing[StandingKey(workspaceId: fact.workspaceId, inboxId: fact.inboxId, name: name), default: 0] += more
    }

    /// Books by quarters of an hour; ``rolledUp`` makes the longer spans of them.
    private struct Page: StatisticsBook {
        let fact: ConversationFact
        var periods: [PeriodKey: Tally]
        var handoffs: [HandoffReason: Int64]

        private func keys(at: Timestamp, agent: Identifier<User>?) -> [PeriodKey] {
            let start = StatisticsCalendar.quarter(of: at)
            func key(_ scope: StatisticsScope, _ id: Int64) -> PeriodKey {
                PeriodKey(
                    workspaceId: fact.workspaceId, scope: scope, span: .quarter, startsAt: start, scopeId: id)
            }
            let keys = [key(.workspace, 0), key(.inbox, fact.inboxId.rawValue)]
            return agent.map { keys + [key(.agent, $0.rawValue)] } ?? keys
        }

        mutating func add(_ count: StatisticsCount, _ more: Int64, at: Timestamp, agent: Identifier<User>?) {
            for key in keys(at: at, agent: agent) { periods[key, default: Tally()].add(more, to: count) }
            for reason in HandoffReason.allCases where reason.count == count { handoffs[reason, default: 0] += more }
        }

        mutating func add(_ time: StatisticsTime, _ milliseconds: Int64, at: Timestamp, agent: Identifier<User>?) {
            for key in keys(at: at, agent: agent) { periods[key, default: Tally()].add(milliseconds, to: time) }
        }
    }

    /// The changes of all spans.
    var rolledUp: [PeriodKey: Tally] {
        var all = periods
        for (key, tally) in periods {
            for span in StatisticsSpan.allCases where span != .quarter {
                var longer = key
                longer.span = span
                longer.startsAt = StatisticsCalendar.floor(key.startsAt, to: span.milliseconds)
                all[longer, default: Tally()].add(tally)
            }
        }
        return all
    }
}
