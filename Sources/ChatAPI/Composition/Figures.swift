import Assistant
import Domain
import HTTPAPI
import Logging
import Observability
import Realtime

/// What the server shows of itself to Prometheus.
enum Figures {
    /// Seconds of a request, of a commit, and of what happens in memory between commit and event loop.
    private static let requests: HistogramBuckets = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    private static let commits: HistogramBuckets = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
    ]
    private static let deliveries: HistogramBuckets = [
        0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1,
    ]
    /// Seconds to a model's first token, and of its whole reply: around the deadlines that end them.
    private static let firstTokens: HistogramBuckets = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 12, 20, 60]
    private static let replies: HistogramBuckets = [0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 20, 30, 45, 75]

    /// Every family of ours. What is not described here is a library's.
    static let families =
        ProcessFigures.families + [
            FamilyDescription("chat_build_info", "Always 1; version of the program and name of the node."),
            FamilyDescription(
                "http_server_request_duration_seconds",
                "Time from a request to the head of its answer, by method, matched route and class of status.",
                buckets: requests),
            FamilyDescription("chat_connections", "Open WebSocket connections of this process."),
            FamilyDescription("chat_messages_total", "Messages that this process committed, by kind of sender."),
            FamilyDescription(
                "chat_commit_duration_seconds", "Time from the start of a batch of commands to its being durable.",
                buckets: commits),
            FamilyDescription(
                "chat_commit_batch_size", "Commands that shared one commit.",
                buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256]),
            FamilyDescription("chat_commit_failures_total", "Batches that could not be committed."),
            FamilyDescription(
                "chat_conversations", "Conversations of the installation, by status; the same on every process."),
            FamilyDescription(
                "chat_waiting_conversations",
                "Conversations in which a contact waits for a human; the same on every process."),
            FamilyDescription(
                "chat_handoffs_total",
                "Conversations that went from the assistant to humans, by reason; the same on every process."),
            FamilyDescription(
                "chat_sessions", "Sessions that are not over, by status; the same on every process."),
            FamilyDescription(
                "chat_delivery_duration_seconds",
                "Time from a commit of this process to its events being handed to the event loops of their readers.",
                buckets: deliveries),
            FamilyDescription(
                "ai_requests_total", "Calls of model providers, by provider, model, outcome and class of the error."),
            FamilyDescription(
                "ai_ttft_seconds", "Time from a call of a provider to its first token, by provider and model.",
                buckets: firstTokens),
            FamilyDescription(
                "ai_request_duration_seconds", "Time of a whole call of a provider, by provider and model.",
                buckets: replies),
            FamilyDescription(
                "ai_tokens_total",
                "Tokens of calls, by direction, provider, model, and whether they were counted by us."),
            FamilyDescription(
                "ai_failovers_total",
                "Failures after which another provider was asked, or nobody, by both, phase and class of the error."),
            FamilyDescription(
                "ai_breaker_state",
                "Whether a provider is asked: 0 as usual, 1 one call at a time, 2 not, 3 not until mended."),
            FamilyDescription("ai_resets_total", "Replies whose visible text was taken back and begun anew."),
        ]

    /// Makes the process's metrics. Whatever counts is made after this.
    static func start(nodeId: String, logger: Logger) -> PrometheusMetrics {
        let metrics = PrometheusMetrics(describing: families, logger: logger)
        MetricsBootstrap.start(metrics)
        ProcessFigures().observe(in: metrics)
        metrics.observe("chat.build.info", dimensions: [("version", Version.current), ("node_id", nodeId)]) { 1 }
        return metrics
    }
}

extension PrometheusMetrics {
    /// Shows what the hub knows.
    func observe(_ hub: Hub) {
        observe("chat.connections") { Double(hub.openSockets) }
    }

    /// Shows how the providers are.
    func observe(_ desk: AssistantDesk) {
        for provider in desk.standings() {
            let name = provider.name
            observe("ai.breaker.state", dimensions: [("provider", name)]) {
                desk.standings().first { $0.name == name }.map { Double($0.standing.state.figure) }
            }
        }
    }

    /// The page that the HTTP side serves.
    func page(token: Secret?) -> MetricsPage {
        MetricsPage(token: token?.reveal(), contentType: Self.contentType) { self.exposition() }
    }
}

extension CircuitBreaker.State {
    /// The worse, the higher.
    fileprivate var figure: Int {
        switch self {
        case .closed: 0
        case .halfOpen: 1
        case .open: 2
        case .hardOpen: 3
        }
    }
}
