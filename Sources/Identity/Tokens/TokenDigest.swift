import Crypto

/// The SHA-256 of a secret text. Tickets and refresh tokens are stored as this, so that who reads the database cannot
/// use them; they have 256 random bits, which need no salt and no slow hash.
public struct TokenDigest: Hashable, Sendable {
    /// 32 bytes.
    public let bytes: [UInt8]

    public static let byteCount = 32

    /// The digest of a token as its owner presents it.
    public init(of token: String) {
        var token = token
        bytes = token.withUTF8 { Array(SHA256.hash(data: UnsafeRawBufferPointer($0))) }
    }

    /// A digest from a row; nil when it has another length.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }
}
