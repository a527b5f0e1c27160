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
