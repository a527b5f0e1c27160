/// The key of a row: an integer inside the server, mapped to an opaque string at its edge.
///
/// The parameter only separates the kinds, so that a contact's key can never be passed where a conversation's is due.
public struct Identifier<Entity>: Hashable, Sendable, Comparable {
    /// Time-ordered, unique in the installation. See ``IdentifierGenerator``.
    public let rawValue: Int64

    /// Wraps a key that came from the database or the generator.
    public init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension Identifier: Codable {
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
