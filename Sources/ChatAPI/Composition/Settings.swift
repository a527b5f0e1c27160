import Assistant
import Cluster
import Domain
import HTTPAPI
import Identity
import Realtime
import Storage

// From the configuration to what each part needs of it.

extension RealtimeSettings {
    init(_ configuration: ServerConfiguration, logEpoch: String) {
        let limits = configuration.limits
        var origins = configuration.http.publicURL.map { [$0.origin] } ?? []
        switch configuration.http.corsOrigins {
        case .any: origins.append("*")
        case .listed(let listed): origins += listed
        }
        self.init(
            nodeId: configuration.nodeId, logEpoch: logEpoch,
            contactFramesPerSecond: Double(limits.contactFramesPerSecond ?? 0),
            staffFramesPerSecond: Double(limits.staffFramesPerSecond ?? 0),
            contactMessagesPerMinute: Double(limits.contactMessagesPerMinute ?? 0),
            socketsPerPrincipal: limits.socketsPerPrincipal ?? 0, socketsPerAddress: limits.socketsPerAddress ?? 0,
            staffOrigins: origins)
    }
}

extension HTTPSettings {
    init(_ configuration: ServerConfiguration) {
        let limits = configuration.limits
        let trusted = configuration.http.trustedProxies
        let origins: Origins =
            switch configuration.http.corsOrigins {
            case .any: .any
            case .listed(let listed): .listed(listed)
            }
        self.init(
            publicURL: configuration.http.publicURL?.description, corsOrigins: origins,
            isTrustedProxy: { trusted.contains($0) },
            rates: Rates(
                loginsPerMinute: limits.loginsPerMinute, sessionsPerMinute: limits.sessionsPerMinute,
                requestsPerSecond: limits.requestsPerSecond),
            registration: configuration.registration,
            lockout: limits.lockoutFailures.map { Lockout(failures: $0) },
            nodeId: configuration.nodeId, version: Version.current)
        attachmentMaximumBytes = configuration.attachments.maximumBytes
        docsAssets = configuration.dataDirectory.file("docs-assets")
    }
}

extension HTTPInterface.Part {
    static func served(by components: Set<ServerConfiguration.Component>) -> Set<Self> {
        var parts: Set<Self> = []
        if components.contains(.api) { parts.insert(.api) }
        if components.contains(.admin) { parts.insert(.admin) }
        return parts
    }
}

extension RedisAddress {
    /// As the bus needs it. Redis shows `nodeId` in its list of clients.
    func settings(for nodeId: String) -> RedisSettings {
        RedisSettings(
            host: server.host, port: server.port, user: server.user, password: server.password?.reveal(),
            database: database, security: isSecure ? .tls(authorityFile: authorityFile) : .plain,
            connectionName: "chat-api-\(nodeId)")
    }
}

extension SocketCredentials {
    /// Tokens and tickets as the HTTP side takes them.
    init(_ authenticator: Authenticator, clock: any WallClock) {
        self.init(
            bearer: { token in
                try await Self.translated {
                    let verified = try authenticator.verify(token)
                    let access = try await authenticator.access(of: verified)
                    let end = if let end = verified.end { end } else { try await authenticator.end(of: verified) }
                    return SocketCredential(access: access, expiresAt: end)
                }
            },
            ticket: { ticket in
                try await Self.translated {
                    let access = try await authenticator.authenticate(ticket: ticket)
                    // A ticket stands for a token that was good when it was made.
                    let end = access.staff.map { _ in clock.now().adding(seconds: TokenAuthority.accessSeconds) }
                    return SocketCredential(access: access, expiresAt: end)
                }
            })
    }

    private static func translated(
        _ work: () async throws -> SocketCredential
    ) async throws -> SocketCredential {
        do {
            return try await work()
        } catch let failure as AuthenticationFailure {
            switch failure {
            case .unauthenticated: throw CredentialRefusal.unauthenticated
            case .tokenExpired: throw CredentialRefusal.expired
            case .tokenRevoked: throw CredentialRefusal.revoked
            }
        } catch is StorageFailure {
            throw CredentialRefusal.unavailable
        }
    }
}

extension VerifiedToken {
    /// When an access token ends; a session's token lives as long as the session, and a key's end stands in its row.
    fileprivate var end: Timestamp? {
        switch self {
        case .access(let claims): claims.expiresAt
        case .session, .apiKey: nil
        }
    }
}
