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

    /// The page that the HTTP side serves.
    func page(token: Secret?) -> MetricsPage {
        MetricsPage(token: token?.reveal(), contentType: Self.contentType) { self.exposition() }
    }
}
