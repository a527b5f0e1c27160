import Domain

extension ReplyReceipt {
    /// Of a reply that is still to be made.
    init(_ prompt: ReplyPrompt) {
        self.init(
            promptVersion: SystemPrompt.version, language: prompt.language.rawValue,
            answerability: prompt.answerability.rawValue, coverage: prompt.coverage,
            passages: prompt.passages.enumerated().map { index, passage in
                Passage(
                    number: index + 1, articleId: Identifier(passage.articleId), title: passage.path,
                    excerpt: passage.excerpt, score: passage.score, isCited: false)
            }, attempts: [], durationMilliseconds: 0)
    }
}

extension ReplyReceipt.Attempt {
    /// Tokens that one call can have used. Counts come from outside, and sums of them must not overflow.
    private static let tokens = 0...100_000_000

    /// - Parameters:
    ///   - promptTokens: of the prompt, where the provider did not say.
    ///   - moment: when it ended.
    init(_ attempt: ProviderChain.Attempt, promptTokens: () -> Int, endedAt moment: Timestamp) {
        var usage = attempt.usage
        if usage.isEstimated, usage.input == 0, attempt.hasReadThePrompt { usage.input = promptTokens() }
        self.init(
            provider: attempt.provider, model: attempt.model,
            failure: attempt.isCancelled ? Self.cancelled : attempt.failure?.kind.rawValue,
            status: attempt.failure?.status, code: attempt.failure?.code,
            firstTokenMilliseconds: attempt.firstToken?.wholeMilliseconds,
            durationMilliseconds: attempt.duration.wholeMilliseconds, inputTokens: Self.bounded(usage.input),
            outputTokens: Self.bounded(usage.output), cachedInputTokens: Self.bounded(usage.cachedInput),
            isEstimated: usage.isEstimated,
            startedAt: moment.adding(milliseconds: -attempt.duration.wholeMilliseconds))
    }

    private static func bounded(_ count: Int) -> Int { min(max(count, tokens.lowerBound), tokens.upperBound) }
}

extension ProviderChain.Attempt {
    /// Whether a model has been given the prompt, as far as can be told: then it is paid for, whatever came of it.
    fileprivate var hasReadThePrompt: Bool {
        guard provider != AssistantPrice.freeProvider else { return false }
        if firstToken != nil || isCancelled { return true }
        switch failure?.kind {
        case .firstTokenTimeout, .idleTimeout, .replyTimeout, .truncated, nil: return true
        default: return false
        }
    }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
