/// What the assistant may use of models, within a workspace. Nil is no limit.
public struct SpendingLimits: Sendable, Equatable {
    /// Tokens of a day in UTC.
    public var dailyTokens: Int64?
    /// Money of a day in UTC, in millionths of the workspace's currency.
    public var dailyCostMicros: Int64?
    /// Tokens of one conversation in an hour by the clock.
    public var hourlyConversationTokens: Int64?

    public init(dailyTokens: Int64? = nil, dailyCostMicros: Int64? = nil, hourlyConversationTokens: Int64? = nil) {
        self.dailyTokens = dailyTokens
        self.dailyCostMicros = dailyCostMicros
        self.hourlyConversationTokens = hourlyConversationTokens
    }

    /// What a workspace's admins decided, and behind it the installation.
    /// - Parameter installation: `AI_DAILY_TOKEN_BUDGET`.
    public init(_ policy: AssistantPolicy, installation: Int64?) {
        self.init(
            dailyTokens: policy.dailyTokens ?? installation, dailyCostMicros: policy.dailyCostMicros,
            hourlyConversationTokens: policy.hourlyConversationTokens)
    }

    public var isUnlimited: Bool { self == SpendingLimits() }
}

/// A budget is used up: no call may be made before the next period.
public struct BudgetExhausted: Error, Sendable, Equatable {
    public enum Budget: String, Sendable, Codable, CaseIterable {
        case dailyTokens = "daily_tokens"
        case dailyCost = "daily_cost"
        case hourlyConversationTokens = "hourly_conversation_tokens"
    }

    public var budget: Budget
    /// When the next period begins.
    public var endsAt: Timestamp

    public init(_ budget: Budget, endsAt: Timestamp) {
        self.budget = budget
        self.endsAt = endsAt
    }
}

/// What models have used in a period, and what calls under way may still use.
public struct Spending: Sendable, Equatable {
    public var calls: Int64
    public var tokens: Int64
    /// In millionths of the workspace's currency, of calls with a known price.
    public var costMicros: Int64
    public var reservedTokens: Int64
    public var reservedMicros: Int64

    public init(
        calls: Int64 = 0, tokens: Int64 = 0, costMicros: Int64 = 0, reservedTokens: Int64 = 0,
        reservedMicros: Int64 = 0
    ) {
        self.calls = calls
        self.tokens = tokens
        self.costMicros = costMicros
        self.reservedTokens = reservedTokens
        self.reservedMicros = reservedMicros
    }
}

/// What one call may use at most, before it is made.
public struct CallEstimate: Sendable, Equatable {
    /// A model that may be called.
    public struct Candidate: Sendable, Equatable {
        public var provider: String
        public var model: String

        public init(provider: String, model: String) {
            self.provider = provider
            self.model = model
        }
    }

    /// The dearest of them counts.
    public var candidates: [Candidate]
    public var inputTokens: Int
    public var outputTokens: Int

    public init(candidates: [Candidate], inputTokens: Int, outputTokens: Int) {
        self.candidates = candidates
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }
}

/// The days and hours by which budgets are counted, in UTC.
public enum SpendingPeriod: Sendable {
    case day, hour

    private var milliseconds: Int64 { self == .day ? 86_400_000 : 3_600_000 }

    public func start(at moment: Timestamp) -> Timestamp {
        let rest = moment.milliseconds % milliseconds
        return moment.adding(milliseconds: rest < 0 ? -rest - milliseconds : -rest)
    }

    public func end(at moment: Timestamp) -> Timestamp { start(at: moment).adding(milliseconds: milliseconds) }
}
