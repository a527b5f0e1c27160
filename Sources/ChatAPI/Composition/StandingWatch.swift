import Domain
import Logging
import Observability
import ServiceLifecycle
import Storage
import Synchronization

/// Knows for `/metrics` how the installation's conversations and sessions stand: a scrape waits for no database.
final class StandingWatch: Service {
    /// Between two looks: less than the usual interval of scrapes.
    static let interval = Duration.seconds(10)

    private struct Standing {
        var figures: StandingFigures
        var sessions: [ChatSession.Status: Int64]
    }

    private let store: ChatStore
    private let logger: Logger
    private let last = Mutex<Standing?>(nil)

    init(store: ChatStore, metrics: PrometheusMetrics, logger: Logger) {
        self.store = store
        self.logger = logger
        for status in Conversation.Status.allCases {
            metrics.observe("chat.conversations", dimensions: [("status", status.rawValue)]) { [self] in
                value { $0.figures.conversations(status) }
            }
        }
        metrics.observe("chat.waiting.conversations") { [self] in value { $0.figures.waiting } }
        for reason in HandoffReason.allCases {
            metrics.observe("chat.handoffs", .counter, dimensions: [("reason", reason.rawValue)]) { [self] in
                value { $0.figures.handoffs[reason] ?? 0 }
            }
        }
        for status in [ChatSession.Status.active, .idle] {
            metrics.observe("chat.sessions", dimensions: [("status", status.rawValue)]) { [self] in
                value { $0.sessions[status] ?? 0 }
            }
        }
    }

    private func value(_ read: (Standing) -> Int64) -> Double? {
        last.withLock { $0.map { Double(read($0)) } }
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                await look()
                try await ContinuousClock().sleep(for: Self.interval)
            }
        }
    }

    private func look() async {
        do {
            let standing = try await store.read {
                Standing(figures: try $0.standingFiguresOfAll(), sessions: try $0.liveSessions())
            }
            last.withLock { $0 = standing }
        } catch {
            // What is not known is not shown.
            last.withLock { $0 = nil }
            logger.debug("how conversations stand could not be read", metadata: ["error": "\(error)"])
        }
    }
}
