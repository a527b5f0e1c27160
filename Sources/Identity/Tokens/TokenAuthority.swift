import Crypto
public import Domain
import JWTKit

/// Issues and verifies the server's own signed tokens: users' access tokens and contacts' session tokens, JWTs with
/// HS256.
///
/// A good signature says who a token was made for, not that it still holds: whether the user's access version, the
/// login or the session is alive is asked of the rows.
public final class TokenAuthority: Sendable {
    /// The secret has fewer than ``minimumSecretBytes``.
    public struct WeakSecret: Error, Hashable, Sendable {}

    /// As many as the digest has (RFC 7518, 3.2).
    public static let minimumSecretBytes = 32
    /// Life of an access token in seconds (contract).
    public static let accessSeconds: Int64 = 3600
    /// Verified tokens that are remembered. Some 2 MB when full.
    public static let defaultRememberedTokens = 4096

    /// Digests of requests, under a key of their own from the same secret.
    public let requestDigests: RequestDigests
    private let signer: JWTKeyCollection
    private let key: SymmetricKey
    private let issuer: String
    private let clock: any WallClock
    private let recent: RecentTokens

    /// - Parameters:
    ///   - secret: shared by all nodes of an installation, at least 32 bytes.
    ///   - issuer: the `iss` claim; tokens of another issuer are refused.
    /// - Throws: ``WeakSecret``.
    public init(
        secret: [UInt8], issuer: String = "chat-api", clock: any WallClock,
        rememberedTokens: Int = TokenAuthority.defaultRememberedTokens
    ) async throws {
        // JWTKit traps on shorter keys.
        guard secret.count >= Self.minimumSecretBytes else { throw WeakSecret() }
        key = SymmetricKey(data: secret)
        requestDigests = RequestDigests(secret: key)
        signer = await JWTKeyCollection().add(hmac: HMACKey(key: key), digestAlgorithm: .sha256)
        self.issuer = issuer
        self.clock = clock
        recent = RecentTokens(capacity: rememberedTokens)
    }

    // MARK: Issuing

    /// An access token that ends ``accessSeconds`` from now.
    public func accessToken(
        userId: String, workspaceId: String, role: String, accessVersion: Int64, familyId: String
    ) async throws -> String {
        let now = clock.now().seconds
        let payload = AccessPayload(
            iss: issuer, sub: userId, wid: workspaceId, role: role, ver: accessVersion, fam: familyId, iat: now,
            exp: now + Self.accessSeconds)
        return try await signer.sign(payload)
    }

    /// A session token, which ends when the session's row says so.
    public func sessionToken(sessionId: String, workspaceId: String) async throws -> String {
        let payload = SessionPayload(iss: issuer, sub: sessionId, wid: workspaceId, iat: clock.now().seconds)
        return try await signer.sign(payload)
    }

    // MARK: Verifying

    /// Who presents `token`, whichever of ours it is. Takes microseconds and never waits.
    /// - Parameter digest: of `token`, where it is known already.
    public func verify(_ token: String, digest: TokenDigest? = nil) throws(TokenError) -> VerifiedToken {
        // Checked before the digest, so that a long header costs nothing.
        guard token.utf8.count <= SignedToken.maximumBytes else { throw .malformed }
        let digest = digest ?? TokenDigest(of: token)
        let verified: VerifiedToken
        if let known = recent.token(digest) {
            verified = known
        } else {
            verified = try read(token)
            recent.remember(verified, digest)
        }
        // Each time, also for a remembered one. An expired one is remembered too: its client will ask again.
        if case .access(let claims) = verified, clock.now() >= claims.expiresAt { throw .expired }
        return verified
    }

    /// The claims of an access token; ``TokenError/forged`` for a session's.
    public func accessClaims(of token: String) throws(TokenError) -> AccessClaims {
        guard case .access(let claims) = try verify(token) else { throw .forged }
        return claims
    }

    /// The claims of a session token; ``TokenError/forged`` for a user's.
    public func sessionClaims(of token: String) throws(TokenError) -> SessionClaims {
        guard case .session(let claims) = try verify(token) else { throw .forged }
        return claims
    }

    private func read(_ token: String) throws(TokenError) -> VerifiedToken {
        let claims = try SignedToken.claims(of: token, key: key)
        guard try claims.claim("iss") == issuer else { throw .forged }
        switch try claims.claim("aud") {
        case AccessPayload.audience:
            guard let version = claims["ver"]?.intValue else { throw .malformed }
            return .access(
                AccessClaims(
                    userId: try claims.claim("sub"), workspaceId: try claims.claim("wid"),
                    role: try claims.claim("role"), accessVersion: version, familyId: try claims.claim("fam"),
                    issuedAt: try claims.moment("iat"), expiresAt: try claims.moment("exp")))
        case SessionPayload.audience:
            return .session(
                SessionClaims(
                    sessionId: try claims.claim("sub"), workspaceId: try claims.claim("wid"),
                    issuedAt: try claims.moment("iat")))
        default: throw .forged
        }
    }
}
