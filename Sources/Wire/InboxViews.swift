public import Domain

/// `inbox`
public struct InboxView: Codable, Sendable, Equatable {
    public var id: String
    public var name: String
    /// Names the inbox in a widget's page; no secret.
    public var key: String
    public var aiEnabled: Bool
    public var allowedOrigins: [String]
    @Nullable public var greeting: String?
    public var languages: [String]
    /// Names of providers in the order in which they are asked; null for the workspace's order.
    @Nullable public var aiProviders: [String]?
    /// The team to which the assistant hands over; null for the queue.
    @Nullable public var handoffTeamId: String?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
}

/// An inbox with the secret that it has just got.
public struct InboxSecretView: Codable, Sendable, Equatable {
    public var id: String
    public var name: String
    public var key: String
    /// Signs identity tokens. Shown only now.
    public var secret: String
    public var aiEnabled: Bool
    public var allowedOrigins: [String]
    @Nullable public var greeting: String?
    public var languages: [String]
    /// Names of providers in the order in which they are asked; null for the workspace's order.
    @Nullable public var aiProviders: [String]?
    /// The team to which the assistant hands over; null for the queue.
    @Nullable public var handoffTeamId: String?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
}

/// What a widget may show of its inbox.
public struct VisitorInboxView: Codable, Sendable, Equatable {
    public var name: String
    @Nullable public var greeting: String?
    public var languages: [String]
}

extension ViewMaker {
    public func inbox(_ inbox: Inbox) -> InboxView {
        InboxView(
            id: identifiers.text(inbox.id), name: inbox.name, key: inbox.key, aiEnabled: inbox.isAIEnabled,
            allowedOrigins: inbox.allowedOrigins, greeting: inbox.greeting, languages: inbox.languages,
            aiProviders: inbox.providers, handoffTeamId: inbox.handoffTeamId.map(identifiers.text),
            createdAt: inbox.createdAt, updatedAt: inbox.updatedAt)
    }

    public func inbox(_ inbox: Inbox, secret: String) -> InboxSecretView {
        InboxSecretView(
            id: identifiers.text(inbox.id), name: inbox.name, key: inbox.key, secret: secret,
            aiEnabled: inbox.isAIEnabled, allowedOrigins: inbox.allowedOrigins, greeting: inbox.greeting,
            languages: inbox.languages, aiProviders: inbox.providers,
            handoffTeamId: inbox.handoffTeamId.map(identifiers.text), createdAt: inbox.createdAt,
            updatedAt: inbox.updatedAt)
    }

    public func inboxForVisitors(_ inbox: Inbox) -> VisitorInboxView {
        VisitorInboxView(name: inbox.name, greeting: inbox.greeting, languages: inbox.languages)
    }
}
