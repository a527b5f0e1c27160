import Assistant
import Cluster
import Domain
import Identity
import Logging
import NIOCore
import Realtime
import ServiceLifecycle
import Storage

/// This node among others: the bus between them, and what is done when that is silent.
struct ClusterComposition: Sendable {
    /// To the other nodes; nil when there is no bus.
    let link: ClusterLink?
    /// By what nodes count together; nil when there is no bus.
    let sharing: RateSharing?
    /// What the nodes know of sessions; nil when there is no bus.
    let directory: RedisSessionDirectory?
    private let database: OpenDatabase
    private let components: Set<ServerConfiguration.Component>
    private let logger: Logger

    /// - Throws: ``CommandFailure`` with 78 when Redis is not what the configuration says. One that is out of reach is waited
    ///   for while the node serves.
    init(
        _ configuration: ServerConfiguration, database: OpenDatabase, eventLoop: any EventLoop, logger: Logger
    ) async throws {
        self.database = database
        self.components = configuration.components
        self.logger = logger
        guard let redis = configuration.redis else {
            (link, sharing, directory) = (nil, nil, nil)
            return
        }
        let nodeId = configuration.nodeId
        let bus = RedisBus(
            settings: redis.settings(for: nodeId), installation: database.logEpoch, nodeId: nodeId,
            eventLoop: eventLoop, logger: logger)
        switch await bus.connect() {
        case .connected: break
        case .outOfReach(let reason):
            logger.warning("Redis is out of reach; it is joined when it comes", metadata: ["error": "\(reason)"])
        case .misconfigured(let reason):
            throw CommandFailure(ExitStatus.configuration, "REDIS_URL: \(reason)")
        }
        link = ClusterLink(bus: bus, nodeId: nodeId, logger: logger)
        let directory = RedisSessionDirectory(bus: bus, nodeId: nodeId, clock: database.store.clock)
        directory.start()
        self.directory = directory
        sharing = RateSharing(counters: RedisCounters(bus: bus), eventLoop: eventLoop)
    }

    /// Joins what other nodes tell to those here whom it concerns.
    func connect(_ hub: Hub, _ runtime: AssistantRuntime?) {
        guard let link else { return }
        database.commits.subscribe(OwedReplies(link: link))
        link.listen { message in
            guard case .replies(let replies) = message else { return hub.heard(message) }
            runtime?.heard(
                grown: replies.filter { $0.owner == link.nodeId }.map(\.id),
                isAnyFree: replies.contains { $0.owner.isEmpty })
        }
    }

    /// What runs as long as the node serves.
    func services(hub: Hub) async throws -> [any Service] {
        guard database.store.isShared else { return [] }
        let end = try await database.store.read { try $0.feedHead() }
        var services: [any Service] = [FeedLook(watch: FeedWatch(hub: hub, from: end, logger: logger))]
        if components.contains(.scheduler) { services.append(Sequencer(store: database.store, logger: logger)) }
        return services
    }

    /// How the bus is, for `/health`: nil without one.
    var isBusHealthy: Bool? { link.map { $0.health == .healthy } }

    /// Whether every change of rights on other nodes is heard of here.
    var isInformed: @Sendable () -> Bool {
        guard database.store.isShared else { return { true } }
        return { [link] in link?.health == .healthy }
    }

    /// Forgets who was known when words of other nodes may have been lost.
    func keepInformed(_ recent: RecentAccess) {
        link?.observeHealth { _ in recent.forgetAll() }
    }

    func close() async {
        await directory?.close()
        await link?.close()
    }
}

/// Tells the other nodes of replies that are owed and that this node does not make itself.
struct OwedReplies: CommitObserver {
    let link: ClusterLink

    func committed(_ batch: CommittedBatch) {
        let owed = batch.replyJobs.filter { $0.leaseOwner != link.nodeId }
        guard !owed.isEmpty else { return }
        link.tell(.replies(owed.map { OwedReply(id: $0.id, owner: $0.leaseOwner) }))
    }
}

/// Looks into the feed until the node has no sockets any more.
private struct FeedLook: Service {
    let watch: FeedWatch

    func run() async throws {
        await cancelWhenGracefulShutdown { await watch.run() }
    }
}
