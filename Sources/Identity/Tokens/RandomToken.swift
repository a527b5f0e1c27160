/// A secret that means nothing by itself and is looked up by its digest: 256 random bits in base64url after a prefix
/// that tells people and secret scanners what it is.
public struct RandomToken: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Exchanged for the next access token; used once.
        case refresh = "rt_"
        /// Opens one socket; used once, within a minute.
        case ticket = "tk_"
        /// A program's standing credential.
        case apiKey = "ck_"
        /// Lets somebody register; used once.
        case invitation = "iv_"
    }

    public let kind: Kind
    /// Prefix and 43 characters, safe in URLs.
    public let text: String

    /// A new one from the operating system's generator.
    public init(_ kind: Kind) {
        var generator = SystemRandomNumberGenerator()
        self.init(kind, using: &generator)
    }

    /// A new one from `generator`, for tests that need the same ones each time.
    public init(_ kind: Kind, using generator: inout some RandomNumberGenerator) {
        let bytes: [UInt8] = (0..<32).map { _ in generator.next() }
        self.kind = kind
        text = kind.rawValue + Base64.encode(bytes, .url)
    }

    /// One that a client presents; nil when it cannot be of this kind, which saves asking the database about garbage.
    public init?(_ kind: Kind, presented text: String) {
        guard
            text.utf8.count == kind.rawValue.utf8.count + 43, text.hasPrefix(kind.rawValue),
            Base64.decode(text.utf8.dropFirst(kind.rawValue.utf8.count), .url) != nil
        else { return nil }
        self.kind = kind
        self.text = text
    }

    /// What is stored.
    public var digest: TokenDigest { TokenDigest(of: text) }
}
