import Domain
import HTTPTypes
import Hummingbird
import Identity

/// Lets requests in to routes that need an identity.
struct Gate: Sendable {
    let authenticator: Authenticator
    let limits: RateLimits

    /// - Throws: 401 with the reason, 403, 429.
    func admit(_ request: Request, _ scope: RequestScope, to admission: Admission) async throws -> Access {
        guard let bearer = BearerToken(request.headers) else { throw Problem(.unauthenticated) }
        let token = try authenticator.verify(bearer.text)
        // Only genuine tokens are counted, so that made-up ones cannot fill the table: those with a signature before the rows
        // are asked, keys once they are known.
        let subject = RateLimits.Subject.request(token: TokenDigest(of: bearer.text))
        if token.isSigned { try limits.count(subject) }
        var access = try await self.access(of: token, from: scope.client.rateKey)
        if !token.isSigned { try limits.count(subject) }
        access.address = scope.client.text
        scope.findings.principalKind = access.contact == nil ? access.staff?.role.name : "contact"
        try admission.check(access)
        return access
    }

    /// A key that is none shows only in the rows, so what an address may try is limited: a flood of made-up ones must not
    /// cost the database. Keys that came lately are known without them, and go on beside the flood.
    private func access(of token: VerifiedToken, from address: String) async throws -> Access {
        guard !token.isSigned, !authenticator.remembers(token) else { return try await authenticator.access(of: token) }
        try limits.requireRoom(for: .failure(address: address))
        do {
            return try await authenticator.access(of: token)
        } catch let failure as AuthenticationFailure {
            try limits.count(.failure(address: address))
            throw failure
        }
    }
}

/// The token of an `Authorization: Bearer …` (RFC 6750, 2.1).
struct BearerToken: Sendable {
    let text: String

    /// Nil when there is no such header, or an empty one.
    init?(_ headers: HTTPFields) {
        guard let value = headers[.authorization] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        text = parts[1].trimmed
        if text.isEmpty { return nil }
    }
}
