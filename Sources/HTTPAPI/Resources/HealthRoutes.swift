public import Domain
import HTTPTypes
import Storage
import Wire

/// How the assistant is, as `/health` shows it.
public struct AssistantHealth: Sendable {
    /// Whether something is wrong that customers would notice.
    public var isDegraded: Bool
    /// The members of `components.ai`, in snake case.
    public var details: JSONValue

    public init(isDegraded: Bool, details: JSONValue) {
        self.isDegraded = isDegraded
        self.details = details
    }
}

/// `/health` for people and dashboards, `/health/live` and `/health/ready` for orchestrators.
struct HealthRoutes: Sendable {
    /// A database that takes longer for a trivial read does not serve customers.
    static let databaseDeadline = Duration.seconds(2)

    let store: ChatStore
    let settings: HTTPSettings
    let readiness: Readiness
    let clock: any WallClock
    let startedAt: Timestamp
    let assistantHealth: @Sendable () async -> AssistantHealth
    let busHealth: @Sendable () -> Bool?

    struct Health: Codable, Sendable {
        struct Components: Codable, Sendable {
            var database: Database
            var redis: Redis
            var ai: JSONValue
        }

        struct Database: Codable, Sendable {
            var status: String
            @Nullable var latencyMs: Double?
            var kind: String
        }

        struct Redis: Codable, Sendable {
            var status: String
        }

        var status: String
        var version: String
        var nodeId: String
        var uptimeSeconds: Int64
        var components: Components
    }

    struct Liveness: Codable, Sendable {
        var status: String
    }

    func register(in table: inout EndpointTable) {
        table.group = "System"
        table.open(get: "/health", summary: "How the server and its parts are", response: Health.self) { _ in
            await health()
        }
        table.alsoAnswers(.serviceUnavailable, Health.self, "The database does not answer.")
        table.open(get: "/health/live", summary: "Whether the process answers", response: Liveness.self) { _ in
            Answer(Liveness(status: "live"))
        }
        table.open(
            get: "/health/ready", summary: "Whether the node wants new work", response: Liveness.self
        ) { _ in
            readiness.isReady
                ? Answer(Liveness(status: "ready"))
                : Answer(Liveness(status: "draining"), status: .serviceUnavailable)
        }
        table.alsoAnswers(.serviceUnavailable, Liveness.self, "The node is draining.")
    }

    private func health() async -> Answer<Health> {
        async let assistant = assistantHealth()
        let latency = await databaseLatency()
        let ai = await assistant
        let bus = busHealth()
        let status = latency == nil ? "unhealthy" : ai.isDegraded || bus == false ? "degraded" : "healthy"
        return Answer(
            Health(
                status: status, version: settings.version, nodeId: settings.nodeId,
                uptimeSeconds: max(0, clock.now().milliseconds(since: startedAt) / 1000),
                components: .init(
                    database: .init(
                        status: latency == nil ? "unhealthy" : "healthy", latencyMs: latency?.milliseconds,
                        kind: store.kind),
                    redis: .init(status: bus.map { $0 ? "healthy" : "unhealthy" } ?? "disabled"), ai: ai.details)),
            status: latency == nil ? .serviceUnavailable : .ok)
    }

    /// How long a trivial read takes; nil when it fails or does not end in time. A read that hangs is left behind: there
    /// is no way to call it back, and the answer must not hang with it.
    private func databaseLatency() async -> Duration? {
        let (outcomes, continuation) = AsyncStream<Duration?>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let start = ContinuousClock.now
        let read = Task {
            let answered = try? await store.read { try $0.workspace(slug: Workspace.defaultSlug) == nil || true }
            continuation.yield(answered == nil ? nil : start.duration(to: .now))
        }
        let timer = Task {
            try await Task.sleep(for: Self.databaseDeadline)
            continuation.yield(nil)
        }
        defer {
            read.cancel()
            timer.cancel()
        }
        for await outcome in outcomes { return outcome }
        return nil
    }
}
