import Domain
import Storage
import Synchronization

/// Makes the text of a reply: finds what the knowledge holds, asks the providers in turn, and lets through only what may be
/// shown.
public struct ReplyComposer: Sendable {
    private let prompts: ReplyPromptMaker
    private let chain: ProviderChain
    private let budgets: ModelBudgets
    private let clock: any Clock<Duration>
    private let limit: Duration
    /// Of the prompts that ``prompts`` makes.
    private let rules = RuleWords(SystemPrompt.text(company: nil))

    /// - Parameter limit: time for the whole reply, all providers together: `AI_REPLY_SECONDS`.
    public init(
        knowledge: KnowledgeLibrary, chain: ProviderChain, budgets: ModelBudgets, limit: Duration,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        prompts = ReplyPromptMaker(knowledge: knowledge)
        self.chain = chain
        self.budgets = budgets
        self.limit = limit
        self.clock = clock
    }

    /// Composes one reply. See ``ReplyComposing``. What it used is in the question's account, however it ends.
    /// - Throws: for a reply ``ReplyFailed`` when there is none, for a suggestion ``ProviderChain/Failed`` or
    ///   `BudgetExhausted`; ``StorageFailure``, or what `deliver` threw.
    public func compose(
        _ question: ReplyQuestion, deliver: @escaping @Sendable (ReplyPiece) async throws -> Void
    ) async throws -> ComposedReply {
        let stopwatch = Stopwatch(clock)
        let prompt = try await ReplyLoops.aside { [prompts] in
            HandoffTool.added(to: try await prompts.answer(to: question), for: question)
        }
        let (account, spender) = (question.account, question.spender)
        account.begin(prompt, stopwatch)
        let models = chain.models(in: spender.providers)
        guard let replyId = question.replyId else {
            return try await budgets.spend(on: prompt, spender, models, account: account) {
                try await write(prompt, for: spender, account, deliver: deliver)
            }
        }
        do {
            try await budgets.reserve(prompt, for: replyId, of: spender, models, used: account.usedTokens)
            return try await write(prompt, for: spender, account, deliver: deliver)
        } catch is BudgetExhausted {
            throw ReplyFailed(.budget, receipt: account.receipt(.failed, handoff: .budget))
        } catch let failed as ProviderChain.Failed {
            let reason: Handoff.Reason = failed.failure.kind == .contentFilter ? .contentFilter : .failure
            throw ReplyFailed(reason, receipt: account.receipt(.failed, handoff: reason))
        } catch is ProviderFailure {
            throw ReplyFailed(.failure, receipt: account.receipt(.failed, handoff: .failure))
        }
    }

    /// Whether anything may be used at the moment, for those who have to know before they begin their own answer.
    /// - Throws: `BudgetExhausted`, ``StorageFailure``.
    func check(_ spender: Spender) async throws {
        try await budgets.check(spender, chain.models(in: spender.providers))
    }

    /// Takes down every call, whatever becomes of the reply.
    private func log(_ prompt: ReplyPrompt, _ account: ReplyAccount) -> ProviderChain.AttemptLog {
        ProviderChain.AttemptLog { [budgets] attempt in
            account.note(
                ReplyReceipt.Attempt(
                    attempt, promptTokens: { budgets.tokens(of: prompt) }, endedAt: budgets.clock.now()))
        }
    }

    private func write(
        _ prompt: ReplyPrompt, for spender: Spender, _ account: ReplyAccount,
        deliver: @escaping @Sendable (ReplyPiece) async throws -> Void
    ) async throws -> ComposedReply {
        let filter = FilterInTheMaking { [rules] in ReplyFilter(prompt, rules: rules) }
        let handoff = Mutex<Handoff?>(nil)
        let reply = try await chain.reply(
            to: prompt, order: spender.providers, within: limit, log: log(prompt, account)
        ) {
            // Text is out already: it is taken back in sight of the customer.
            try await deliver(.reset(reason: "provider"))
            filter.restart()
        } deliver: { chunk in
            switch chunk {
            case .text(let text):
                let shown = await filter.push(text)
                if !shown.isEmpty { try await deliver(.text(shown)) }
            case .toolCall(let call):
                let asked = HandoffTool.handoff(from: call, offered: prompt.tools, in: prompt.language)
                handoff.withLock { $0 = $0 ?? asked }
            case .reasoning, .usage: break
            }
        }
        let rest = await filter.finish()
        if !rest.isEmpty { try await deliver(.text(rest)) }
        let result = await filter.state
        let wish = handoff.withLock { $0 }
        guard !result.text.isEmpty || wish != nil else {
            throw ProviderFailure(.server, provider: "", code: "nothing_to_show")
        }
        var receipt = account.receipt(.completed, citing: result.citedNumbers)
        receipt?.withheld = result.withheld
        return ComposedReply(
            text: result.text, sources: sources(result.citedNumbers, of: prompt),
            finish: reply.finish == .length || result.wasCut ? .length : .stop,
            isAnswered: !result.isUnknown && !result.hasLeaked, handoff: wish, receipt: receipt)
    }

    /// Sums a conversation up for staff.
    /// - Parameter history: oldest first.
    /// - Throws: ``ProviderChain/Failed`` when no provider did, `BudgetExhausted`, ``StorageFailure``.
    func summarize(_ history: [Message], in language: Language, for spender: Spender) async throws -> String {
        let prompt = prompts.summary(of: history, in: language)
        let written = try await text(of: prompt, for: spender, order: spender.providers)
        return Sentences.trimmed(PromptText.clean(written.text))
    }

    /// What a model writes that no customer is to see. The built-in provider is not asked.
    /// - Throws: ``NoModel``; otherwise as ``summarize(_:in:for:)``.
    func text(of prompt: ReplyPrompt, for spender: Spender) async throws -> (text: String, finish: ReplyFinish) {
        let models = chain.models(in: spender.providers).map(\.provider)
        let order = models.filter { $0 != AssistantPrice.freeProvider }
        guard !order.isEmpty else { throw NoModel() }
        return try await text(of: prompt, for: spender, order: order)
    }

    private func text(
        of prompt: ReplyPrompt, for spender: Spender, order: [String]?
    ) async throws -> (text: String, finish: ReplyFinish) {
        let text = Mutex("")
        let account = ReplyAccount()
        let reply = try await budgets.spend(on: prompt, spender, chain.models(in: order), account: account) {
            try await chain.reply(to: prompt, order: order, within: limit, log: log(prompt, account)) {
                text.withLock { $0 = "" }
            } deliver: { chunk in
                if case .text(let piece) = chunk { text.withLock { $0 += piece } }
            }
        }
        return (text.withLock { $0 }, reply.finish)
    }

    private func sources(_ numbers: [Int], of prompt: ReplyPrompt) -> [Message.Source] {
        numbers.compactMap { number in
            guard prompt.passages.indices.contains(number - 1) else { return nil }
            let passage = prompt.passages[number - 1]
            return Message.Source(
                number: number, articleId: Identifier(passage.articleId), title: passage.title,
                excerpt: passage.excerpt, score: passage.score)
        }
    }
}
