import Cluster
import Domain
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import Storage
import Wire

/// Decides who gets a socket: path, credentials, origin and limits, before the upgrade where they are known by then.
public struct SocketGate: SocketUpgrading {
    private let hub: Hub
    private let credentials: SocketCredentials
    /// The client's address behind trusted proxies.
    private let clientAddress: @Sendable (UpgradeRequest) -> String
    private let readiness: @Sendable () -> Bool
    /// Whether this process takes sockets at all.
    private let isOpen: Bool

    /// - Parameters:
    ///   - clientAddress: tells the address of the client, which is not the peer's behind a trusted proxy.
    ///   - isReady: false once a drain has begun.
    ///   - isOpen: false where sockets are another process's work.
    public init(
        hub: Hub, credentials: SocketCredentials, clientAddress: @escaping @Sendable (UpgradeRequest) -> String,
        isReady: @escaping @Sendable () -> Bool, isOpen: Bool = true
    ) {
        self.isOpen = isOpen
        self.hub = hub
        self.credentials = credentials
        self.clientAddress = clientAddress
        readiness = isReady
    }

    public func decide(_ request: UpgradeRequest) async -> UpgradeDecision {
        guard isOpen, let entrance = entrance(request.uri.path) else { return .decline }
        guard readiness() else { return .refuse(problem(.serviceUnavailable, "unavailable", retryAfter: 5)) }
        guard case .known(let entrance) = entrance else { return .refuse(problem(.notFound, "not_found")) }
        let origin = request.head.headerFields[.origin]
        if case .agent = entrance, !allowsStaff(origin, request) {
            return .refuse(problem(.forbidden, "forbidden"))
        }
        let limits = hub.settings
        guard var seat = hub.census.enter(address: clientAddress(request), limit: limits.socketsPerAddress) else {
            return .refuse(problem(.tooManyRequests, "rate_limited", retryAfter: 10))
        }
        do {
            // A client that keeps coming back to a session that is over is turned away without asking the database.
            if case .session(let id) = entrance, case .removed = await hub.directory?.session(id) {
                throw CredentialRefusal.revoked
            }
            let credential = try await credential(of: request)
            if let credential {
                guard ChatConnection.mayEnter(credential.access, entrance) else { throw Refused.forbidden }
                guard hub.census.identify(&seat, as: credential.access, limit: limits.socketsPerPrincipal) else {
                    throw Refused.tooMany
                }
            }
            // A token or ticket of the session has been held against the session's row. What is left to ask is whether its
            // inbox allows the page, which only a browser names.
            if case .session(let id) = entrance, credential == nil || origin != nil {
                try await requireSession(id, origin: origin)
            }
            return accept(request, entrance, seat, credential)
        } catch {
            hub.census.leave(seat)
            return .refuse(refusal(of: error))
        }
    }

    public func refusal(of fault: HandshakeFault) -> UpgradeRefusal {
        switch fault {
        case .malformedRequest, .malformedHandshake: problem(.badRequest, "bad_request")
        case .unsupportedVersion:
            problem(.upgradeRequired, "upgrade_required", headers: [.secWebSocketVersion: "13"])
        case .undecided: problem(.serviceUnavailable, "unavailable", retryAfter: 1)
        }
    }

    // MARK: Where to

    private enum Place {
        case known(ChatConnection.Entrance)
        case unknown
    }

    /// The entrance behind a path; nil for one that is not of sockets.
    private func entrance(_ path: String) -> Place? {
        if path == "/ws/agent" { return .known(.agent) }
        guard path.hasPrefix("/ws/chat/") else { return nil }
        let text = String(path.dropFirst("/ws/chat/".count))
        let id: Identifier<ChatSession>? = hub.encoder.views.identifiers.identifier(text)
        return id.map { .known(.session($0)) } ?? .unknown
    }

    private func allowsStaff(_ origin: String?, _ request: UpgradeRequest) -> Bool {
        guard let origin else { return true }
        let allowed = hub.settings.staffOrigins
        if allowed.contains("*") || allowed.contains(where: { $0.lowercased() == origin.lowercased() }) { return true }
        // The console that this server itself serves.
        guard let host = request.head.authority else { return false }
        return origin.lowercased() == "http://\(host)".lowercased()
            || origin.lowercased() == "https://\(host)".lowercased()
    }

    private func requireSession(_ id: Identifier<ChatSession>, origin: String?) async throws {
        let found = try await hub.store.lookUp { snapshot in
            try snapshot.session(id).map { ($0, try snapshot.inbox($0.inboxId, in: $0.workspaceId)) }
        }
        guard let (session, inbox) = found else { throw Refused.notFound }
        guard !session.status.isOver else {
            throw session.status == .closed ? CredentialRefusal.revoked : CredentialRefusal.expired
        }
        guard inbox.allows(origin: origin) else { throw Refused.forbidden }
    }

    // MARK: Who

    private func credential(of request: UpgradeRequest) async throws -> SocketCredential? {
        if let header = request.head.headerFields[.authorization] {
            let prefix = "bearer "
            guard header.lowercased().hasPrefix(prefix) else { throw CredentialRefusal.unauthenticated }
            return try await credentials.bearer(String(header.dropFirst(prefix.count)))
        }
        if let ticket = request.uri.queryParameters["ticket"] {
            return try await credentials.ticket(String(ticket))
        }
        return nil
    }

    private func accept(
        _ request: UpgradeRequest, _ entrance: ChatConnection.Entrance, _ seat: SocketCensus.Entry,
        _ credential: SocketCredential?
    ) -> UpgradeDecision {
        guard let shard = hub.fanout.shard(of: request.eventLoop) else {
            hub.census.leave(seat)
            return .refuse(problem(.serviceUnavailable, "unavailable", retryAfter: 1))
        }
        let (hub, credentials) = (hub, credentials)
        return .accept(
            UpgradeAcceptance(subprotocol: "chat.v1", abandon: { hub.census.leave(seat) }) { socket in
                ChatConnection(
                    socket: socket, hub: hub, shard: shard, entrance: entrance, credentials: credentials, seat: seat,
                    credential: credential)
            })
    }

    // MARK: Refusals

    private enum Refused: Error {
        case notFound, forbidden, tooMany
    }

    private func refusal(of error: any Error) -> UpgradeRefusal {
        switch error {
        case Refused.notFound, Refusal.notFound: problem(.notFound, "not_found")
        case Refused.forbidden, Refusal.forbidden: problem(.forbidden, "forbidden")
        case Refused.tooMany: problem(.tooManyRequests, "rate_limited", retryAfter: 10)
        case CredentialRefusal.unauthenticated: problem(.unauthorized, "unauthenticated")
        case CredentialRefusal.expired: problem(.unauthorized, "token_expired")
        case CredentialRefusal.revoked: problem(.unauthorized, "token_revoked")
        default: problem(.serviceUnavailable, "unavailable", retryAfter: 1)
        }
    }

    private func problem(
        _ status: HTTPResponse.Status, _ code: String, retryAfter: Int? = nil, headers: HTTPFields = [:]
    ) -> UpgradeRefusal {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.retryAfter] = retryAfter.map(String.init)
        if let name = HTTPField.Name("X-Node-ID") { headers[name] = hub.settings.nodeId }
        let requestId = UUID().uuidString.lowercased()
        if let name = HTTPField.Name("X-Request-ID") { headers[name] = requestId }
        let body = JSON.encode(
            ProblemDocument(status: status.code, title: status.reasonPhrase, code: code, requestId: requestId))
        return UpgradeRefusal(status: status, headers: headers, body: ByteBuffer(bytes: body))
    }
}
