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
        var access = try await authenticator.access(of: token)
        if !token.isSigned { try limits.count(subject) }
        access.address = scope.client.text
        scope.findings.principalKind = access.contact == nil ? access.staff?.role.name : "contact"
        try admission.check(access)
        return access
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
