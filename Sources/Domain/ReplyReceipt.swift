/// How an AI reply came about: for staff, never for contacts.
public struct ReplyReceipt: Sendable, Equatable, Codable {
    /// A piece of an article that the reply could rest on.
    public struct Passage: Sendable, Equatable, Codable {
        /// The number under which the reply may cite it.
        public var number: Int
        public var articleId: Identifier<Article>
        public var title: String
        public var excerpt: String
        /// 0…1
        public var score: Double
        public var isCited: Bool

        public init(
            number: Int, articleId: Identifier<Article>, title: String, excerpt: String, score: Double, isCited: Bool
        ) {
            self.number = number
            self.articleId = articleId
            self.title = title
            self.excerpt = excerpt
            self.score = score
            self.isCited = isCited
        }
    }

    /// One call of one provider.
    public struct Attempt: Sendable, Equatable, Codable {
        public var provider: String
        public var model: String
        /// Kind of the failure; nil when it gave the reply.
        public var failure: String?
        /// Of the provider's HTTP answer to a call that failed.
        public var status: Int?
        /// The provider's own code of the failure.
        public var code: String?
        /// From the call to the first token.
        public var firstTokenMilliseconds: Int64?
        public var durationMilliseconds: Int64
        public var inputTokens: Int
        public var outputTokens: Int
        /// Of the input, what came from the provider's cache.
        public var cachedInputTokens: Int
        /// Whether the tokens were counted by us, because the provider did not say.
        public var isEstimated: Bool

        public init(
            provider: String, model: String, failure: String?, status: Int?, code: String?,
            firstTokenMilliseconds: Int64?, durationMilliseconds: Int64, inputTokens: Int, outputTokens: Int,
            cachedInputTokens: Int, isEstimated: Bool
        ) {
            self.provider = provider
            self.model = model
            self.failure = failure
            self.status = status
            self.code = code
            self.firstTokenMilliseconds = firstTokenMilliseconds
            self.durationMilliseconds = durationMilliseconds
            self.inputTokens = inputTokens
            self.outputTokens = outputTokens
            self.cachedInputTokens = cachedInputTokens
            self.isEstimated = isEstimated
        }
    }

    /// Version of the rules that the reply was made under.
    public var promptVersion: String
    /// Language of the reply: `en` or `zh`.
    public var language: String
    /// Whether the articles held an answer: `none`, `weak` or `answerable`.
    public var answerability: String
    /// Share of the question's meaning that the best passage covers, 0…1.
    public var coverage: Double
    public var passages: [Passage]
    /// In order; the last one gave the reply.
    public var attempts: [Attempt]
    /// From the beginning to the last word.
    public var durationMilliseconds: Int64

    public init(
        promptVersion: String, language: String, answerability: String, coverage: Double, passages: [Passage],
        attempts: [Attempt], durationMilliseconds: Int64
    ) {
        self.promptVersion = promptVersion
        self.language = language
        self.answerability = answerability
        self.coverage = coverage
        self.passages = passages
        self.attempts = attempts
        self.durationMilliseconds = durationMilliseconds
    }

    public var inputTokens: Int { attempts.reduce(0) { $0 + $1.inputTokens } }
    public var outputTokens: Int { attempts.reduce(0) { $0 + $1.outputTokens } }
}
