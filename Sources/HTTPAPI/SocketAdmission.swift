public import HTTPTypes
public import Identity
public import Realtime

extension SocketCredentials {
    /// Sockets ask the same authenticator as the routes.
    public init(_ authenticator: Authenticator) {
        self.init(
            bearer: { text in
                try await Self.told {
                    let token = try authenticator.verify(text)
                    let access = try await authenticator.access(of: token)
                    if case .access(let claims) = token {
                        return SocketCredential(access: access, expiresAt: claims.expiresAt)
                    }
                    return SocketCredential(access: access, expiresAt: nil)
                }
            },
            ticket: { text in
                try await Self.told {
                    SocketCredential(access: try await authenticator.authenticate(ticket: text), expiresAt: nil)
                }
            })
    }

    private static func told(
        _ work: () async throws -> SocketCredential
    ) async throws(CredentialRefusal) -> SocketCredential {
        do {
            return try await work()
        } catch let failure as AuthenticationFailure {
            switch failure {
            case .unauthenticated: throw .unauthenticated
            case .tokenExpired: throw .expired
            case .tokenRevoked: throw .revoked
            }
        } catch {
            throw .unavailable
        }
    }
}

extension HTTPSettings {
    /// The address of the client behind `peer`, as rate limits of sockets should see it too.
    public func clientAddress(peer: String?, headers: HTTPFields) -> String {
        ClientAddress(peer: peer, headers: headers, isTrustedProxy: isTrustedProxy).rateKey
    }
}
