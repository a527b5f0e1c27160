import Assistant
import AsyncHTTPClient
import Domain
import HTTPAPI
import Logging
import NIOPosix
import Storage

/// The assistant, put together: knowledge, providers, composer, runtime.
struct AssistantComposition: Sendable {
    /// The runtime's own limit lies behind the last of the providers' clocks.
    static let limitBeyondReply = Duration.seconds(3)

    let knowledge: KnowledgeLibrary
    private let configuration: AssistantConfiguration
    private let store: ChatStore
    private let client: HTTPClient
    private let composer: ReplyComposer
    /// How far estimates of tokens are off.
    let calibrations: TokenCalibrations
    /// What it does for staff.
    let desk: AssistantDesk
    /// Sums up long conversations whose replies are made here.
    let summaries: Summarizer
    private let logger: Logger

    init(_ configuration: AssistantConfiguration, store: ChatStore, logger: Logger) throws {
        self.configuration = configuration
        self.store = store
        self.logger = logger
        knowledge = KnowledgeLibrary(store: store)
        // Everything that can be wrong is found before there is a client, which must be shut down once it exists.
        let models = try configuration.providers.map { try Self.remote($0, contextTokens: configuration.contextTokens) }
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: RemoteProvider.clientConfiguration())
        self.client = client
        let calibrations = TokenCalibrations()
        self.calibrations = calibrations
        let providers: [any ReplyProvider] = models.map { model in
            guard let model else { return BuiltinProvider() }
            return RemoteProvider(
                name: model.name, settings: model.settings, client: client, calibrations: calibrations, logger: logger)
        }
        let limits = ProviderChain.Limits(
            deadlines: ReplyDeadlines(
                firstToken: configuration.firstToken, idle: configuration.idleToken, whole: configuration.reply),
            lastCandidate: configuration.lastCandidate)
        let board = ProviderBoard(clock: store.clock)
        let budgets = ModelBudgets(
            store: store, dailyTokens: configuration.dailyTokenBudget.map(Int64.init),
            contextTokens: configuration.contextTokens, logger: logger)
        composer = ReplyComposer(
            knowledge: knowledge,
            chain: ProviderChain(providers: providers, board: board, limits: limits, logger: logger),
            budgets: budgets, limit: configuration.reply)
        summaries = Summarizer(
            store: store, composer: composer, contextTokens: configuration.contextTokens, logger: logger)
        desk = AssistantDesk(
            store: store, composer: composer, budgets: budgets, providers: providers, board: board,
            trialDeadlines: ReplyDeadlines(
                firstToken: configuration.lastCandidate, idle: configuration.idleToken,
                whole: configuration.lastCandidate))
    }

    /// Settings of a provider behind a network; nil for the built-in one.
    private static func remote(
        _ provider: AssistantConfiguration.Provider, contextTokens: Int
    ) throws -> (name: String, settings: RemoteProvider.Settings)? {
        switch provider {
        case .builtin: return nil
        case .openAI(let openAI):
            guard let endpoint = ModelEndpoint(chatCompletions: openAI.baseURL.description) else {
                throw ConfigurationKey.openAIBaseURL.problem("is not an http or https address")
            }
            return (
                "openai",
                .init(
                    endpoint: endpoint, key: openAI.apiKey.flatMap { ProviderKey($0.reveal()) }, model: openAI.model,
                    contextTokens: contextTokens)
            )
        case .dashScope(let dashScope):
            let endpoint =
                switch dashScope.dialect {
                case .compatible: ModelEndpoint(chatCompletions: dashScope.compatibleBaseURL, vendor: .dashScope)
                case .native: ModelEndpoint(dashScope: dashScope.rootURL.description)
                }
            guard let endpoint else {
                throw ConfigurationKey.dashScopeBaseURL.problem("is not an http or https address")
            }
            return (
                "dashscope",
                .init(
                    endpoint: endpoint, key: dashScope.apiKey.flatMap { ProviderKey($0.reveal()) },
                    model: dashScope.model, contextTokens: contextTokens)
            )
        }
    }

    /// How long a question may wait before a human takes over, whoever was to answer it.
    var silence: Duration { configuration.reply + Self.limitBeyondReply }

    /// The runtime of this node's replies.
    func runtime(stage: any ReplyStage) -> AssistantRuntime {
        let composer = composer
        return AssistantRuntime(
            store: store, stage: stage,
            compose: { try await composer.compose($0, deliver: $1) },
            times: ReplyTimes(burst: configuration.burst, limit: silence),
            loops: ReplyLoops(MultiThreadedEventLoopGroup.singleton), logger: logger)
    }

    /// How the assistant is, for `/health`.
    /// - Parameter runtime: nil where replies are another process's work.
    func health(_ runtime: AssistantRuntime?) -> AssistantHealth {
        guard let runtime else {
            return AssistantHealth(isDegraded: false, details: .object(["status": .string("disabled")]))
        }
        let names = configuration.providers.map { JSONValue.string($0.name.rawValue) }
        let isTroubled = runtime.isTroubled
        return AssistantHealth(
            isDegraded: isTroubled,
            details: .object(["status": .string(isTroubled ? "degraded" : "healthy"), "providers": .array(names)]))
    }

    /// Closes the connections to providers.
    func close() async {
        await summaries.stop()
        do {
            try await client.shutdown()
        } catch {
            logger.warning("closing the providers' connections failed", metadata: ["error": "\(error)"])
        }
    }
}
