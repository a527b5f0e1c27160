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

    /// How the reply ended.
    public enum Outcome: String, Sendable, Codable, CaseIterable {
        case completed
        /// What was shown stays, and is not all.
        case partial
        /// By a participant, or because a human took over.
        case cancelled
        /// Without a reply, or with text that was taken back.
        case failed
    }

    /// One call of one provider.
    public struct Attempt: Sendable, Equatable, Codable {
        public var provider: String
        public var model: String
        /// Kind of the failure, ``cancelled`` when we broke it off; nil when it gave the reply.
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
        /// Nil in receipts from before it was written down.
        public var startedAt: Timestamp?
        /// In millionths of the workspace's currency; nil where no price is known.
        public var costMicros: Int64?

        /// The ``failure`` of a call that was broken off by us.
        public static let cancelled = "cancelled"

        public init(
            provider: String, model: String, failure: String?, status: Int?, code: String?,
            firstTokenMilliseconds: Int64?, durationMilliseconds: Int64, inputTokens: Int, outputTokens: Int,
            cachedInputTokens: Int, isEstimated: Bool, startedAt: Timestamp? = nil, costMicros: Int64? = nil
        ) {
            self.startedAt = startedAt
            self.costMicros = costMicros
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
    /// In order; the last one gave the reply, if any did.
    public var attempts: [Attempt]
    /// From the beginning to the last word.
    public var durationMilliseconds: Int64
    public var outcome: Outcome
    /// Why a human took over at its end; nil when none did.
    public var handoff: Handoff.Reason?
    /// ISO 4217 code of the currency of costs; nil where none is known, and where nothing was paid.
    public var currency: String?
    /// What of the text was not shown: `number`, `email` and `secret` that stand in no source and were not said, `rules` of the
    /// assistant that it began to quote.
    public var withheld: [String] = []

    public init(
        promptVersion: String, language: String, answerability: String, coverage: Double, passages: [Passage],
        attempts: [Attempt], durationMilliseconds: Int64, outcome: Outcome = .completed,
        handoff: Handoff.Reason? = nil, currency: String? = nil
    ) {
        self.outcome = outcome
        self.handoff = handoff
        self.currency = currency
        self.promptVersion = promptVersion
        self.language = language
        self.answerability = answerability
        self.coverage = coverage
        self.passages = passages
        self.attempts = attempts
        self.durationMilliseconds = durationMilliseconds
    }

    /// Receipts from before outcomes were written down are of completed replies.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            promptVersion: try container.decode(String.self, forKey: .promptVersion),
            language: try container.decode(String.self, forKey: .language),
            answerability: try container.decode(String.self, forKey: .answerability),
            coverage: try container.decode(Double.self, forKey: .coverage),
            passages: try container.decode([Passage].self, forKey: .passages),
            attempts: try container.decode([Attempt].self, forKey: .attempts),
            durationMilliseconds: try container.decode(Int64.self, forKey: .durationMilliseconds),
            outcome: try container.decodeIfPresent(Outcome.self, forKey: .outcome) ?? .completed,
            handoff: try container.decodeIfPresent(Handoff.Reason.self, forKey: .handoff),
            currency: try container.decodeIfPresent(String.self, forKey: .currency))
        withheld = try container.decodeIfPresent([String].self, forKey: .withheld) ?? []
    }

    public var inputTokens: Int { attempts.reduce(0) { $0 + $1.inputTokens } }
    public var outputTokens: Int { attempts.reduce(0) { $0 + $1.outputTokens } }
}

extension ReplyReceipt {
    /// What all its calls cost, in millionths of ``currency``; nil when the price of one is not known.
    public var costMicros: Int64? {
        attempts.reduce(Optional(0)) { sum, attempt in
            guard let sum, let cost = attempt.costMicros else { return nil }
            let (whole, overflow) = sum.addingReportingOverflow(cost)
            return overflow ? .max : whole
        }
    }
}
