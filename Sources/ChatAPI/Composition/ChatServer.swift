import Assistant
import Cluster
import Domain
import HTTPAPI
import Hummingbird
import HummingbirdCore
import Identity
import Logging
import NIOCore
import NIOPosix
import Observability
import Realtime
import ServiceLifecycle
import Storage
import UnixSignals
import Wire

/// The server, put together: one place where every part is made and handed to those that need it.
struct ChatServer: Sendable {
    /// Running replies get so long to end when the server stops.
    static let replyGrace = Duration.seconds(20)
    /// The process ends within this, whatever happens.
    static let shutdownLimit = Duration.seconds(28)

    let database: OpenDatabase
    let hub: Hub
    /// Nil where replies are another process's work.
    let runtime: AssistantRuntime?
    let readiness: Readiness
    /// Of the HTTP side.
    let description: APIDescription
    private let cluster: ClusterComposition
    private let assistant: AssistantComposition
    private let services: [any Service]
    private let logger: Logger

    /// - Parameter onListening: told the address once requests are taken.
    init(
        _ configuration: ServerConfiguration, metrics: PrometheusMetrics, logger: Logger,
        onListening: @escaping @Sendable (any Channel) async -> Void
    ) async throws {
        self.logger = logger
        let passwords = PasswordHasher()
        let hash = FirstStart.begin(configuration, passwords)
        let attachments = try AttachmentFolder(configuration.attachments, logger: logger)
        let database = try await OpenDatabase.open(configuration, as: configuration.nodeId, logger: logger)
        self.database = database
        let components = configuration.components
        let store = database.store
        let views = ViewMaker(
            identifiers: database.views.identifiers,
            links: AttachmentLinks(
                secret: configuration.secrets.jwt.bytes, base: configuration.http.publicURL?.description ?? "",
                clock: store.clock))
        if database.secrets.renewed > 0 {
            logger.notice("encrypted stored secrets anew", metadata: ["inboxes": "\(database.secrets.renewed)"])
        }
        if database.secrets.damaged > 0 {
            logger.error("stored secrets cannot be read", metadata: ["secrets": "\(database.secrets.damaged)"])
        }
        let firstStart = Task {
            try await FirstStart(store: store, passwords: passwords, logger: logger, begun: hash).prepare(
                admin: configuration.admin, environment: configuration.environment)
        }

        let tokens = try await TokenAuthority(secret: configuration.secrets.jwt.bytes, clock: store.clock)
        let group = MultiThreadedEventLoopGroup.singleton
        let cluster = try await ClusterComposition(
            configuration, database: database, eventLoop: group.any(), logger: logger)
        self.cluster = cluster
        // After what a wrong configuration may stop: its client must be shut down once it exists.
        let assistant = try AssistantComposition(configuration.assistant, store: store, logger: logger)
        self.assistant = assistant
        let recent = RecentAccess(clock: store.clock, isInformed: cluster.isInformed)
        cluster.keepInformed(recent)
        let authenticator = Authenticator(
            store: store, tokens: tokens, identifiers: views.identifiers, recent: recent)
        let hub = Hub(
            store: store, group: group, link: cluster.link, encoder: EventEncoder(views: views),
            settings: RealtimeSettings(configuration, logEpoch: database.logEpoch), sharing: cluster.sharing,
            directory: cluster.directory,
            onRightsEnded: {
                recent.forget(
                    sessions: $0.sessions + $0.movedSessions, logins: $0.logins, keys: $0.keys, users: $0.users.keys)
            },
            handoffWording: HandoffDesk.words(_:_:by:because:), logger: logger)
        let runtime = components.contains(.assistant) ? assistant.runtime(stage: hub.liveReplies) : nil
        database.commits.subscribe(attachments)
        database.commits.subscribe(hub)
        if let runtime {
            database.commits.subscribe(runtime)
            database.commits.subscribe(assistant.summaries)
        }
        cluster.connect(hub, runtime)
        metrics.observe(hub)
        metrics.observe(assistant.desk)
        self.hub = hub
        self.runtime = runtime

        let readiness = Readiness()
        self.readiness = readiness
        let settings = HTTPSettings(configuration)
        let http = HTTPInterface(
            store: store, views: views, authenticator: authenticator, tokens: tokens, passwords: passwords,
            hub: hub, knowledge: assistant.knowledge, desk: assistant.desk, attachments: attachments,
            settings: settings,
            readiness: readiness, clock: store.clock,
            handoffWording: HandoffDesk.words(_:_:by:because:),
            assistantHealth: { assistant.health(runtime) },
            metrics: metrics.page(token: configuration.http.metricsToken), busHealth: { cluster.isBusHealthy },
            sharing: cluster.sharing,
            parts: HTTPInterface.Part.served(by: components))
        description = APIDescription(endpoints: http.endpoints, version: Version.current)
        let gate = SocketGate(
            hub: hub, credentials: SocketCredentials(authenticator, clock: store.clock),
            clientAddress: { request in
                settings.clientKey(peer: request.remoteAddress?.ipAddress, headers: request.head.headerFields)
            },
            isReady: { readiness.isReady }, isOpen: components.contains(.realtime))
        let loops = SocketLoops()
        let reception = http.reception()
        let answering = RequestAnswering(reception, logger: logger)
        let application = Application(
            responder: reception,
            server: HTTPServerBuilder { _ in
                LoopBound(
                    WebSocketServerChannel(
                        responder: { try await answering.answer($0, $1, on: $2) }, upgrading: gate, loops: loops))
            },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.http.host, port: configuration.http.port), serverName: nil),
            onServerRunning: onListening, eventLoopGroupProvider: .shared(group), logger: logger)

        let clusterServices: [any Service]
        do {
            clusterServices = try await cluster.services(hub: hub)
            try await firstStart.value
        } catch {
            await assistant.close()
            throw error
        }
        var services = database.services + [application] + clusterServices
        services.append(CalibrationUpkeep(calibrations: assistant.calibrations, store: store, logger: logger))
        if runtime != nil { services.append(KnowledgeUpkeep(library: assistant.knowledge, logger: logger)) }
        if let runtime { services.append(Takeovers(runtime: runtime)) }
        if components.contains(.scheduler) {
            services.append(
                Sweeps(
                    database: database, attachments: attachments, silence: assistant.silence, logger: logger))
            services.append(StatisticsUpkeep(store: store, logger: logger))
            services.append(StandingWatch(store: store, metrics: metrics, logger: logger))
        }
        if !store.isShared {
            // Where several processes use a database, the other verbs are one of them.
            let dispatch = OperationsDispatch(
                ServerOperations(operations: DatabaseOperations(database: database, passwords: passwords)))
            services.append(
                ControlServer(path: configuration.dataDirectory.controlSocket, logger: logger) { line in
                    await dispatch.answer(line)
                })
        }
        // Last in, first out: it drains before anything else stops.
        services.append(Drain(readiness: readiness, hub: hub, runtime: runtime, logger: logger))
        self.services = services
    }

    /// Serves until SIGTERM or SIGINT, then drains and stops.
    func run() async throws {
        // Before the first request: afterwards a reply of this node's may be one that it has just begun.
        await runtime?.takeOver(includingOwn: true)
        var group = ServiceGroupConfiguration(
            services: services.map {
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger.quieter())
        group.maximumGracefulShutdownDuration = Self.shutdownLimit
        let result: Result<Void, any Error>
        do {
            result = .success(try await ServiceGroup(configuration: group).run())
        } catch {
            result = .failure(error)
        }
        await close()
        try result.get()
        logger.info("stopped")
    }

    /// Lets go of what the server holds. ``run()`` does it itself.
    func close() async {
        await assistant.close()
        await cluster.close()
        await database.close()
    }
}

/// Ends the work of this node in order: no new work, sockets told and closed, replies finished or handed over.
struct Drain: Service {
    let readiness: Readiness
    let hub: Hub
    let runtime: AssistantRuntime?
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        logger.info(
            "draining", metadata: ["sockets": "\(hub.openSockets)", "replies": "\(runtime?.runningReplies ?? 0)"])
        readiness.drain()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await hub.drain { try? await ContinuousClock().sleep(for: .nanoseconds($0.nanoseconds)) }
            }
            group.addTask { await runtime?.drain(limit: ChatServer.replyGrace) }
        }
        hub.endStreams()
    }
}

extension Logger {
    /// For libraries whose own course is of no interest to an operator.
    fileprivate func quieter() -> Logger {
        var logger = self
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
