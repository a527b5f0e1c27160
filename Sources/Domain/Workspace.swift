/// A tenant. Every other row belongs to exactly one, and nothing of another is ever visible.
public struct Workspace: Sendable, Equatable {
    public var id: Identifier<Workspace>
    /// What people type at sign-in, unique in the installation. See ``isValidSlug(_:)``.
    public var slug: String
    public var name: String
    public var createdAt: Timestamp

    public init(id: Identifier<Workspace>, slug: String, name: String, createdAt: Timestamp) {
        self.id = id
        self.slug = slug
        self.name = name
        self.createdAt = createdAt
    }

    /// The workspace that the first start makes and that sign-in uses when none is named.
    public static let defaultSlug = "default"

    /// Lower-case ASCII letters, digits and inner hyphens, 1…40 characters.
    public static func isValidSlug(_ slug: String) -> Bool {
        let bytes = Array(slug.utf8)
        guard (1...40).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
            return false
        }
        return bytes.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
    }
}

/// The entrance of a workspace for its customers: a widget on a site, or an application of the company's.
public struct Inbox: Sendable, Equatable {
    public var id: Identifier<Inbox>
    public var workspaceId: Identifier<Workspace>
    public var name: String
    /// Public key by which a widget names its inbox.
    public var key: String
    /// Whether new conversations are answered by the assistant first.
    public var isAIEnabled: Bool
    /// Origins that may open customer sockets, such as `https://shop.example`. Empty allows all.
    public var allowedOrigins: [String]
    public var greeting: String?
    /// Languages that the inbox serves, first is the fallback.
    public var languages: [String]

    public init(
        id: Identifier<Inbox>, workspaceId: Identifier<Workspace>, name: String, key: String, isAIEnabled: Bool,
        allowedOrigins: [String], greeting: String?, languages: [String]
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.name = name
        self.key = key
        self.isAIEnabled = isAIEnabled
        self.allowedOrigins = allowedOrigins
        self.greeting = greeting
        self.languages = languages
    }

    /// Whether a browser page of `origin` may use this inbox. No origin means no browser, which is allowed.
    public func allows(origin: String?) -> Bool {
        guard let origin, !allowedOrigins.isEmpty else { return true }
        return allowedOrigins.contains { $0.lowercased() == origin.lowercased() }
    }
}
