/// What a workspace's admins decide of its assistant.
public struct AssistantPolicy: Sendable, Equatable {
    /// Matters that the assistant leaves to humans.
    public enum Topic: String, Sendable, Codable, CaseIterable {
        /// Lawyers, courts, authorities.
        case legal
        /// Danger to somebody's life or health.
        case safety
        /// A charge that the contact disputes.
        case paymentDispute = "payment_dispute"
        /// Personal data that is to be deleted.
        case dataDeletion = "data_deletion"
    }

    /// What follows from a sign that the contact wants somebody else.
    public enum Escalation: String, Sendable, Codable, CaseIterable {
        /// Nothing.
        case ignore
        /// The assistant answers and offers a human.
        case offer
        /// A human takes over.
        case handOver = "hand_over"
    }

    /// Names of providers in the order in which they are asked; nil for the configured order.
    public var providers: [String]?
    /// Tokens of a day in UTC; nil for the installation's `AI_DAILY_TOKEN_BUDGET`.
    public var dailyTokens: Int64?
    /// Money of a day, in millionths of ``currency``; nil for no limit. Only calls with a known price count.
    public var dailyCostMicros: Int64?
    /// Tokens of one conversation in an hour; nil for no limit.
    public var hourlyConversationTokens: Int64?
    /// ISO 4217 code of the currency of prices and costs.
    public var currency: String
    public var handoffTopics: [Topic]
    /// Words of a contact, any of which brings a human.
    public var handoffPhrases: [String]
    public var onAnger: Escalation
    /// When the contact asks the same again or rejects answers.
    public var onRepetition: Escalation
    /// Minutes after a human's last word, with nothing of the contact behind it, after which the assistant answers again;
    /// nil for never.
    public var returnMinutes: Int64?
    /// Groups of words that mean the same, beside the built-in ones.
    public var synonyms: [[String]]

    public init(
        providers: [String]? = nil, dailyTokens: Int64? = nil, dailyCostMicros: Int64? = nil,
        hourlyConversationTokens: Int64? = nil, currency: String = "USD",
        handoffTopics: [Topic] = Topic.allCases, handoffPhrases: [String] = [], onAnger: Escalation = .offer,
        onRepetition: Escalation = .offer, returnMinutes: Int64? = nil, synonyms: [[String]] = []
    ) {
        self.providers = providers
        self.dailyTokens = dailyTokens
        self.dailyCostMicros = dailyCostMicros
        self.hourlyConversationTokens = hourlyConversationTokens
        self.currency = currency
        self.handoffTopics = handoffTopics
        self.handoffPhrases = handoffPhrases
        self.onAnger = onAnger
        self.onRepetition = onRepetition
        self.returnMinutes = returnMinutes
        self.synonyms = synonyms
    }
}

extension AssistantPolicy {
    /// Bounds of what admins enter. Generous: they keep a row readable and a reply's rules quick.
    public static let maximumProviders = 20
    /// Tokens of a budget, as for `AI_DAILY_TOKEN_BUDGET`.
    public static let budgetTokens: ClosedRange<Int64> = 1...1_000_000_000_000
    /// Millionths of a currency: up to a billion of it.
    public static let budgetMicros: ClosedRange<Int64> = 1...1_000_000_000_000_000
    public static let maximumPhrases = 100
    /// Unicode scalars of a phrase.
    public static let phraseLength = 1...100
    public static let maximumSynonymGroups = 200
    /// Words of a group. One alone means nothing.
    public static let synonymGroupSize = 2...20
    /// Unicode scalars of a word.
    public static let synonymLength = 1...64
    /// Up to 30 days.
    public static let returnRange: ClosedRange<Int64> = 1...43_200
}

/// A change of a workspace's ``AssistantPolicy``. Nil leaves a field, `.some(nil)` gives it its default again.
public struct AssistantPolicyPatch: Sendable, Equatable {
    public var providers: [String]??
    public var dailyTokens: Int64??
    public var dailyCostMicros: Int64??
    public var hourlyConversationTokens: Int64??
    public var currency: String??
    public var handoffTopics: [AssistantPolicy.Topic]??
    public var handoffPhrases: [String]??
    public var onAnger: AssistantPolicy.Escalation??
    public var onRepetition: AssistantPolicy.Escalation??
    public var returnMinutes: Int64??
    public var synonyms: [[String]]??

    public init() {}

    /// Everything as it is by default.
    public static var defaults: AssistantPolicyPatch {
        var patch = AssistantPolicyPatch()
        patch.providers = .some(nil)
        patch.dailyTokens = .some(nil)
        patch.dailyCostMicros = .some(nil)
        patch.hourlyConversationTokens = .some(nil)
        patch.currency = .some(nil)
        patch.handoffTopics = .some(nil)
        patch.handoffPhrases = .some(nil)
        patch.onAnger = .some(nil)
        patch.onRepetition = .some(nil)
        patch.returnMinutes = .some(nil)
        patch.synonyms = .some(nil)
        return patch
    }
}
