import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// `POST /chat/sessions`: how a visitor comes in.
struct SessionOpening: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let authenticator: Authenticator
    let tokens: TokenAuthority
    let clock: any WallClock
    let publicURL: String?

    struct Arrival: Decodable, Sendable, Validated {
        struct Claims: Decodable, Sendable {
            var name: String?
            var email: String?
            var phone: String?
            var externalId: String?
            var attributes: JSONValue?
        }

        var inboxKey: String?
        var contact: Claims?
        var identityToken: String?
        var locale: String?
        var metadata: JSONValue?
        var conversationId: String?

        func validate(_ check: inout Validation) {
            check.text(inboxKey, field: "inbox_key", scalars: 1...100)
            check.text(contact?.name, field: "contact.name", scalars: FieldRules.name)
            check.email(contact?.email, field: "contact.email")
            check.text(contact?.phone, field: "contact.phone", scalars: FieldRules.phone)
            check.identifier(
                contact?.externalId, field: "contact.external_id", maximumBytes: FieldRules.externalIdBytes)
            check.object(contact?.attributes, field: "contact.attributes", maximumBytes: Validation.attributesBytes)
            check.locale(locale)
            check.object(metadata, field: "metadata", maximumBytes: Validation.metadataBytes)
        }
    }

    struct Opened: Codable, Sendable {
        var session: SessionView
        var sessionToken: String
        var websocketUrl: String
        var inbox: VisitorInboxView
    }

    func register(in table: inout EndpointTable) {
        table.open(
            post: "/api/v1/chat/sessions", limit: .session,
            summary:
                "Begin a visit: as a stranger, as the contact of a session token, or as a customer who is signed in",
            request: Arrival.self, isBodyOptional: true, response: Opened.self, status: .created,
            problems: [
                .unauthenticated, .tokenExpired, .tokenRevoked, .invalidCredentials, .forbidden, .notFound,
            ]
        ) { body, call in
            try await open(body, call)
        }
        table.authenticationIsOptional()
    }

    private func open(_ arrival: Arrival, _ call: OpenCall) async throws -> Answer<Opened> {
        var arriver: Arriver?
        if let bearer = BearerToken(call.incoming.headers) {
            arriver = try await authenticator.arriver(bearer: bearer.text)
        }
        if let arriver { call.incoming.scope.findings.principalKind = arriver.kind }
        let entrance = try await store.read { [arriver] in try Self.entrance(arrival, arriver, in: $0) }
        let inbox = entrance.inbox
        guard inbox.allows(origin: call.incoming.origin) else {
            throw Problem(.forbidden, detail: "this site may not use the inbox")
        }
        var conversationId: Identifier<Conversation>?
        if let wanted = arrival.conversationId {
            guard arriver != nil else {
                throw Problem(.unauthenticated, detail: "conversation_id needs the contact's token")
            }
            conversationId = try call.known(wanted)
        }
        let visitor = try visitor(arrival, arriver, entrance.secrets)
        let ticket = RandomToken(.ticket)
        let request = SessionRequest(
            inboxId: inbox.id, visitor: visitor, name: arrival.contact?.name, email: arrival.contact?.email,
            phone: arrival.contact?.phone, externalId: arrival.contact?.externalId,
            attributes: arrival.contact?.attributes, locale: arrival.locale ?? entrance.locale,
            metadata: arrival.metadata ?? .object([:]), conversationId: conversationId,
            ticketDigest: ticket.digest.bytes)
        let session = try await store.write { try $0.openSession(request, in: inbox.workspaceId) }
        let view = views.session(session)
        let token = try await tokens.sessionToken(
            sessionId: view.id, workspaceId: views.identifiers.text(session.workspaceId))
        return Answer(
            Opened(
                session: view, sessionToken: token,
                websocketUrl: SocketURL.text(
                    sessionId: view.id, ticket: ticket.text, publicURL: publicURL, request: call.incoming.request,
                    client: call.incoming.client), inbox: views.inboxForVisitors(inbox)))
    }

    /// Where somebody comes in.
    private struct Entrance: Sendable {
        var inbox: Inbox
        /// With which the company may vouch for visitors; none where no token says so.
        var secrets: [[UInt8]]
        /// Of somebody who says nothing about it now.
        var locale: String?
    }

    private static func entrance(
        _ arrival: Arrival, _ arriver: Arriver?, in reader: any RowReader
    ) throws -> Entrance {
        let inbox = try inbox(arrival.inboxKey, arriver, in: reader)
        var locale: String?
        switch arriver {
        case .contact(let earlier): locale = earlier.locale
        case .customer(let id, _): locale = try reader.user(id)?.locale
        case nil: break
        }
        return Entrance(
            inbox: inbox, secrets: arrival.identityToken == nil ? [] : try reader.inboxSecrets(of: inbox.id),
            locale: try locale ?? reader.settings(of: inbox.workspaceId).locale)
    }

    /// The entrance that is meant: by its key, else that of the earlier visit, else the workspace's first.
    private static func inbox(_ key: String?, _ arriver: Arriver?, in reader: any RowReader) throws -> Inbox {
        if let key {
            guard let inbox = try reader.inbox(key: key),
                arriver.map({ $0.workspaceId == inbox.workspaceId }) ?? true
            else { throw Refusal.notFound }
            return inbox
        }
        switch arriver {
        case .contact(let earlier): return try reader.liveInbox(earlier.inboxId, in: earlier.workspaceId)
        case .customer(_, let workspaceId): return try reader.liveInbox(nil, in: workspaceId)
        case nil:
            guard let workspace = try reader.workspace(slug: Workspace.defaultSlug) else { throw Refusal.notFound }
            return try reader.liveInbox(nil, in: workspace.id)
        }
    }

    private func visitor(
        _ arrival: Arrival, _ arriver: Arriver?, _ secrets: [[UInt8]]
    ) throws -> SessionRequest.Visitor {
        guard let token = arrival.identityToken else {
            switch arriver {
            case .contact(let earlier): return .returning(earlier.contactId)
            case .customer(let id, _): return .customer(id)
            case nil: return .stranger
            }
        }
        if case .customer = arriver {
            throw ValidationProblems(
                field: "identity_token", code: "not_allowed", message: "says who somebody is who is signed in already")
        }
        let now = clock.now()
        let identities = secrets.compactMap { try? VisitorIdentity(verifying: token, secret: $0, now: now) }
        // Not `token_expired`: that would tell a widget that its own session has ended.
        guard let identity = identities.first else {
            throw Problem(.invalidCredentials, detail: "the identity_token is not valid")
        }
        return .proven(externalId: identity.externalId, email: identity.email?.text, name: identity.name)
    }
}

extension Arriver {
    fileprivate var kind: String {
        switch self {
        case .contact: "contact"
        case .customer: Role.customer.name
        }
    }

    fileprivate var workspaceId: Identifier<Workspace> {
        switch self {
        case .contact(let session): session.workspaceId
        case .customer(_, let workspaceId): workspaceId
        }
    }
}
