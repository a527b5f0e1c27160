import Crypto
public import Domain

/// Who a visitor is, vouched for by the customer's own server: an `identity_token`, an HS256 JWT signed with the
/// inbox's secret, with `sub` (external id) and `exp`, perhaps `email` and `name`.
public struct VisitorIdentity: Hashable, Sendable {
    public let externalId: String
    public let email: EmailAddress?
    public let name: String?
    public let expiresAt: Timestamp

    /// Bytes of an inbox's secret at least; an HMAC with a short key can be guessed (RFC 7518, 3.2).
    public static let minimumSecretBytes = 32
    /// Bytes of an external id.
    public static let maximumExternalIdBytes = 255
    /// Unicode scalars of a name.
    public static let maximumNameScalars = 200
    /// Seconds that the clock of the server that signs may be ahead, for `nbf`.
    static let clockSkewSeconds: Int64 = 60

    /// Reads and verifies a token.
    ///
    /// - Parameters:
    ///   - secret: the key as the customer's server uses it: the UTF-8 of the secret that was shown.
    ///   - now: the present, which must be before `exp`.
    /// - Throws: ``TokenError``: `malformed` also for a claim that does not fit (`email` is no address, `sub` too
    ///   long).
    public init(verifying token: String, secret: [UInt8], now: Timestamp) throws(TokenError) {
        guard secret.count >= Self.minimumSecretBytes else { throw .forged }
        let claims = try SignedToken.claims(of: token, key: SymmetricKey(data: secret))
        let externalId = try claims.claim("sub")
        let expiresAt = try claims.moment("exp")
        guard externalId.utf8.count <= Self.maximumExternalIdBytes, !externalId.utf8.contains(0) else {
            throw .malformed
        }
        guard now < expiresAt else { throw .expired }
        if let start = claims["nbf"], !start.isNull {
            // Not valid yet is as little valid as not valid any more.
            guard try claims.moment("nbf") <= now.adding(seconds: Self.clockSkewSeconds) else { throw .expired }
        }
        self.externalId = externalId
        self.expiresAt = expiresAt
        email = try Self.optional(claims["email"]) { EmailAddress($0) }
        name = try Self.optional(claims["name"]) { name in
            name.unicodeScalars.count <= Self.maximumNameScalars && !name.utf8.contains(0) ? name : nil
        }
    }

    private static func optional<Value>(
        _ claim: JSONValue?, _ read: (String) -> Value?
    ) throws(TokenError) -> Value? {
        switch claim {
        case nil, .null: return nil
        case .string(""): return nil
        case .string(let text):
            guard let value = read(text) else { throw .malformed }
            return value
        default: throw .malformed
        }
    }
}
