public import Domain

/// Who a client has shown itself to be.
public struct SocketCredential: Sendable {
    public var access: Access
    /// When the token that it showed ends; nil for a session's, which lives as long as the session.
    public var expiresAt: Timestamp?

    public init(access: Access, expiresAt: Timestamp?) {
        self.access = access
        self.expiresAt = expiresAt
    }
}

/// Why a token or ticket was not taken.
public enum CredentialRefusal: Error, Sendable, Equatable {
    /// Unknown, forged, used, late.
    case unauthenticated
    case expired
    /// Signed out, suspended, or the session was closed.
    case revoked
    /// The database did not answer.
    case unavailable
}

/// How sockets learn who their client is.
public struct SocketCredentials: Sendable {
    /// - Throws: ``CredentialRefusal``
    public var bearer: @Sendable (String) async throws -> SocketCredential
    /// Uses the ticket up.
    /// - Throws: ``CredentialRefusal``
    public var ticket: @Sendable (String) async throws -> SocketCredential

    public init(
        bearer: @escaping @Sendable (String) async throws -> SocketCredential,
        ticket: @escaping @Sendable (String) async throws -> SocketCredential
    ) {
        self.bearer = bearer
        self.ticket = ticket
    }
}
