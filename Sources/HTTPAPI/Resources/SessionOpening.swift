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
    let limits: RateLimits
    let clock: any WallClock
    let publicURL: String?

    struct Arrival: Decodable, Sendable {
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
    }

    struct Opened: Encodable, Sendable {
        var session: SessionView
        var sessionToken: String
        var websocketUrl: String
    }

    func register(in table: inout EndpointTable) {
        table.open(
            post: "/api/v1/chat/sessions", summary: "Begin a visit, as a stranger or as the contact of a session token",
            request: Arrival.self, isBodyOptional: true, response: Opened.self, status: .created,
            problems: [
                .unauthenticated, .tokenExpired, .tokenRevoked, .invalidCredentials, .forbidden, .notFound,
                .rateLimited,
            ]
        ) { body, call in
            try await open(body, call)
        }
    }

    private func open(_ arrival: Arrival, _ call: OpenCall) async throws -> Answer<Opened> {
        try limits.count(.session(address: call.incoming.client.rateKey))
        try arrival.validate()
        let bearer = BearerToken(call.incoming.headers)
        let earlier: ChatSession? =
            if let bearer { try await authenticator.returningSession(bearer: bearer.text) } else { nil }
        if earlier != nil { call.incoming.scope.findings.principalKind = "contact" }
        let (inbox, secret) = try await store.read { snapshot in
            let inbox = try Self.inbox(arrival.inboxKey, earlier, in: snapshot)
            return (inbox, arrival.identityToken == nil ? nil : try snapshot.inboxSecret(inbox.id))
        }
        guard inbox.allows(origin: call.incoming.origin) else {
            throw Problem(.forbidden, detail: "this site may not use the inbox")
        }
        var conversationId: Identifier<Conversation>?
        if let wanted = arrival.conversationId {
            guard earlier != nil else {
                throw Problem(.unauthenticated, detail: "conversation_id needs the contact's token")
            }
            conversationId = try call.known(wanted)
        }
        let visitor = try visitor(arrival, earlier, secret)
        let ticket = RandomToken(.ticket)
        let request = SessionRequest(
            inboxId: inbox.id, visitor: visitor, name: arrival.contact?.name, email: arrival.contact?.email,
            phone: arrival.contact?.phone, externalId: arrival.contact?.externalId,
            attributes: arrival.contact?.attributes, locale: arrival.locale ?? earlier?.locale,
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
                    client: call.incoming.client)))
    }

    /// The entrance that is meant: by its key, else that of the earlier visit, else the default workspace's first.
    private static func inbox(_ key: String?, _ earlier: ChatSession?, in reader: any RowReader) throws -> Inbox {
        if let key {
            guard let inbox = try reader.inbox(key: key), earlier.map({ $0.workspaceId == inbox.workspaceId }) ?? true
            else { throw Refusal.notFound }
            return inbox
        }
        if let earlier { return try reader.inbox(earlier.inboxId, in: earlier.workspaceId) }
        guard let workspace = try reader.workspace(slug: Workspace.defaultSlug) else { throw Refusal.notFound }
        return try reader.inbox(nil, in: workspace.id)
    }

    private func visitor(
        _ arrival: Arrival, _ earlier: ChatSession?, _ secret: [UInt8]?
    ) throws -> SessionRequest.Visitor {
        guard let token = arrival.identityToken else {
            return earlier.map { .returning($0.contactId) } ?? .stranger
        }
        // Not `token_expired`: that would tell a widget that its own session has ended.
        guard let secret, let identity = try? VisitorIdentity(verifying: token, secret: secret, now: clock.now()) else {
            throw Problem(.invalidCredentials, detail: "the identity_token is not valid")
        }
        return .proven(externalId: identity.externalId, email: identity.email?.text, name: identity.name)
    }
}

extension SessionOpening.Arrival {
    fileprivate func validate() throws(ValidationProblems) {
        var check = Validation()
        check.text(inboxKey, field: "inbox_key", scalars: 1...100)
        check.text(contact?.name, field: "contact.name", scalars: FieldRules.name)
        check.email(contact?.email, field: "contact.email")
        check.text(contact?.phone, field: "contact.phone", scalars: FieldRules.phone)
        check.identifier(
            contact?.externalId, field: "contact.external_id", maximumBytes: FieldRules.externalIdBytes)
        check.object(contact?.attributes, field: "contact.attributes", maximumBytes: Validation.attributesBytes)
        check.locale(locale)
        check.object(metadata, field: "metadata", maximumBytes: Validation.metadataBytes)
        try check.finish()
    }
}
