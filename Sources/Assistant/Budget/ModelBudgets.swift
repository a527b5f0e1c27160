public import Domain
public import Logging
public import Storage

/// On whose budget models are called, and which.
public struct Spender: Sendable {
    public var workspaceId: Identifier<Workspace>
    public var conversationId: Identifier<Conversation>
    public var policy: AssistantPolicy
    /// Names of providers in the order in which they are asked; nil for the configured one.
    public var providers: [String]?

    public init(
        workspaceId: Identifier<Workspace>, conversationId: Identifier<Conversation>, policy: AssistantPolicy,
        providers: [String]?
    ) {
        self.workspaceId = workspaceId
        self.conversationId = conversationId
        self.policy = policy
        self.providers = providers
    }
}

extension ReplyQuestion {
    var spender: Spender {
        Spender(
            workspaceId: workspaceId, conversationId: conversationId, policy: policy, providers: providers)
    }
}

/// What models may be used for: reserved before a call, settled after it.
///
/// The reservation is a commit before the first token. So there is one only where a budget is set, and a model may be asked
/// that costs something. What was used is always counted, so that a budget which is set at noon knows the morning.
public struct ModelBudgets: Sendable {
    private let store: ChatStore
    private let dailyTokens: Int64?
    private let contextTokens: Int
    private let logger: Logger

    /// - Parameters:
    ///   - dailyTokens: of each workspace that has no budget of its own: `AI_DAILY_TOKEN_BUDGET`; nil for no limit.
    ///   - contextTokens: most that a prompt can have: `AI_CONTEXT_TOKENS`.
    public init(store: ChatStore, dailyTokens: Int64?, contextTokens: Int, logger: Logger) {
        self.store = store
        self.dailyTokens = dailyTokens
        self.contextTokens = contextTokens
        self.logger = logger
    }

    var clock: any WallClock { store.clock }

    /// What holds for a workspace with this policy.
    public func limits(_ policy: AssistantPolicy) -> SpendingLimits {
        SpendingLimits(policy, installation: dailyTokens)
    }

    /// Tokens that a prompt has at most.
    func tokens(of prompt: ReplyPrompt) -> Int { min(prompt.estimatedTokens, contextTokens) }

    /// Reserves what a reply may use. Its receipt settles it, in the transaction that ends the reply.
    /// - Parameters:
    ///   - candidates: who may be called.
    ///   - used: tokens that earlier tries at the same reply have used.
    /// - Throws: `BudgetExhausted`, `StorageFailure`.
    func reserve(
        _ prompt: ReplyPrompt, for replyId: Identifier<Message>, of spender: Spender,
        _ candidates: [CallEstimate.Candidate], used: Int = 0
    ) async throws {
        guard let limits = limits(spender, candidates) else { return }
        let estimate = CallEstimate(
            candidates: candidates, inputTokens: tokens(of: prompt) + used, outputTokens: prompt.maximumOutputTokens)
        try await store.write {
            try $0.reserve(
                estimate, for: replyId, in: spender.conversationId, of: spender.workspaceId, within: limits)
        }
    }

    /// Makes calls that are part of no reply, reserved and settled here.
    /// - Throws: `BudgetExhausted`, `StorageFailure`, or what `calls` throws.
    func spend<Value: Sendable>(
        on prompt: ReplyPrompt, _ spender: Spender, _ candidates: [CallEstimate.Candidate], account: ReplyAccount,
        _ calls: () async throws -> Value
    ) async throws -> Value {
        let key = store.identifiers.next(Message.self)
        try await reserve(prompt, for: key, of: spender, candidates)
        do {
            let value = try await calls()
            await settle(account, for: key, spender)
            return value
        } catch {
            await settle(account, for: key, spender)
            throw error
        }
    }

    /// What limits calls of these candidates; nil when nothing does.
    private func limits(_ spender: Spender, _ candidates: [CallEstimate.Candidate]) -> SpendingLimits? {
        let limits = limits(spender.policy)
        let mayCost = candidates.contains { $0.provider != AssistantPrice.freeProvider }
        return limits.isUnlimited || !mayCost ? nil : limits
    }

    private func settle(_ account: ReplyAccount, for key: Identifier<Message>, _ spender: Spender) async {
        let attempts = account.attempts
        let mayHaveReserved = !limits(spender.policy).isUnlimited
        guard mayHaveReserved || attempts.contains(where: { !$0.isFree }) else { return }
        do {
            try await store.write {
                try $0.book(attempts, for: key, in: spender.conversationId, of: spender.workspaceId)
            }
        } catch {
            // The reservation stays for some minutes in its place.
            logger.warning("what a model used could not be booked", metadata: ["error": "\(error)"])
        }
    }

    /// Whether a call could be made at the moment. For those who have to know before they begin their own answer.
    /// - Throws: `BudgetExhausted`, `StorageFailure`.
    func check(_ spender: Spender, _ candidates: [CallEstimate.Candidate]) async throws {
        guard let limits = limits(spender, candidates) else { return }
        try await store.read { snapshot in
            let day = try snapshot.spending(of: spender.workspaceId)
            let hour = try snapshot.spending(in: spender.conversationId, of: spender.workspaceId)
            let now = snapshot.now
            if let limit = limits.dailyTokens, day.tokens >= limit {
                throw BudgetExhausted(.dailyTokens, endsAt: SpendingPeriod.day.end(at: now))
            }
            if let limit = limits.dailyCostMicros, day.costMicros >= limit {
                throw BudgetExhausted(.dailyCost, endsAt: SpendingPeriod.day.end(at: now))
            }
            if let limit = limits.hourlyConversationTokens, hour.tokens >= limit {
                throw BudgetExhausted(.hourlyConversationTokens, endsAt: SpendingPeriod.hour.end(at: now))
            }
        }
    }
}

extension ReplyPrompt {
    /// Tokens of everything in it, before anything is trimmed.
    var estimatedTokens: Int {
        let turns = (turns + interlude).reduce(0) { $0 + TokenEstimate.tokens(in: $1.text) + TokenEstimate.perMessage }
        let passages = passages.reduce(0) {
            $0 + TokenEstimate.tokens(in: $1.path) + TokenEstimate.tokens(in: $1.text) + Self.tokensAround
        }
        let tools = tools.reduce(0) { $0 + TokenEstimate.tokens(in: $1.description) + Self.tokensOfATool }
        let rest = [system, summary ?? "", question].reduce(0) {
            $0 + TokenEstimate.tokens(in: $1) + Self.tokensAround
        }
        return turns + passages + tools + rest + TokenEstimate.perRequest
    }

    /// Delimiters around a text, with their random part.
    private static let tokensAround = 24
    /// Names and types of a tool's parameters.
    private static let tokensOfATool = 120
}
