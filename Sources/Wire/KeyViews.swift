public import Domain

/// An API key. The key itself is shown once, when it is made: see ``NewAPIKeyView``.
public struct APIKeyView: Codable, Sendable, Equatable {
    public var id: String
    public var name: String
    /// What it may do at most.
    public var permissions: [String]
    /// For whom it acts, and without whom it ends.
    public var userId: String
    public var createdAt: Timestamp
    /// Null for never.
    @Nullable public var expiresAt: Timestamp?
    /// To the minute; null before its first use.
    @Nullable public var lastUsedAt: Timestamp?
}

/// An API key as whoever makes it sees it: once with the key.
public struct NewAPIKeyView: Codable, Sendable, Equatable {
    public var id: String
    public var name: String
    public var permissions: [String]
    public var userId: String
    public var createdAt: Timestamp
    @Nullable public var expiresAt: Timestamp?
    @Nullable public var lastUsedAt: Timestamp?
    /// What goes into `Authorization: Bearer …`. Not shown again.
    public var key: String
}

extension ViewMaker {
    public func apiKey(_ key: APIKey) -> APIKeyView {
        APIKeyView(
            id: identifiers.text(key.id), name: key.name, permissions: key.grants.permissions.map(\.text),
            userId: identifiers.text(key.userId), createdAt: key.createdAt, expiresAt: key.expiresAt,
            lastUsedAt: key.lastUsedAt)
    }

    /// - Parameter text: the key itself.
    public func newAPIKey(_ key: APIKey, text: String) -> NewAPIKeyView {
        let view = apiKey(key)
        return NewAPIKeyView(
            id: view.id, name: view.name, permissions: view.permissions, userId: view.userId,
            createdAt: view.createdAt, expiresAt: view.expiresAt, lastUsedAt: view.lastUsedAt, key: text)
    }
}
