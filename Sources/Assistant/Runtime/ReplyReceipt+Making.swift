import Domain

extension ReplyReceipt {
    init(_ prompt: ReplyPrompt, cited: [Int], attempts: [ProviderChain.Attempt], duration: Duration) {
        self.init(
            promptVersion: SystemPrompt.version, language: prompt.language.rawValue,
            answerability: prompt.answerability.rawValue, coverage: prompt.coverage,
            passages: prompt.passages.enumerated().map { index, passage in
                Passage(
                    number: index + 1, articleId: Identifier(passage.articleId), title: passage.path,
                    excerpt: passage.excerpt, score: passage.score, isCited: cited.contains(index + 1))
            },
            attempts: attempts.map(Attempt.init), durationMilliseconds: duration.wholeMilliseconds)
    }
}

extension ReplyReceipt.Attempt {
    fileprivate init(_ attempt: ProviderChain.Attempt) {
        self.init(
            provider: attempt.provider, model: attempt.model, failure: attempt.failure?.kind.rawValue,
            status: attempt.failure?.status, code: attempt.failure?.code,
            firstTokenMilliseconds: attempt.firstToken?.wholeMilliseconds,
            durationMilliseconds: attempt.duration.wholeMilliseconds, inputTokens: attempt.usage.input,
            outputTokens: attempt.usage.output, cachedInputTokens: attempt.usage.cachedInput,
            isEstimated: attempt.usage.isEstimated)
    }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
