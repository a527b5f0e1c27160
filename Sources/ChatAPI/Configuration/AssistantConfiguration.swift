/// Settings of the assistant.
struct AssistantConfiguration: Sendable {
    /// Name of a provider in `AI_PROVIDERS`, in the order in which those with a key are tried by default.
    enum ProviderName: String, Sendable, CaseIterable {
        case dashscope, openai, builtin
    }

    /// A provider with what is needed to ask it.
    enum Provider: Sendable, Equatable {
        /// Answers from the knowledge base alone.
        case builtin
        case openAI(OpenAI)
        case dashScope(DashScope)

        var name: ProviderName {
            switch self {
            case .builtin: .builtin
            case .openAI: .openai
            case .dashScope: .dashscope
            }
        }
    }

    /// An OpenAI-compatible endpoint.
    struct OpenAI: Sendable, Equatable {
        /// With its version, such as `https://api.openai.com/v1`.
        let baseURL: WebAddress
        /// Nil only for a loopback or private address.
        let apiKey: Secret?
        let model: String
    }

    /// Alibaba Cloud's Model Studio.
    struct DashScope: Sendable, Equatable {
        enum Dialect: String, Sendable, CaseIterable {
            case compatible, native
        }

        /// The vendor's root, such as `https://dashscope.aliyuncs.com`.
        let rootURL: WebAddress
        /// Nil only for a loopback or private address.
        let apiKey: Secret?
        let model: String
        let dialect: Dialect

        /// Base of the OpenAI-compatible interface below the root, with its version.
        var compatibleBaseURL: String { "\(rootURL)/compatible-mode/v1" }
    }

    /// In the order in which they are asked; never empty.
    let providers: [Provider]
    let contextTokens: Int
    let firstToken: Duration
    let lastCandidate: Duration
    let idleToken: Duration
    /// The whole answer, all providers together.
    let reply: Duration
    let burst: Duration
    /// Nil: no limit.
    let dailyTokenBudget: Int?

    init(_ values: ConfigurationValues) throws(ConfigurationProblem) {
        let openAI = OpenAI(
            baseURL: try values.required(.openAIBaseURL, WebAddress.init),
            apiKey: try values.optional(.openAIAPIKey, Parse.headerSecret(minimum: 1)),
            model: try values.required(.openAIModel, Parse.modelName))
        let dashScope = DashScope(
            rootURL: try values.required(.dashScopeBaseURL, WebAddress.init),
            apiKey: try values.optional(.dashScopeAPIKey, Parse.headerSecret(minimum: 1)),
            model: try values.required(.dashScopeModel, Parse.modelName),
            dialect: try values.required(.dashScopeDialect, Parse.choice(of: DashScope.Dialect.self)))

        let listed = try values.optional(.aiProviders, Parse.list(Parse.choice(of: ProviderName.self)))
        let names =
            listed
            ?? ProviderName.allCases.filter { name in
                switch name {
                case .dashscope: dashScope.apiKey != nil
                case .openai: openAI.apiKey != nil
                case .builtin: true
                }
            }
        var providers: [Provider] = []
        for name in names {
            switch name {
            case .builtin: providers.append(.builtin)
            case .openai:
                guard openAI.apiKey != nil || openAI.baseURL.isLoopbackOrPrivate else {
                    throw Self.missing(.openAIAPIKey, provider: name, baseURL: .openAIBaseURL)
                }
                providers.append(.openAI(openAI))
            case .dashscope:
                guard dashScope.apiKey != nil || dashScope.rootURL.isLoopbackOrPrivate else {
                    throw Self.missing(.dashScopeAPIKey, provider: name, baseURL: .dashScopeBaseURL)
                }
                providers.append(.dashScope(dashScope))
            }
        }
        self.providers = providers

        let clock = Parse.seconds(in: 1...3600)
        contextTokens = try values.required(.aiContextTokens, Parse.integer(in: 1000...2_000_000))
        firstToken = try values.required(.aiFirstTokenSeconds, clock)
        lastCandidate = try values.required(.aiLastCandidateSeconds, clock)
        idleToken = try values.required(.aiIdleTokenSeconds, clock)
        reply = try values.required(.aiReplySeconds, clock)
        guard reply > lastCandidate else {
            throw ConfigurationKey.aiReplySeconds.problem(
                "\(reply.components.seconds) is not above AI_LAST_CANDIDATE_SECONDS, "
                    + "\(lastCandidate.components.seconds): the last provider could never answer")
        }
        burst = try values.required(.aiBurstMilliseconds) { .milliseconds(try Parse.integer(in: 0...10_000)($0)) }
        dailyTokenBudget = try values.optional(.aiDailyTokenBudget, Parse.integer(in: 1...1_000_000_000_000))
    }

    private static func missing(
        _ key: ConfigurationKey, provider: ProviderName, baseURL: ConfigurationKey
    ) -> ConfigurationProblem {
        key.problem(
            "is missing: AI_PROVIDERS lists \(provider.rawValue), and \(baseURL.name) is not a loopback or private address"
        )
    }
}
