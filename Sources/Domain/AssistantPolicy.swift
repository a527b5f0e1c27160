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
