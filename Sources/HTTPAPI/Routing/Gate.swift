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
        let digest = TokenDigest(of: bearer.text)
        let token = try authenticator.verify(bearer.text, digest: digest)
        // Only genuine tokens are counted, so that made-up ones cannot fill the table: those with a signature before the rows
        // are asked, keys once they are known.
        let subject = RateLimits.Subject.request(token: digest)
        if token.isSigned { try limits.count(subject) }
        var access: Access
        if let remembered = authenticator.remembered(token) {
            access = remembered
        } else {
            access = try await self.access(of: token, from: scope.client)
        }
        if !token.isSigned { try limits.count(subject) }
        access.address = scope.client.text
        scope.findings.principalKind = access.contact == nil ? access.staff?.role.name : "contact"
        try admission.check(access)
        return access
    }

    /// A key that is none shows only in the rows, so what an address may try is limited: a flood of made-up ones must not
    /// cost the database. Keys that came lately are known without them, and go on beside the flood.
    private func access(of token: VerifiedToken, from client: ClientAddress) async throws -> Access {
        guard !token.isSigned else { return try await authenticator.access(of: token) }
        let address = client.rateKey
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
        guard let space = value.utf8.firstIndex(of: UInt8(ascii: " ")), value[..<space].lowercased() == "bearer" else {
            return nil
        }
        text = value[space...].trimmed
        if text.isEmpty { return nil }
    }
}
