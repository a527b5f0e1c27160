import Assistant
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Storage
import Wire

/// What the assistant does for agents, and how its answers came about.
struct AssistantRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let desk: AssistantDesk

    func register(in table: inout EndpointTable) {
        table.group = "Assistant"
        table.post(
            "/api/v1/chat/conversations/{id}/suggestion",
            summary: "A suggested reply for the agent; with `Accept: text/event-stream`, as it is written",
            access: .staff(.assistantUse), response: SuggestionView.self, problems: [.conflict, .rateLimited]
        ) { call in
            try await suggest(call)
        }
        table.alsoStreams("The reply as it is written.")
        table.alsoNeeds(.conversationsRead)
        table.post(
            "/api/v1/chat/conversations/{id}/summary", summary: "What has happened in the conversation, in a few lines",
            access: .staff(.assistantUse), response: SummaryView.self, problems: [.conflict, .rateLimited]
        ) { call in
            let id = try call.id(Conversation.self)
            let summary = try await available { try await desk.summary(of: id, by: call.access) }
            return Answer(
                SummaryView(text: summary.text, language: summary.language.rawValue, messageCount: summary.messages))
        }
        table.alsoNeeds(.conversationsRead)
        table.get(
            "/api/v1/chat/conversations/{id}/messages/{message_id}/receipt",
            summary: "How an answer of the assistant came about", access: .staff(.assistantRead),
            response: ReceiptView.self
        ) { call in
            let (id, access) = (try call.id(Conversation.self), call.access)
            let messageId: Identifier<Message> = try call.known(call.parameter("message_id"))
            let kept = try await store.read { try $0.receipt(of: messageId, in: id, by: access) }
            return Answer(ReceiptView(kept, views.identifiers))
        }
        table.alsoNeeds(.conversationsRead)
    }

    func registerProviders(in table: inout EndpointTable) {
        table.group = "Assistant"
        table.get(
            "/api/v1/admin/ai/providers",
            summary: "Providers in the order in which the workspace asks them, how they are doing on this node, and "
                + "the workspace's budgets",
            access: .staff(.settingsRead), response: ProviderListView.self
        ) { call in
            Answer(ProviderListView(desk.standings(), try await desk.standing(by: call.access)))
        }
        table.post(
            "/api/v1/admin/ai/providers/{name}/test", summary: "Try a provider out with one short question",
            access: .staff(.assistantWrite), response: TrialView.self
        ) { call in
            Answer(TrialView(try await desk.tryOut(call.parameter("name"))))
        }
    }

    private func suggest(_ call: Call) async throws -> Answer<SuggestionView> {
        let id = try call.id(Conversation.self)
        let question = try await available { try await desk.question(in: id, by: call.access) }
        guard call.incoming.headers[.accept]?.lowercased().contains("text/event-stream") ?? false else {
            let made = try await available { try await desk.suggestion(to: question) { _ in } }
            return Answer(SuggestionView(made, views))
        }
        return Answer(response: SuggestionStream(desk: desk, views: views).response(to: question, call))
    }

    /// Nobody answered: for the client that is a service which is not there at the moment.
    private func available<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch is ProviderChain.Failed {
            throw Problem(.unavailable, retryAfter: Problem.retryAssistantSeconds, detail: "no provider answered")
        } catch let exhausted as BudgetExhausted {
            throw Problem(exhausted, at: store.clock.now())
        }
    }
}

extension Problem {
    /// Seconds after which providers are worth asking again: their breakers' first pause.
    static let retryAssistantSeconds = 15.0

    /// Nothing may be used before the next period.
    init(_ exhausted: BudgetExhausted, at now: Timestamp) {
        let what =
            switch exhausted.budget {
            case .dailyTokens: "the assistant's tokens of this day are used up"
            case .dailyCost: "the assistant's money of this day is used up"
            case .hourlyConversationTokens: "the assistant's tokens of this conversation and hour are used up"
            }
        self.init(
            .rateLimited, retryAfter: Double(exhausted.endsAt.milliseconds(since: now)) / 1000,
            detail: "\(what), until \(exhausted.endsAt)")
    }
}

/// A suggested reply.
struct SuggestionView: Codable, Sendable {
    var text: String
    var sources: [MessageView.Source]
    /// False when the articles hold no answer.
    var isAnswered: Bool

    init(_ suggestion: AssistantDesk.Suggestion, _ views: ViewMaker) {
        text = suggestion.text
        sources = suggestion.sources.map(views.source)
        isAnswered = suggestion.isAnswered
    }
}

struct SummaryView: Codable, Sendable {
    var text: String
    /// `en` or `zh`.
    var language: String
    /// Messages that it was made from, the newest at most 200.
    var messageCount: Int
}

/// How an answer of the assistant came about.
struct ReceiptView: Codable, Sendable {
    struct Passage: Codable, Sendable {
        var number: Int
        var articleId: String
        var title: String
        var excerpt: String
        var score: Double
        var isCited: Bool
    }

    struct Attempt: Codable, Sendable {
        var provider: String
        var model: String
        /// Kind of the failure, `cancelled` when it was broken off; null when it gave the answer.
        @Nullable var failure: String?
        @Nullable var status: Int?
        @Nullable var code: String?
        @Nullable var firstTokenMs: Int64?
        var durationMs: Int64
        var tokens: Tokens
        /// In millionths of the receipt's currency; null where no price is known.
        @Nullable var costMicros: Int64?
    }

    struct Tokens: Codable, Sendable {
        var input: Int
        var output: Int
        var cachedInput: Int
        /// Whether the server counted, because the provider did not say.
        var isEstimated: Bool
    }

    var messageId: String
    var conversationId: String
    @Nullable var provider: String?
    @Nullable var model: String?
    var promptVersion: String
    var language: String
    var answerability: String
    var coverage: Double
    var outcome: ReplyReceipt.Outcome
    /// Why a human took over at its end; null when none did.
    @Nullable var handoffReason: Handoff.Reason?
    var passages: [Passage]
    var attempts: [Attempt]
    /// Of all attempts.
    var tokens: Tokens
    /// Of all attempts, in millionths of `currency`; null where a price is not known.
    @Nullable var costMicros: Int64?
    /// ISO 4217; null where no cost is known, and where nothing was paid.
    @Nullable var currency: String?
    @Nullable var firstTokenMs: Int64?
    var durationMs: Int64
    var createdAt: Timestamp

    init(_ kept: KeptReceipt, _ identifiers: PublicIdentifiers) {
        let receipt = kept.receipt
        messageId = identifiers.text(kept.messageId)
        conversationId = identifiers.text(kept.conversationId)
        provider = receipt.attempts.last?.provider
        model = receipt.attempts.last?.model
        promptVersion = receipt.promptVersion
        language = receipt.language
        answerability = receipt.answerability
        coverage = receipt.coverage
        outcome = receipt.outcome
        handoffReason = receipt.handoff
        passages = receipt.passages.map {
            Passage(
                number: $0.number, articleId: identifiers.text($0.articleId), title: $0.title, excerpt: $0.excerpt,
                score: $0.score, isCited: $0.isCited)
        }
        attempts = receipt.attempts.map {
            Attempt(
                provider: $0.provider, model: $0.model, failure: $0.failure, status: $0.status, code: $0.code,
                firstTokenMs: $0.firstTokenMilliseconds, durationMs: $0.durationMilliseconds,
                tokens: Tokens(
                    input: $0.inputTokens, output: $0.outputTokens, cachedInput: $0.cachedInputTokens,
                    isEstimated: $0.isEstimated), costMicros: $0.costMicros)
        }
        tokens = Tokens(
            input: receipt.inputTokens, output: receipt.outputTokens,
            cachedInput: receipt.attempts.reduce(0) { $0 + $1.cachedInputTokens },
            isEstimated: receipt.attempts.contains { $0.isEstimated })
        costMicros = kept.costMicros
        currency = receipt.currency
        firstTokenMs = receipt.attempts.last?.firstTokenMilliseconds
        durationMs = receipt.durationMilliseconds
        createdAt = kept.createdAt
    }
}

struct ProviderListView: Codable, Sendable {
    /// Names of the providers that the workspace's replies ask, in this order, where their inbox does not say otherwise.
    var order: [String]
    /// All providers of the installation, those of the order first.
    var items: [ProviderView]
    var budgets: BudgetsView

    init(_ providers: [AssistantDesk.Provider], _ standing: AssistantDesk.WorkspaceStanding) {
        order = standing.order
        let asked = standing.order.compactMap { name in providers.first { $0.name == name } }
        let others = providers.filter { !standing.order.contains($0.name) }
        items =
            asked.enumerated().map { ProviderView($1, position: $0 + 1) }
            + others.map { ProviderView($0, position: nil) }
        budgets = BudgetsView(standing)
    }
}

/// What a workspace's models may use, and have used. The built-in provider uses nothing of it.
struct BudgetsView: Codable, Sendable {
    struct Budget: Codable, Sendable {
        /// Null where there is none.
        @Nullable var limit: Int64?
        var used: Int64
        /// By calls under way, at most.
        var reserved: Int64
        /// Null where there is no limit.
        @Nullable var left: Int64?

        init(limit: Int64?, used: Int64, reserved: Int64) {
            self.limit = limit
            self.used = used
            self.reserved = reserved
            left = limit.map { max(0, $0 - used - reserved) }
        }
    }

    struct Day: Codable, Sendable {
        var startsAt: Timestamp
        var endsAt: Timestamp
        var calls: Int64
        var tokens: Budget
        /// In millionths of `currency`, of calls with a known price.
        var costMicros: Budget
    }

    /// ISO 4217
    var currency: String
    /// In UTC.
    var day: Day
    /// Tokens of one conversation in an hour; null where there is no limit.
    @Nullable var hourlyConversationTokens: Int64?

    init(_ standing: AssistantDesk.WorkspaceStanding) {
        let (limits, spent) = (standing.limits, standing.spending)
        currency = standing.currency
        day = Day(
            startsAt: standing.dayStart, endsAt: standing.dayEnd, calls: spent.calls,
            tokens: Budget(limit: limits.dailyTokens, used: spent.tokens, reserved: spent.reservedTokens),
            costMicros: Budget(
                limit: limits.dailyCostMicros, used: spent.costMicros, reserved: spent.reservedMicros))
        hourlyConversationTokens = limits.hourlyConversationTokens
    }
}

/// A provider and how it is doing on the node that was asked.
struct ProviderView: Codable, Sendable {
    struct Failure: Codable, Sendable {
        var at: Timestamp
        var kind: String
        @Nullable var status: Int?
        @Nullable var code: String?
        /// The provider's words, shortened and without secrets.
        @Nullable var detail: String?
    }

    var name: String
    var model: String
    /// 1 is asked first; null when the workspace does not ask it.
    @Nullable var position: Int?
    var breakerState: CircuitBreaker.State
    /// Until when it asked to be left alone.
    @Nullable var coolUntil: Timestamp?
    /// Since the node started.
    var calls: Int
    var failures: Int
    @Nullable var lastSuccessAt: Timestamp?
    @Nullable var lastFirstTokenMs: Int64?
    /// Newest first.
    var recentFailures: [Failure]

    init(_ provider: AssistantDesk.Provider, position: Int?) {
        name = provider.name
        model = provider.model
        self.position = position
        breakerState = provider.standing.state
        coolUntil = provider.standing.coolUntil
        calls = provider.standing.calls
        failures = provider.standing.failures
        lastSuccessAt = provider.standing.lastSuccessAt
        lastFirstTokenMs = provider.standing.lastFirstToken?.roundedMilliseconds
        recentFailures = provider.standing.recentFailures.map {
            Failure(
                at: $0.at, kind: $0.failure.kind.rawValue, status: $0.failure.status, code: $0.failure.code,
                detail: $0.failure.detail)
        }
    }
}

/// What came of trying a provider out.
struct TrialView: Codable, Sendable {
    struct Failure: Codable, Sendable {
        var kind: String
        @Nullable var status: Int?
        @Nullable var code: String?
        @Nullable var detail: String?
    }

    var isAnswering: Bool
    @Nullable var failure: Failure?
    @Nullable var firstTokenMs: Int64?
    var durationMs: Int64

    init(_ trial: AssistantDesk.Trial) {
        isAnswering = trial.failure == nil
        failure = trial.failure.map {
            Failure(kind: $0.kind.rawValue, status: $0.status, code: $0.code, detail: $0.detail)
        }
        firstTokenMs = trial.firstToken?.roundedMilliseconds
        durationMs = trial.duration.roundedMilliseconds
    }
}

extension TrialView.Failure: Equatable {}

extension Duration {
    fileprivate var roundedMilliseconds: Int64 { Int64((self / .milliseconds(1)).rounded()) }
}
