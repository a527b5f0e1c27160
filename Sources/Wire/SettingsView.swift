public import Domain

/// A workspace's settings.
public struct SettingsView: Codable, Sendable, Equatable {
    /// What people type at sign-in. It cannot be changed.
    public var slug: String
    public var name: String
    /// IANA name of the time zone of statistics.
    public var timezone: String
    /// Language of sessions that ask for none; null for the visitor's own.
    @Nullable public var locale: String?
    /// Seconds in which people may edit and delete their own messages.
    public var messageEditSeconds: Int64
    public var assistant: AssistantPolicyView
}

/// What a workspace decides of its assistant.
public struct AssistantPolicyView: Codable, Sendable, Equatable {
    /// Names of providers in the order in which they are asked; null for the configured order.
    @Nullable public var providers: [String]?
    /// Tokens of a day in UTC; null for the installation's `AI_DAILY_TOKEN_BUDGET`.
    @Nullable public var dailyTokens: Int64?
    /// Money of a day in UTC, in millionths of `currency`; null for no limit.
    @Nullable public var dailyCostMicros: Int64?
    /// Tokens of one conversation in an hour; null for no limit.
    @Nullable public var hourlyConversationTokens: Int64?
    /// ISO 4217 code of the currency of prices, costs and budgets.
    public var currency: String
    /// Matters that are left to humans.
    public var handoffTopics: [AssistantPolicy.Topic]
    /// Words of a contact, any of which brings a human.
    public var handoffPhrases: [String]
    public var onAnger: AssistantPolicy.Escalation
    /// When the contact asks the same again or rejects answers.
    public var onRepetition: AssistantPolicy.Escalation
    /// Minutes after a human's last word after which the assistant answers again; null for never.
    @Nullable public var returnMinutes: Int64?
    /// Groups of words that mean the same.
    public var synonyms: [[String]]

    init(_ policy: AssistantPolicy) {
        providers = policy.providers
        dailyTokens = policy.dailyTokens
        dailyCostMicros = policy.dailyCostMicros
        hourlyConversationTokens = policy.hourlyConversationTokens
        currency = policy.currency
        handoffTopics = policy.handoffTopics
        handoffPhrases = policy.handoffPhrases
        onAnger = policy.onAnger
        onRepetition = policy.onRepetition
        returnMinutes = policy.returnMinutes
        synonyms = policy.synonyms
    }
}

extension ViewMaker {
    public func settings(_ workspace: Workspace, _ settings: WorkspaceSettings) -> SettingsView {
        SettingsView(
            slug: workspace.slug, name: workspace.name, timezone: settings.timezone, locale: settings.locale,
            messageEditSeconds: settings.messageEditSeconds, assistant: AssistantPolicyView(settings.assistant))
    }
}
