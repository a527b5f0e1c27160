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
    private let providers: [any ReplyProvider]
    private let board: ProviderBoard
    private let trialDeadlines: ReplyDeadlines

    /// - Parameters:
    ///   - providers: in the order in which they are asked.
    ///   - trialDeadlines: how long a provider that is tried out may take.
    public init(
        store: ChatStore, composer: ReplyComposer, providers: [any ReplyProvider], board: ProviderBoard,
        trialDeadlines: ReplyDeadlines
    ) {
        self.store = store
        self.composer = composer
        self.providers = providers
        self.board = board
        self.trialDeadlines = trialDeadlines
    }

    /// What the assistant would answer now. The conversation is left as it is.
    /// - Parameter deliver: takes the pieces as they come; see ``ReplyComposing``.
    /// - Throws: `Refusal`; ``ProviderChain/Failed`` when no provider answered; `StorageFailure`.
    public func suggestion(
        in conversationId: Identifier<Conversation>, by access: Access,
        deliver: @escaping @Sendable (ReplyPiece) async throws -> Void
    ) async throws -> Suggestion {
        try await suggestion(to: try await question(in: conversationId, by: access), deliver: deliver)
    }

    /// The first half of ``suggestion(in:by:deliver:)``, for a caller that must know whether there is anything to answer
    /// before it begins its own answer.
    public func question(in conversationId: Identifier<Conversation>, by access: Access) async throws -> ReplyQuestion {
        try access.require(.assistantUse)
        return try await store.read { try $0.newestQuestion(in: conversationId, by: access) }
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
        let (history, locale) = try await store.read { snapshot in
            let user = try access.staff.flatMap { try snapshot.user($0.userId) }
            return (try snapshot.history(of: conversationId, by: access), user?.locale)
        }
        guard !history.isEmpty else { throw Refusal.conflict("nothing was said that could be summed up") }
        let words = history.last { $0.sender.kind == .contact }?.content ?? ""
        let language = locale.map { Language(locale: $0) } ?? Language.ofReply(to: words, locale: "en")
        let text = try await composer.summarize(history, in: language)
        return Summary(text: text, language: language, messages: history.count)
    }

    /// The providers in the order in which they are asked.
    public func standings() -> [Provider] {
        providers.map { Provider(name: $0.name, model: $0.model, standing: board.standing(of: $0.name)) }
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
