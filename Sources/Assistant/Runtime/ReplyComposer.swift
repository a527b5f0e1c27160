import Domain
import Storage
import Synchronization

/// Makes the text of a reply: finds what the knowledge holds, asks the providers in turn, and lets through only what may be
/// shown.
public struct ReplyComposer: Sendable {
    private let prompts: ReplyPromptMaker
    private let chain: ProviderChain
    private let clock: any Clock<Duration>
    private let limit: Duration

    /// - Parameter limit: time for the whole reply, all providers together: `AI_REPLY_SECONDS`.
    public init(
        knowledge: KnowledgeLibrary, chain: ProviderChain, limit: Duration,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        prompts = ReplyPromptMaker(knowledge: knowledge)
        self.chain = chain
        self.limit = limit
        self.clock = clock
    }

    /// Composes one reply. See ``ReplyComposing``.
    /// - Throws: ``ProviderChain/Failed`` when no provider gave one, ``StorageFailure``, or what `deliver` threw.
    public func compose(
        _ question: ReplyQuestion, deliver: @escaping @Sendable (ReplyPiece) async throws -> Void
    ) async throws -> ComposedReply {
        let stopwatch = Stopwatch(clock)
        let prompt = try await prompts.answer(to: question)
        let filter = Mutex(ReplyFilter(passages: prompt.passages))
        let reply = try await chain.reply(to: prompt, within: limit) {
            // Text is out already: it is taken back in sight of the customer.
            try await deliver(.reset(reason: "provider"))
            filter.withLock { $0 = ReplyFilter(passages: prompt.passages) }
        } deliver: { chunk in
            guard case .text(let text) = chunk else { return }
            let shown = filter.withLock { $0.push(text) }
            if !shown.isEmpty { try await deliver(.text(shown)) }
        }
        let rest = filter.withLock { $0.finish() }
        if !rest.isEmpty { try await deliver(.text(rest)) }
        let result = filter.withLock { $0 }
        guard !result.text.isEmpty else {
            throw ProviderFailure(.server, provider: "", code: "nothing_to_show")
        }
        return ComposedReply(
            text: result.text, sources: sources(result.citedNumbers, of: prompt),
            finish: reply.finish == .length || result.wasCut ? .length : .stop, isAnswered: !result.isUnknown,
            receipt: ReplyReceipt(
                prompt, cited: result.citedNumbers, attempts: reply.attempts, duration: stopwatch.elapsed()))
    }

    /// Sums a conversation up for staff.
    /// - Parameter history: oldest first.
    /// - Throws: ``ProviderChain/Failed`` when no provider did.
    func summarize(_ history: [Message], in language: Language) async throws -> String {
        let prompt = prompts.summary(of: history, in: language)
        let text = Mutex("")
        _ = try await chain.reply(to: prompt, within: limit) {
            text.withLock { $0 = "" }
        } deliver: { chunk in
            if case .text(let piece) = chunk { text.withLock { $0 += piece } }
        }
        return Sentences.trimmed(PromptText.clean(text.withLock { $0 }))
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
