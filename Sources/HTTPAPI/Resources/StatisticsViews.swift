import Domain
import Storage
import Wire

/// Which stretch of time figures are of, and how it is cut.
struct StatisticsPeriodView: Codable, Sendable, Equatable {
    var from: Timestamp
    var to: Timestamp
    var interval: StatisticsInterval
    /// IANA name of the zone by whose clocks it is cut.
    var timezone: String
}

/// How long something took.
struct DurationView: Codable, Sendable, Equatable {
    var count: Int64
    @Nullable var meanMilliseconds: Int64?
    /// At most 5 % off.
    @Nullable var medianMilliseconds: Int64?
    /// At most 5 % off.
    @Nullable var p90Milliseconds: Int64?

    init(_ histogram: DurationHistogram) {
        count = histogram.count
        meanMilliseconds = histogram.mean
        medianMilliseconds = histogram.percentile(50)
        p90Milliseconds = histogram.percentile(90)
    }
}

struct ConversationsByStatusView: Codable, Sendable, Equatable {
    var open: Int64
    var pending: Int64
    var snoozed: Int64
    var resolved: Int64
    var closed: Int64

    init(_ groups: [StandingFigures.Group]) {
        func count(_ status: Conversation.Status) -> Int64 {
            groups.reduce(0) { $0 + ($1.status == status ? $1.conversations : 0) }
        }
        open = count(.open)
        pending = count(.pending)
        snoozed = count(.snoozed)
        resolved = count(.resolved)
        closed = count(.closed)
    }
}

struct CountByPriorityView: Codable, Sendable, Equatable {
    var low: Int64
    var normal: Int64
    var high: Int64
    var urgent: Int64

    init(_ count: (Conversation.Priority) -> Int64) {
        low = count(.low)
        normal = count(.normal)
        high = count(.high)
        urgent = count(.urgent)
    }
}

/// Customers who wait for a human.
struct WaitingView: Codable, Sendable, Equatable {
    var customers: Int64
    /// Of the one who waits longest.
    @Nullable var longestSeconds: Int64?
    @Nullable var longestSince: Timestamp?

    init(_ standing: StandingFigures, now: Timestamp) {
        customers = standing.waiting
        longestSince = standing.longestWaitingSince
        longestSeconds = standing.longestWaitingSince.map { max(0, now.milliseconds(since: $0) / 1000) }
    }
}

struct ConversationCountsView: Codable, Sendable, Equatable {
    var created: Int64
    var resolved: Int64
    var closed: Int64
    var reopened: Int64

    init(_ tally: Tally) {
        created = tally[.created]
        resolved = tally[.resolved]
        closed = tally[.closed]
        reopened = tally[.reopened]
    }
}

/// Messages by who sent them.
struct MessageCountsView: Codable, Sendable, Equatable {
    var contact: Int64
    var agent: Int64
    var ai: Int64
    var system: Int64
    var notes: Int64

    init(_ tally: Tally) {
        contact = tally[.contactMessages]
        agent = tally[.agentMessages]
        ai = tally[.assistantMessages]
        system = tally[.systemMessages]
        notes = tally[.notes]
    }
}

/// Handoffs from the assistant to humans, by reason.
struct HandoffCountsView: Codable, Sendable, Equatable {
    var total: Int64
    var requested: Int64
    var consent: Int64
    var topic: Int64
    var contentFilter: Int64
    var budget: Int64
    var unanswered: Int64
    var failure: Int64
    var timeout: Int64
    var repeated: Int64
    var anger: Int64
    var model: Int64
    var claimed: Int64
    var contact: Int64
    var staff: Int64
    var other: Int64

    init(_ tally: Tally) {
        total = tally.handoffs
        requested = tally[.handoffRequested]
        consent = tally[.handoffConsent]
        topic = tally[.handoffTopic]
        contentFilter = tally[.handoffContentFilter]
        budget = tally[.handoffBudget]
        unanswered = tally[.handoffUnanswered]
        failure = tally[.handoffFailure]
        timeout = tally[.handoffTimeout]
        repeated = tally[.handoffRepeated]
        anger = tally[.handoffAnger]
        model = tally[.handoffModel]
        claimed = tally[.handoffClaimed]
        contact = tally[.handoffContact]
        staff = tally[.handoffStaff]
        other = tally[.handoffOther]
    }
}

/// What the assistant did.
struct AssistantCountsView: Codable, Sendable, Equatable {
    /// Replies that began.
    var replies: Int64
    var answered: Int64
    var unanswered: Int64
    var withoutSources: Int64
    var partial: Int64
    var cancelled: Int64
    var handedOver: Int64
    /// Conversations that began in this time, were answered, and needed no human until now.
    var answeredWithoutHuman: Int64
    var resolved: Int64
    var inputTokens: Int64
    var outputTokens: Int64
    /// In millionths of the workspace's currency, as far as prices are known; null when none is.
    @Nullable var costMicros: Int64?

    init(_ tally: Tally) {
        replies = tally[.assistantMessages]
        answered = tally[.repliesAnswered]
        unanswered = tally[.repliesUnanswered]
        withoutSources = tally[.repliesWithoutSources]
        partial = tally[.repliesPartial]
        cancelled = tally[.repliesCancelled]
        handedOver = tally.handoffs
        answeredWithoutHuman = tally[.answeredWithoutHuman]
        resolved = tally[.resolvedByAssistant]
        inputTokens = tally[.inputTokens]
        outputTokens = tally[.outputTokens]
        costMicros = tally[.pricedReplies] > 0 ? tally[.costMicros] : nil
    }
}

// MARK: - Overview

/// What is now.
struct StandingView: Codable, Sendable, Equatable {
    var conversations: ConversationsByStatusView
    var waiting: WaitingView
}

struct OverviewPointView: Codable, Sendable, Equatable {
    var from: Timestamp
    var to: Timestamp
    var conversations: ConversationCountsView
    var messages: MessageCountsView
    var handoffs: Int64
}

struct StatisticsOverviewView: Codable, Sendable, Equatable {
    var period: StatisticsPeriodView
    /// Up to when the figures are; null while nothing has been counted.
    @Nullable var asOf: Timestamp?
    var now: StandingView
    var conversations: ConversationCountsView
    var messages: MessageCountsView
    /// From a contact's first message to the first human reply.
    var firstResponse: DurationView
    /// From a contact's first message to the first words of the assistant.
    var firstAiReply: DurationView
    /// How long contacts waited for each further human reply.
    var nextResponse: DurationView
    var resolution: DurationView
    var ai: AssistantCountsView
    var points: [OverviewPointView]
}

// MARK: - Conversations

struct InboxStatisticsView: Codable, Sendable, Equatable {
    var inboxId: String
    var name: String
    var now: ConversationsByStatusView
    var conversations: ConversationCountsView
    var firstResponse: DurationView
    var resolution: DurationView
}

/// Messages of contacts in an hour of the week, by the zone's clocks.
struct BusyHourView: Codable, Sendable, Equatable {
    /// 1 is Monday.
    var weekday: Int
    /// 0…23
    var hour: Int
    var messages: Int64
}

struct ConversationPointView: Codable, Sendable, Equatable {
    var from: Timestamp
    var to: Timestamp
    var conversations: ConversationCountsView
    var firstResponse: DurationView
    var nextResponse: DurationView
    var resolution: DurationView
}

struct ConversationStatisticsView: Codable, Sendable, Equatable {
    var period: StatisticsPeriodView
    /// Up to when the figures are; null while nothing has been counted.
    @Nullable var asOf: Timestamp?
    var now: StandingView
    /// Conversations by priority that are not resolved or closed now.
    var nowByPriority: CountByPriorityView
    var conversations: ConversationCountsView
    var createdByPriority: CountByPriorityView
    var firstResponse: DurationView
    var nextResponse: DurationView
    var resolution: DurationView
    var handoffs: HandoffCountsView
    var inboxes: [InboxStatisticsView]
    /// All 168 hours, Monday 0:00 first.
    var busiestHours: [BusyHourView]
    var points: [ConversationPointView]
}

// MARK: - Users

struct RoleStatisticsView: Codable, Sendable, Equatable {
    var role: String
    var users: Int64
    /// In the last 24 hours.
    var activeDay: Int64
    /// In the last 7 days.
    var activeWeek: Int64
    /// In the last 30 days.
    var activeMonth: Int64
}

struct AgentStatisticsView: Codable, Sendable, Equatable {
    var id: String
    var name: String
    var role: String
    @Nullable var lastActiveAt: Timestamp?
    /// Conversations that came to the agent.
    var taken: Int64
    var messages: Int64
    var notes: Int64
    var resolved: Int64
    var closed: Int64
    var firstResponse: DurationView
    var nextResponse: DurationView
    var resolution: DurationView
}

struct UserPointView: Codable, Sendable, Equatable {
    var from: Timestamp
    var to: Timestamp
    var messages: MessageCountsView
}

struct UserStatisticsView: Codable, Sendable, Equatable {
    var period: StatisticsPeriodView
    /// Up to when the figures are; null while nothing has been counted.
    @Nullable var asOf: Timestamp?
    var roles: [RoleStatisticsView]
    var messages: MessageCountsView
    /// Those with most messages first.
    var agents: [AgentStatisticsView]
    /// Of agents that would be listed if there were no limit.
    var agentCount: Int
    var points: [UserPointView]
}

// MARK: - Assistant

struct AssistantPointView: Codable, Sendable, Equatable {
    var from: Timestamp
    var to: Timestamp
    var ai: AssistantCountsView
}

struct AssistantStatisticsView: Codable, Sendable, Equatable {
    var period: StatisticsPeriodView
    /// Up to when the figures are; null while nothing has been counted.
    @Nullable var asOf: Timestamp?
    var ai: AssistantCountsView
    /// From a contact's first message to the first words of the assistant.
    var firstAiReply: DurationView
    var handoffs: HandoffCountsView
    var points: [AssistantPointView]
}
