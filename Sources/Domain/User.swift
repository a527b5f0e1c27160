/// Somebody who signs in with an e-mail and a password: staff, or a registered customer.
public struct User: Sendable, Equatable {
    public enum Status: String, Sendable, Codable, CaseIterable {
        case active, suspended
    }

    public var id: Identifier<User>
    public var workspaceId: Identifier<Workspace>
    public var email: String
    public var name: String
    public var role: Role
    public var status: Status
    /// BCP 47 language tag such as `zh-CN`.
    public var locale: String?
    /// Grows whenever role or status change: an access token of an older version is refused.
    public var accessVersion: Int64
    public var createdAt: Timestamp
    public var lastLoginAt: Timestamp?
    /// Whom a registered customer writes as; nil before the first session, and for staff.
    public var contactId: Identifier<Contact>?

    public init(
        id: Identifier<User>, workspaceId: Identifier<Workspace>, email: String, name: String, role: Role,
        status: Status, locale: String?, accessVersion: Int64, createdAt: Timestamp, lastLoginAt: Timestamp?,
        contactId: Identifier<Contact>? = nil
    ) {
        self.contactId = contactId
        self.id = id
        self.workspaceId = workspaceId
        self.email = email
        self.name = name
        self.role = role
        self.status = status
        self.locale = locale
        self.accessVersion = accessVersion
        self.createdAt = createdAt
        self.lastLoginAt = lastLoginAt
    }

    /// The form under which e-mail addresses are compared: case is folded for ASCII only, so that no two
    /// addresses that a mail server tells apart by their letters are ever taken for one.
    public static func emailKey(_ email: String) -> String {
        String(decoding: email.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}

/// One sign-in of a user: the family of refresh tokens that descend from it.
public struct Login: Sendable, Equatable {
    public var id: Identifier<Login>
    public var userId: Identifier<User>
    public var createdAt: Timestamp
    public var expiresAt: Timestamp
    public var isRevoked: Bool
    /// When its refresh token was last exchanged.
    public var lastUsedAt: Timestamp
    /// Network address that it was made from.
    public var address: String?
    /// What the client calls itself.
    public var userAgent: String?

    public init(
        id: Identifier<Login>, userId: Identifier<User>, createdAt: Timestamp, expiresAt: Timestamp, isRevoked: Bool,
        lastUsedAt: Timestamp, address: String? = nil, userAgent: String? = nil
    ) {
        self.lastUsedAt = lastUsedAt
        self.address = address
        self.userAgent = userAgent
        self.id = id
        self.userId = userId
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.isRevoked = isRevoked
    }
}
