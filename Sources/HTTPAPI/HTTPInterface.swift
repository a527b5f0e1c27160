public import Assistant
public import Cluster
public import Domain
import HTTPTypes
public import Identity
public import Realtime
public import Storage
public import Wire

/// The whole HTTP side: every route with what it needs, made into a router that an application serves.
public struct HTTPInterface: Sendable {
    /// A part of the routes that a process can leave to another.
    public enum Part: Sendable, CaseIterable {
        /// Sign-in, sessions, conversations, messages, contacts.
        case api
        /// Administration and the pages.
        case admin
    }

    let store: ChatStore
    let views: ViewMaker
    let authenticator: Authenticator
    let tokens: TokenAuthority
    let passwords: PasswordHasher
    let hub: Hub
    let knowledge: KnowledgeLibrary
    let desk: AssistantDesk
    let attachments: AttachmentFolder
    let handoffWording: HandoffWording
    let settings: HTTPSettings
    let limits: RateLimits
    let readiness: Readiness
    let clock: any WallClock
    let assistantHealth: @Sendable () async -> AssistantHealth
    let metrics: MetricsPage
    let busHealth: @Sendable () -> Bool?
    private(set) var parts: Set<Part>
    private let startedAt: Timestamp
    private let swagger: SwaggerAssets
    /// How often a stream looks whether its reply is still under way.
    var streamCheckInterval = ReplyStream.checkInterval

    /// - Parameters:
    ///   - handoffWording: what goes with a contact's wish for a human.
    ///   - assistantHealth: how the assistant is, for `/health`.
    ///   - metrics: what `/metrics` shows.
    ///   - busHealth: whether Redis does what it is for; nil without one.
    ///   - sharing: by what the nodes count requests together.
    ///   - parts: the routes to serve beside `/health` and `/metrics`, which every process has.
    public init(
        store: ChatStore, views: ViewMaker, authenticator: Authenticator, tokens: TokenAuthority,
        passwords: PasswordHasher, hub: Hub, knowledge: KnowledgeLibrary, desk: AssistantDesk,
        attachments: AttachmentFolder, settings: HTTPSettings, readiness: Readiness, clock: any WallClock,
        handoffWording: @escaping HandoffWording,
        assistantHealth: @escaping @Sendable () async -> AssistantHealth, metrics: MetricsPage,
        busHealth: @escaping @Sendable () -> Bool? = { nil }, sharing: RateSharing? = nil,
        parts: Set<Part> = Set(Part.allCases)
    ) {
        self.busHealth = busHealth
        self.parts = parts
        self.store = store
        self.views = views
        self.authenticator = authenticator
        self.tokens = tokens
        self.passwords = passwords
        self.hub = hub
        self.knowledge = knowledge
        self.desk = desk
        self.attachments = attachments
        self.handoffWording = handoffWording
        self.settings = settings
        self.limits = RateLimits(rates: settings.rates, clock: clock, sharing: sharing)
        self.readiness = readiness
        self.clock = clock
        self.assistantHealth = assistantHealth
        self.metrics = metrics
        self.startedAt = clock.now()
        swagger = SwaggerAssets(folder: settings.docsAssets)
    }

    /// Every route of the API, for a description of it.
    public var endpoints: [Endpoint] { table.endpoints }

    private var table: EndpointTable {
        var table = EndpointTable(
            gate: Gate(authenticator: authenticator, limits: limits), identifiers: views.identifiers, store: store,
            digests: tokens.requestDigests)
        HealthRoutes(
            store: store, settings: settings, readiness: readiness, clock: clock, startedAt: startedAt,
            assistantHealth: assistantHealth, busHealth: busHealth
        ).register(in: &table)
        MetricsRoutes(page: metrics).register(in: &table)
        if parts.contains(.api) { registerAPI(in: &table) }
        if parts.contains(.admin) {
            AssistantRoutes(store: store, views: views, desk: desk).registerProviders(in: &table)
            PriceRoutes(store: store, views: views, providers: desk.providerNames).register(in: &table)
            KnowledgeRoutes(store: store, views: views, library: knowledge).register(in: &table)
            KnowledgeImportRoutes(store: store, digests: tokens.requestDigests).register(in: &table)
            InvitationRoutes(store: store, views: views).register(in: &table)
            InboxRoutes(store: store, views: views, providers: desk.providerNames).register(in: &table)
            SettingsRoutes(store: store, views: views, providers: desk.providerNames).register(in: &table)
            UserRoutes(store: store, views: views, passwords: passwords).register(in: &table)
            RoleRoutes(store: store, views: views).register(in: &table)
            TeamRoutes(store: store, views: views).register(in: &table)
            APIKeyRoutes(store: store, views: views, clock: clock).register(in: &table)
            NoticeRoutes(store: store, views: views).register(in: &table)
            AuditRoutes(store: store, views: views).register(in: &table)
            StatisticsRoutes(store: store, views: views).register(in: &table)
            PageRoutes().register(in: &table)
        }
        // A process that serves some of the routes describes all of them.
        var whole = self
        whole.parts = Set(Part.allCases)
        DescriptionRoutes(
            version: settings.version, assets: swagger, endpoints: { [whole] in whole.endpoints }
        ).register(in: &table)
        return table
    }

    private func registerAPI(in table: inout EndpointTable) {
        let issue = LoginTokens(views: views, tokens: tokens)
        AuthRoutes(store: store, issue: issue, passwords: passwords, limits: limits, lockout: settings.lockout)
            .register(in: &table)
        RegistrationRoutes(
            store: store, issue: issue, passwords: passwords, policy: settings.registration
        ).register(in: &table)
        OwnSignInRoutes(
            store: store, views: views, passwords: passwords, limits: limits, lockout: settings.lockout
        ).register(in: &table)
        ProfileRoutes(store: store, views: views).register(in: &table)
        SessionRoutes(
            store: store, views: views,
            opening: SessionOpening(
                store: store, views: views, authenticator: authenticator, tokens: tokens, clock: clock,
                publicURL: settings.publicURL)
        ).register(in: &table)
        ConversationRoutes(store: store, views: views, clock: clock).register(in: &table)
        OwnershipRoutes(store: store, views: views, wording: handoffWording).register(in: &table)
        HandoffRoutes(store: store, views: views).register(in: &table)
        MessageEditRoutes(store: store, views: views).register(in: &table)
        AttachmentRoutes(
            store: store, views: views, hub: hub, folder: attachments, maximumBytes: settings.attachmentMaximumBytes
        ).register(in: &table)
        MessageRoutes(
            store: store, views: views, hub: hub,
            stream: ReplyStream(
                store: store, hub: hub, encoder: EventEncoder(views: views), checkInterval: streamCheckInterval)
        ).register(in: &table)
        FeedRoutes(store: store, views: views, logEpoch: hub.settings.logEpoch).register(in: &table)
        ContactRoutes(store: store, views: views).register(in: &table)
        AssistantRoutes(store: store, views: views, desk: desk).register(in: &table)
        CorrectionRoutes(store: store, views: views).register(in: &table)
    }

    /// What answers the requests.
    public func reception() -> Reception { Reception(table, settings: settings) }
}
