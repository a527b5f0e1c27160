public import Domain

/// What a user's access token says. Identifiers are opaque here.
public struct AccessClaims: Hashable, Sendable {
    public let userId: String
    public let workspaceId: String
    /// The role at the time of issue. Only ``accessVersion`` tells whether it still holds.
    public let role: String
    /// The user's access version at the time of issue: an older one than the row's is revoked.
    public let accessVersion: Int64
    /// The login that the token descends from; ends with it.
    public let familyId: String
    public let issuedAt: Timestamp
    public let expiresAt: Timestamp

    public init(
        userId: String, workspaceId: String, role: String, accessVersion: Int64, familyId: String,
        issuedAt: Timestamp, expiresAt: Timestamp
    ) {
        self.userId = userId
        self.workspaceId = workspaceId
        self.role = role
        self.accessVersion = accessVersion
        self.familyId = familyId
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}

/// What a contact's session token says. It has no end of its own: the session's row decides.
public struct SessionClaims: Hashable, Sendable {
    public let sessionId: String
    public let workspaceId: String
    public let issuedAt: Timestamp

    public init(sessionId: String, workspaceId: String, issuedAt: Timestamp) {
        self.sessionId = sessionId
        self.workspaceId = workspaceId
        self.issuedAt = issuedAt
    }
}

/// A genuine token of ours: who presents it.
public enum VerifiedToken: Hashable, Sendable {
    case access(AccessClaims)
    case session(SessionClaims)
    /// An API key, by its digest. It carries no signature: whether there is such a key only the rows tell.
    case apiKey(TokenDigest)

    /// Whether nobody else can have made it, so that it says something before the rows are asked.
    public var isSigned: Bool {
        switch self {
        case .access, .session: true
        case .apiKey: false
        }
    }
}
