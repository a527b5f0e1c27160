/// The entrance of a workspace for its customers: a widget on a site, or an application of the company's.
public struct Inbox: Sendable, Equatable {
    /// Of a workspace at once. Each is a site or an application; nobody runs more of them behind one desk.
    public static let maximumPerWorkspace: Int64 = 200

    public var id: Identifier<Inbox>
    public var workspaceId: Identifier<Workspace>
    public var name: String
    /// Public key by which a widget names its inbox.
    public var key: String
    /// Whether new conversations are answered by the assistant first.
    public var isAIEnabled: Bool
    /// Origins whose pages may use it, such as `https://shop.example`, as browsers write them. Empty allows all.
    public var allowedOrigins: [String]
    /// What a widget shows first; nil leaves it to the widget.
    public var greeting: String?
    /// Languages that the inbox serves, the preferred one first.
    public var languages: [String]
    /// Names of providers in the order in which they are asked; nil for the workspace's order.
    public var providers: [String]?
    /// The team to which the assistant hands over; nil for the queue.
    public var handoffTeamId: Identifier<Team>?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    /// A deleted one takes no new sessions; its conversations go on.
    public var isDeleted: Bool

    public init(
        id: Identifier<Inbox>, workspaceId: Identifier<Workspace>, name: String, key: String, isAIEnabled: Bool = true,
        allowedOrigins: [String] = [], greeting: String? = nil, languages: [String] = ["zh", "en"],
        providers: [String]? = nil, handoffTeamId: Identifier<Team>? = nil, createdAt: Timestamp, updatedAt: Timestamp,
        isDeleted: Bool = false
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.name = name
        self.key = key
        self.isAIEnabled = isAIEnabled
        self.allowedOrigins = allowedOrigins
        self.greeting = greeting
        self.languages = languages
        self.providers = providers
        self.handoffTeamId = handoffTeamId
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.isDeleted = isDeleted
    }

    /// Whether a browser page of `origin` may use this inbox. No origin means no browser, which is allowed.
    public func allows(origin: String?) -> Bool {
        guard let origin, !allowedOrigins.isEmpty else { return true }
        return allowedOrigins.contains { $0.lowercased() == origin.lowercased() }
    }
}
