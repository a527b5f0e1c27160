import Domain
import Storage
import Wire

/// What happens in a workspace, in figures. See docs/statistics.md for what each of them counts.
struct StatisticsRoutes: Sendable {
    /// Agents of one answer.
    static let maximumAgents = 500

    let store: ChatStore
    let views: ViewMaker

    func register(in table: inout EndpointTable) {
        table.group = "Statistics"
        add(
            "overview", summary: "How the workspace is doing: conversations, messages, response times, the assistant",
            to: &table, overview)
        add(
            "conversations", summary: "Conversations by status, priority and inbox, times, handoffs and busiest hours",
            to: &table, conversations)
        add("users", summary: "Users by role and activity, and what each agent did", to: &table, users)
        add(
            "ai", summary: "What the assistant answered, handed over and resolved, and what it used", to: &table,
            assistant)
    }

    private func add<View: Codable & Sendable>(
        _ name: String, summary: String, to table: inout EndpointTable,
        _ read: @escaping @Sendable (Snapshot, StatisticsPeriod, Access) throws -> View
    ) {
        let store = store
        table.get(
            "/api/v1/admin/stats/\(name)", summary: summary, access: .staff(.statisticsRead),
            query: StatisticsQuery.parameters, response: View.self
        ) { call in
            let (query, access) = (try StatisticsQuery(call), call.access)
            return Answer(
                try await store.read { try read($0, query.period(in: $0, by: access), access) })
        }
    }

    @Sendable private func overview(
        _ reader: Snapshot, _ period: StatisticsPeriod, _ access: Access
    ) throws -> StatisticsOverviewView {
        let standing = try reader.standingFigures(by: access)
        let total = try reader.statisticsTotal(from: period.view.from, to: period.view.to, by: access)
        let series = try reader.statisticsSeries(between: period.boundaries, withTimes: false, by: access)
        return StatisticsOverviewView(
            period: period.view, asOf: try reader.statisticsReach(), now: Self.now(standing, reader.now),
            conversations: ConversationCountsView(total), messages: MessageCountsView(total),
            firstResponse: DurationView(total[.firstResponse]),
            firstAiReply: DurationView(total[.firstAssistantReply]), nextResponse: DurationView(total[.nextResponse]),
            resolution: DurationView(total[.resolution]), ai: AssistantCountsView(total),
            points: period.points(of: series) {
                OverviewPointView(
                    from: $0, to: $1, conversations: ConversationCountsView($2), messages: MessageCountsView($2),
                    handoffs: $2.handoffs)
            })
    }

    @Sendable private func conversations(
        _ reader: Snapshot, _ period: StatisticsPeriod, _ access: Access
    ) throws -> ConversationStatisticsView {
        let standing = try reader.standingFigures(by: access)
        let series = try reader.statisticsSeries(between: period.boundaries, withTimes: true, by: access)
        let total = series.total
        let inboxes = try reader.inboxStatistics(from: period.view.from, to: period.view.to, by: access)
        let hours = try reader.busiestHours(
            from: period.view.from, to: period.view.to, in: period.calendar, by: access)
        let over: [Conversation.Status] = [.resolved, .closed]
        return ConversationStatisticsView(
            period: period.view, asOf: try reader.statisticsReach(), now: Self.now(standing, reader.now),
            nowByPriority: CountByPriorityView { priority in
                standing.groups.reduce(0) {
                    $0 + ($1.priority == priority && !over.contains($1.status) ? $1.conversations : 0)
                }
            },
            conversations: ConversationCountsView(total),
            createdByPriority: CountByPriorityView { total[.created($0)] },
            firstResponse: DurationView(total[.firstResponse]), nextResponse: DurationView(total[.nextResponse]),
            resolution: DurationView(total[.resolution]), handoffs: HandoffCountsView(total),
            inboxes: try reader.inboxNames(by: access).map { id, name in
                let tally = inboxes[id] ?? Tally()
                return InboxStatisticsView(
                    inboxId: views.identifiers.text(id), name: name,
                    now: ConversationsByStatusView(standing.groups.filter { $0.inboxId == id }),
                    conversations: ConversationCountsView(tally), firstResponse: DurationView(tally[.firstResponse]),
                    resolution: DurationView(tally[.resolution]))
            },
            busiestHours: hours.enumerated().map { place, messages in
                BusyHourView(weekday: place / 24 + 1, hour: place % 24, messages: messages)
            },
            points: period.points(of: series) {
                ConversationPointView(
                    from: $0, to: $1, conversations: ConversationCountsView($2),
                    firstResponse: DurationView($2[.firstResponse]), nextResponse: DurationView($2[.nextResponse]),
                    resolution: DurationView($2[.resolution]))
            })
    }

    @Sendable private func users(
        _ reader: Snapshot, _ period: StatisticsPeriod, _ access: Access
    ) throws -> UserStatisticsView {
        let staff = try reader.staffActivity(by: access)
        let series = try reader.statisticsSeries(between: period.boundaries, withTimes: false, by: access)
        let tallies = try reader.agentStatistics(from: period.view.from, to: period.view.to, by: access)
        let agents = staff.filter { !$0.isDeleted || tallies[$0.id] != nil }
            .map { (person: $0, tally: tallies[$0.id] ?? Tally()) }
            .sorted { ($1.tally[.agentMessages], $0.person.id) < ($0.tally[.agentMessages], $1.person.id) }
        return UserStatisticsView(
            period: period.view, asOf: try reader.statisticsReach(),
            roles: try reader.roleActivity(of: staff, by: access).map {
                RoleStatisticsView(
                    role: $0.role, users: $0.users, activeDay: $0.activeDay, activeWeek: $0.activeWeek,
                    activeMonth: $0.activeMonth)
            },
            messages: MessageCountsView(series.total),
            agents: agents.prefix(Self.maximumAgents).map { person, tally in
                AgentStatisticsView(
                    id: views.identifiers.text(person.id), name: person.name, role: person.role,
                    lastActiveAt: person.lastActiveAt, taken: tally[.taken], messages: tally[.agentMessages],
                    notes: tally[.notes], resolved: tally[.resolved], closed: tally[.closed],
                    firstResponse: DurationView(tally[.firstResponse]),
                    nextResponse: DurationView(tally[.nextResponse]), resolution: DurationView(tally[.resolution]))
            },
            agentCount: agents.count,
            points: period.points(of: series) {
                UserPointView(from: $0, to: $1, messages: MessageCountsView($2))
            })
    }

    @Sendable private func assistant(
        _ reader: Snapshot, _ period: StatisticsPeriod, _ access: Access
    ) throws -> AssistantStatisticsView {
        let total = try reader.statisticsTotal(from: period.view.from, to: period.view.to, by: access)
        let series = try reader.statisticsSeries(between: period.boundaries, withTimes: false, by: access)
        return AssistantStatisticsView(
            period: period.view, asOf: try reader.statisticsReach(), ai: AssistantCountsView(total),
            firstAiReply: DurationView(total[.firstAssistantReply]), handoffs: HandoffCountsView(total),
            points: period.points(of: series) {
                AssistantPointView(from: $0, to: $1, ai: AssistantCountsView($2))
            })
    }

    private static func now(_ standing: StandingFigures, _ now: Timestamp) -> StandingView {
        StandingView(
            conversations: ConversationsByStatusView(standing.groups), waiting: WaitingView(standing, now: now))
    }
}
