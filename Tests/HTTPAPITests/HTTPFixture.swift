import Assistant
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identity
import Logging
import Metrics
import NIOCore
import NIOPosix
import Observability
import Realtime
import Storage
import StorageSQLite
import Synchronization
import Wire

@testable import HTTPAPI

/// The whole HTTP side on a database of its own, with a clock that only the test moves.
final class HTTPFixture: Sendable {
    static let password = "correct horse battery"
    static let inboxKey = "widget-key"
    static let inboxSecret = Array("an-inbox-secret-of-at-least-32-bytes".utf8)
    static let tokenSecret = Array("a-token-secret-of-at-least-32-bytes!".utf8)
    static let cheap = ScryptCost(logarithm: 4, blockSize: 2, parallelism: 1) ?? .standard

    let clock: ManualClock
    let driver: SwitchableDriver
    let store: ChatStore
    let hub: Hub
    let knowledge: KnowledgeLibrary
    let desk: AssistantDesk
    let views: ViewMaker
    let attachments: AttachmentFolder
    let tokens: TokenAuthority
    let readiness = Readiness()
    let logs: LogRecorder
    let metrics: PrometheusMetrics
    /// Who called lately; nil asks the rows each time.
    let recent: RecentAccess?
    let workspace: Workspace
    let inbox: Inbox
    let assistantIsDegraded = Mutex(false)
    let streamCheckInterval: Duration?
    private let passwords: PasswordHasher
    private let settings: HTTPSettings
    private let metricsToken: String?
    private let folder: URL

    init(
        settings: HTTPSettings = HTTPFixture.settings(), lifetime: ChatSession.Lifetime = .init(),
        messagesPerMinute: Double = 0, streamCheckInterval: Duration? = nil,
        passwordCost: ScryptCost = HTTPFixture.cheap, metricsToken: String? = nil, remembersCallers: Bool = false
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
        clock = ManualClock()
        logs = LogRecorder()
        self.settings = settings
        self.metricsToken = metricsToken
        self.streamCheckInterval = streamCheckInterval
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let metrics = PrometheusMetrics(logger: logger)
        self.metrics = metrics
        driver = SwitchableDriver(
            try SQLiteDriver(path: folder.appending(path: "chat.db").path(percentEncoded: false), logger: logger))
        _ = try await driver.migrate()
        let (clock, driver) = (clock, driver)
        let recent = remembersCallers ? RecentAccess(clock: clock, isInformed: { true }) : nil
        self.recent = recent
        let observer = ObserverRelay(recent)
        let store = withMetricsFactory(metrics) {
            ChatStore(
                driver: driver, settings: StoreSettings(lifetime: lifetime, nodeId: "node-1"), clock: clock,
                identifiers: IdentifierGenerator(clock: clock), observer: observer, logger: logger)
        }
        self.store = store
        guard let identifiers = PublicIdentifiers(key: Array(repeating: 7, count: PublicIdentifiers.keyBytes)) else {
            throw FixtureFault.identifiers
        }
        let views = ViewMaker(identifiers: identifiers, links: AttachmentLinks(clock: clock))
        self.views = views
        let hub = withMetricsFactory(metrics) {
            Hub(
                store: store, group: MultiThreadedEventLoopGroup.singleton, encoder: EventEncoder(views: views),
                settings: RealtimeSettings(
                    nodeId: "node-1", logEpoch: "epoch", contactMessagesPerMinute: messagesPerMinute),
                handoffWording: HandoffDesk.words(_:_:by:because:), logger: logger)
        }
        self.hub = hub
        let knowledge = KnowledgeLibrary(store: store)
        self.knowledge = knowledge
        let providers: [any ReplyProvider] = [BuiltinProvider(), ScriptedModel()]
        let board = ProviderBoard(clock: clock)
        let budgets = ModelBudgets(store: store, dailyTokens: nil, contextTokens: 32_000, logger: logger)
        desk = AssistantDesk(
            store: store,
            composer: ReplyComposer(
                knowledge: knowledge, chain: ProviderChain(providers: providers, board: board, logger: logger),
                budgets: budgets, limit: .seconds(10)),
            budgets: budgets, providers: providers, board: board, trialDeadlines: .standard)
        attachments = try AttachmentFolder(path: folder.appending(path: "attachments").path, logger: logger)
        observer.heirs.withLock { [attachments] in $0 = [hub, attachments] }
        tokens = try await TokenAuthority(secret: Self.tokenSecret, clock: clock)
        passwords = PasswordHasher(cost: passwordCost)
        (workspace, inbox) = try await store.write {
            try $0.createWorkspace(
                slug: "default", name: "Default", inboxKey: HTTPFixture.inboxKey, inboxSecret: HTTPFixture.inboxSecret)
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Limits off, so that only their own tests meet them.
    static func settings() -> HTTPSettings {
        HTTPSettings(
            rates: .init(loginsPerMinute: nil, sessionsPerMinute: nil, requestsPerSecond: nil), nodeId: "node-1",
            version: "1.2.3")
    }

    var interface: HTTPInterface {
        var interface = HTTPInterface(
            store: store, views: views,
            authenticator: Authenticator(
                store: store, tokens: tokens, identifiers: views.identifiers, recent: recent),
            tokens: tokens, passwords: passwords, hub: hub, knowledge: knowledge, desk: desk, attachments: attachments,
            settings: settings,
            readiness: readiness, clock: clock,
            handoffWording: HandoffDesk.words(_:_:by:because:),
            assistantHealth: { [self] in
                AssistantHealth(
                    isDegraded: assistantIsDegraded.withLock { $0 },
                    details: ["status": "healthy", "first_token_ms": 5])
            },
            metrics: MetricsPage(token: metricsToken, contentType: PrometheusMetrics.contentType) { [metrics] in
                metrics.exposition()
            })
        if let streamCheckInterval { interface.streamCheckInterval = streamCheckInterval }
        return interface
    }

    /// Runs `test` with a client of the router, without sockets.
    func run<Value: Sendable>(_ test: @Sendable (Client) async throws -> Value) async throws -> Value {
        try await run(.router, test)
    }

    /// Runs `test` with a client that speaks HTTP over a connection.
    func runLive<Value: Sendable>(_ test: @Sendable (Client) async throws -> Value) async throws -> Value {
        try await run(.live, test)
    }

    private func run<Value: Sendable>(
        _ setup: TestingSetup, _ test: @Sendable (Client) async throws -> Value
    ) async throws -> Value {
        let logs = logs
        var logger = Logger(label: "test") { _ in RecordingLogHandler(recorder: logs) }
        logger.logLevel = logs.level
        let interface = interface
        let application = Application(
            responder: withMetricsFactory(metrics) { interface.reception() },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), logger: logger)
        return try await application.test(setup) {
            try await test(Client(http: $0, described: .of(interface)))
        }
    }

    // MARK: People

    @discardableResult
    func user(
        _ email: String = "admin@example.com", role: Role = .admin, in workspace: Workspace? = nil
    ) async throws -> User {
        let hash = try await passwords.hash(Self.password)
        let workspaceId = (workspace ?? self.workspace).id
        return try await store.write {
            try $0.createUser(email: email, name: "Name of \(email)", passwordHash: hash, role: role, in: workspaceId)
        }
    }

    /// An access token of a new user.
    func token(
        _ role: Role = .admin, email: String? = nil, in workspace: Workspace? = nil
    ) async throws -> String {
        let user = try await user(email ?? "\(role.name)@example.com", role: role, in: workspace)
        return try await token(of: user)
    }

    func token(of user: User) async throws -> String {
        let (_, login) = try await store.write {
            try $0.beginLogin(of: user.id, refreshDigest: RandomToken(.refresh).digest.bytes)
        }
        return try await tokens.accessToken(
            userId: views.identifiers.text(user.id), workspaceId: views.identifiers.text(user.workspaceId),
            role: user.role.name, accessVersion: user.accessVersion, familyId: views.identifiers.text(login.id))
    }

    func otherWorkspace() async throws -> (Workspace, Inbox) {
        try await store.write {
            try $0.createWorkspace(
                slug: "other", name: "Other", inboxKey: "other-key", inboxSecret: HTTPFixture.inboxSecret)
        }
    }

    /// Sets columns that no verb of the store changes yet.
    func execute(_ sql: String, _ arguments: [SQLValue]) async throws {
        try await driver.execute(sql, arguments)
    }

    func key<Entity: PubliclyIdentified>(_ text: String?, of _: Entity.Type) throws -> Identifier<Entity> {
        guard let text, let id = views.identifiers.identifier(text, of: Entity.self) else {
            throw FixtureFault.identifiers
        }
        return id
    }
}

enum FixtureFault: Error {
    case identifiers
    case missing(String)
    case deadline(String)
}

/// The hub needs the store and the store its observer: this one passes on once both exist.
private final class ObserverRelay: CommitObserver {
    let heirs = Mutex<[any CommitObserver]>([])
    private let recent: RecentAccess?

    init(_ recent: RecentAccess?) { self.recent = recent }

    func durable(_ batch: CommittedBatch) {
        recent?.forget(
            sessions: batch.endedSessions.map(\.id), logins: batch.endedLogins, keys: batch.endedKeys,
            users: batch.changedUsers.map(\.userId))
        for heir in heirs.withLock({ $0 }) { heir.durable(batch) }
    }

    func committed(_ batch: CommittedBatch) {
        for heir in heirs.withLock({ $0 }) { heir.committed(batch) }
    }
}

/// A database whose disk can be taken away.
final class SwitchableDriver: DatabaseDriver {
    private let base: SQLiteDriver
    let failure = Mutex<StorageFailure?>(nil)
    /// How often it was read.
    let reads = Mutex(0)

    init(_ base: SQLiteDriver) { self.base = base }

    var kind: String { base.kind }
    var isShared: Bool { base.isShared }

    func migrate() async throws -> SchemaMigration { try await base.migrate() }

    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> Value) async throws -> Value {
        if let failure = failure.withLock({ $0 }) { throw failure }
        reads.withLock { $0 += 1 }
        return try await base.read(body)
    }

    func readInPlace<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value? {
        if let failure = failure.withLock({ $0 }) { throw failure }
        let value = try base.readInPlace(body)
        if value != nil { reads.withLock { $0 += 1 } }
        return value
    }

    func write(
        _ batch: @escaping @Sendable (any SQLConnection) throws -> Void,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        if let failure = failure.withLock({ $0 }) {
            return MultiThreadedEventLoopGroup.singleton.next().execute { completion(.failure(failure)) }
        }
        base.write(batch, completion: completion)
    }

    func close() async { await base.close() }

    func execute(_ sql: String, _ arguments: [SQLValue]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            base.write({ try $0.run(sql, arguments) }, completion: { continuation.resume(with: $0) })
        }
    }
}
