/// What a provider's model costs from a moment on, until a later price of the same model.
public struct AssistantPrice: Sendable, Equatable {
    /// Of a workspace at once: some hundred models, each with a history.
    public static let maximumPerWorkspace: Int64 = 500
    /// Bounds of a price. A hundred million a million tokens holds the dearest model in the smallest currency.
    public static let micros: ClosedRange<Int64> = 0...100_000_000_000_000
    /// Unicode scalars of a model's name.
    public static let modelLength = 1...100
    /// Ends a ``model`` that stands for every model whose name begins like it.
    public static let wildcard: Character = "*"
    /// The provider that answers from the articles: it calls nobody.
    public static let freeProvider = "builtin"

    public var id: Identifier<AssistantPrice>
    public var workspaceId: Identifier<Workspace>
    /// Name of the provider, such as `openai`.
    public var provider: String
    /// The model, or what the names of several begin with and ``wildcard``.
    public var model: String
    public var effectiveFrom: Timestamp
    /// Of a million tokens read, in millionths of the workspace's currency.
    public var inputMicros: Int64
    /// The same of tokens that the provider had in its cache.
    public var cachedInputMicros: Int64
    /// The same of tokens written.
    public var outputMicros: Int64
    public var createdAt: Timestamp

    public init(
        id: Identifier<AssistantPrice>, workspaceId: Identifier<Workspace>, provider: String, model: String,
        effectiveFrom: Timestamp, inputMicros: Int64, cachedInputMicros: Int64, outputMicros: Int64,
        createdAt: Timestamp
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.provider = provider
        self.model = model
        self.effectiveFrom = effectiveFrom
        self.inputMicros = inputMicros
        self.cachedInputMicros = cachedInputMicros
        self.outputMicros = outputMicros
        self.createdAt = createdAt
    }

    /// What a call costs, in millionths of the currency, rounded up.
    /// - Parameter cachedInput: of the input, what came from the provider's cache.
    public func cost(input: Int, cachedInput: Int, output: Int) -> Int64 {
        let cached = min(max(cachedInput, 0), max(input, 0))
        let plain = max(input, 0) - cached
        // In 128 bits: a count of tokens comes from outside and may be anything.
        let sum =
            Int128(plain) * Int128(inputMicros) + Int128(cached) * Int128(cachedInputMicros)
            + Int128(max(output, 0)) * Int128(outputMicros)
        return Int64(clamping: (sum + 999_999) / 1_000_000)
    }

    /// Whether it is a price of `model`.
    func covers(_ model: String) -> Bool {
        isPattern ? model.hasPrefix(self.model.dropLast()) : model == self.model
    }

    private var isPattern: Bool { model.last == Self.wildcard }

    /// What is decided by first: the whole name, then the longest beginning, then the latest date.
    fileprivate func isBetter(than other: AssistantPrice) -> Bool {
        if isPattern != other.isPattern { return !isPattern }
        if model.count != other.model.count { return model.count > other.model.count }
        return effectiveFrom > other.effectiveFrom
    }
}

/// Prices of a workspace.
public struct PriceList: Sendable, Equatable {
    public var prices: [AssistantPrice]

    public init(_ prices: [AssistantPrice]) {
        self.prices = prices
    }

    /// The price of a model that was in force at `moment`; nil when none is known.
    public func price(of model: String, by provider: String, at moment: Timestamp) -> AssistantPrice? {
        prices.filter { $0.provider == provider && $0.effectiveFrom <= moment && $0.covers(model) }
            .max { $1.isBetter(than: $0) }
    }

    /// What a call cost, in millionths of the currency; nil when it used tokens whose price is not known.
    public func cost(of attempt: ReplyReceipt.Attempt, at moment: Timestamp) -> Int64? {
        if attempt.isFree { return 0 }
        return price(of: attempt.model, by: attempt.provider, at: attempt.startedAt ?? moment)?.cost(
            input: attempt.inputTokens, cachedInput: attempt.cachedInputTokens, output: attempt.outputTokens)
    }
}

extension ReplyReceipt.Attempt {
    /// Whether it cost nothing: nobody was called, or nothing was read and written.
    public var isFree: Bool {
        provider == AssistantPrice.freeProvider || (inputTokens <= 0 && outputTokens <= 0)
    }
}
