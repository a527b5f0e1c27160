public import Domain
public import Storage

/// What the assistant does for staff: suggested replies, summaries, and a look at the providers.
public struct AssistantDesk: Sendable {
    /// A reply that an agent may send, change or ignore.
    public struct Suggestion: Sendable {
        public var text: String
        public var sources: [Message.Source]
        /// False when the articles hold no answer.
        public var isAnswered: Bool
    }

    public struct Summary: Sendable {
        public var text: String
        public var language: Language
        /// Messages that it was made from.
        public var messages: Int
    }

    /// A provider and how it is doing on this node.
    public struct Provider: Sendable {
        public var name: String
        public var model: String
        public var standing: ProviderBoard.Standing
    }

    /// How a workspace stands with its providers.
    public struct WorkspaceStanding: Sendable {
        /// Names of providers, first the one that is asked first.
        public var order: [String]
        public var limits: SpendingLimits
        /// Today's.
        public var spending: Spending
        public var currency: String
        public var dayStart: Timestamp
        public var dayEnd: Timestamp
    }

    /// What came of a call that only tries a provider out.
    public struct Trial: Sendable {
        /// Nil when it answered.
        public var failure: ProviderFailure?
        public var firstToken: Duration?
        public var duration: Duration
        public var usage: TokenUsage
    }

    private let store: ChatStore
    private let composer: ReplyComposer
    private let budgets: ModelBudgets
    private let providers: [any ReplyProvider]
    private let board: ProviderBoard
    private let trialDeadlines: ReplyDeadlines

    /// - Parameters:
    ///   - providers: in the order in which they are asked.
    ///   - trialDeadlines: how long a provider that is tried out may take.
    public init(
        store: ChatStore, composer: ReplyComposer, budgets: ModelBudgets, providers: [any ReplyProvider],
        board: ProviderBoard, trialDeadlines: ReplyDeadlines
    ) {
        self.store = store
        self.composer = composer
        self.budgets = budgets
        self.providers = providers
        self.board = board
        self.trialDeadlines = trialDeadlines
    }

    /// What the assistant would answer now. The conversation is left as it is.
    /// - Parameter deliver: takes the pieces as they come; see ``ReplyComposing``.
    /// - Throws: `Refusal`; ``ProviderChain/Failed`` when no provider answered; `BudgetExhausted`; `StorageFailure`.
    public func suggestion(
        in conversationId: Identifier<Conversation>, by access: Access,
        deliver: @escaping @Sendable (ReplyPiece) async throws -> Void
    ) async throws -> Suggestion {
        try await suggestion(to: try await question(in: conversationId, by: access), deliver: deliver)
    }

    /// The first half of ``suggestion(in:by:deliver:)``, for a caller that must know whether there is anything to answer
    /// before it begins its own answer.
    /// - Throws: `Refusal`, `BudgetExhausted`, `StorageFailure`.
    public func question(in conversationId: Identifier<Conversation>, by access: Access) async throws -> ReplyQuestion {
        try access.require(.assistantUse)
        let question = try await store.read { try $0.newestQuestion(in: conversationId, by: access) }
        try await composer.check(question.spender)
        return question
    }

    public func suggestion(
        to question: ReplyQuestion, deliver: @escaping @Sendable (ReplyPiece) async throws -> Void
    ) async throws -> Suggestion {
        let reply = try await composer.compose(question, deliver: deliver)
        return Suggestion(text: reply.text, sources: reply.sources, isAnswered: reply.isAnswered)
    }

    /// What has happened in a conversation, in a few lines.
    /// - Throws: as ``suggestion(in:by:deliver:)``; `Refusal.conflict` when nothing was said yet.
    public func summary(of conversationId: Identifier<Conversation>, by access: Access) async throws -> Summary {
        try access.require(.assistantUse)
        let (history, locale, context) = try await store.read { snapshot in
            let user = try access.staff.flatMap { try snapshot.user($0.userId) }
            return (
                try snapshot.history(of: conversationId, by: access), user?.locale,
                try snapshot.replyContext(of: conversationId, in: access.workspaceId)
            )
        }
        guard !history.isEmpty else { throw Refusal.conflict("nothing was said that could be summed up") }
        let words = history.last { $0.sender.kind == .contact }?.content ?? ""
        let language = locale.map { Language(locale: $0) } ?? Language.ofReply(to: words, locale: "en")
        let text = try await composer.summarize(
            history, in: language,
            for: Spender(
                workspaceId: access.workspaceId, conversationId: conversationId, policy: context.policy,
                providers: context.providers))
        return Summary(text: text, language: language, messages: history.count)
    }

    /// The providers in the configured order.
    public func standings() -> [Provider] {
        providers.map { Provider(name: $0.name, model: $0.model, standing: board.standing(of: $0.name)) }
    }

    /// Names of the providers, in the configured order.
    public var providerNames: [String] { providers.map(\.name) }

    /// Whom a workspace's replies ask, where their inbox does not say otherwise, and what they may use and have used today.
    /// - Throws: `Refusal.forbidden`, `StorageFailure`.
    public func standing(by access: Access) async throws -> WorkspaceStanding {
        try access.require(.settingsRead)
        let (policy, spending, now) = try await store.read { snapshot in
            (
                try snapshot.settings(of: access.workspaceId).assistant,
                try snapshot.spending(of: access.workspaceId), snapshot.now
            )
        }
        return WorkspaceStanding(
            order: policy.providers?.filter(providerNames.contains) ?? providerNames, limits: budgets.limits(policy),
            spending: spending,
            currency: policy.currency, dayStart: SpendingPeriod.day.start(at: now),
            dayEnd: SpendingPeriod.day.end(at: now))
    }

    /// Calls a provider with one short question, past its breaker.
    /// - Throws: `Refusal.notFound` when there is none of this name; `CancellationError`.
    public func tryOut(_ name: String) async throws -> Trial {
        guard let provider = providers.first(where: { $0.name == name }) else { throw Refusal.notFound }
        let prompt = ReplyPrompt(
            question: "Hello", knowledge: .nothing, language: .english, maximumOutputTokens: Self.trialTokens)
        let tally = DeliveryTally(Stopwatch(ContinuousClock())) { _ in }
        var failure: ProviderFailure?
        do {
            _ = try await provider.reply(to: prompt, within: trialDeadlines) { try await tally.pass($0) }
        } catch let failed as ProviderFailure {
            failure = failed
        }
        let attempt = tally.attempt(provider, failure: failure)
        board.record(attempt, of: .lastResort)
        return Trial(
            failure: failure, firstToken: attempt.firstToken, duration: attempt.duration, usage: attempt.usage)
    }

    /// Tokens of a trial's answer: a tiny call.
    static let trialTokens = 16
}
