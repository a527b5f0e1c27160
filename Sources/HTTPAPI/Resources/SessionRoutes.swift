import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// Visits of contacts.
struct SessionRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let opening: SessionOpening

    struct Edit: Decodable, Sendable, Validated {
        var locale: Patch<String>
        var metadata: Patch<JSONValue>

        func validate(_ check: inout Validation) {
            check.locale(locale)
            check.object(metadata.setValue, field: "metadata", maximumBytes: Validation.metadataBytes)
        }
    }

    static let status = QueryParameter<ChatSession.Status>.choice("status", "sessions of this status only")

    func register(in table: inout EndpointTable) {
        table.group = "Sessions"
        opening.register(in: &table)
        table.get(
            "/api/v1/chat/sessions", summary: "Sessions, newest first", access: .staff(.sessionsRead),
            query: [Self.status.description] + Paging.parameters, response: ListView<SessionView>.self
        ) { call in
            var query = call.query
            let status = query[Self.status]
            let page = query.page(of: "sessions", ChatSession.self)
            try query.finish()
            let access = call.access
            let slice = try await store.read {
                try $0.sessions(status: status, after: page.position, limit: page.limit, by: access)
            }
            return Answer(ListView(slice, of: "sessions", ChatSession.self, views.identifiers, views.session))
        }
        table.get(
            "/api/v1/chat/sessions/{id}", summary: "A session", access: .contactOr(.sessionsRead),
            response: SessionView.self
        ) { call in
            let (id, access) = (try call.id(ChatSession.self), call.access)
            let session = try await store.read { try $0.session(id, by: access) }
            return Answer(views.session(session), tag: EntityTag(session))
        }
        table.edit(
            "/api/v1/chat/sessions/{id}", of: ChatSession.self, summary: "Change a session's language and metadata",
            access: .contactOr(.sessionsWrite), request: Edit.self, response: SessionView.self, problems: [.conflict],
            read: { try $0.session($1, by: $2) },
            check: { body, _ in Change(locale: body.locale.change, metadata: body.metadata.objectChange) },
            change: { try Self.apply($2, to: $1, in: $0, by: $3) }, view: { session, _ in views.session(session) })
        table.alsoNeeds(.sessionsRead)
        table.post(
            "/api/v1/chat/sessions/{id}/ticket", summary: "A single-use ticket for the session's socket",
            access: .contact, response: AuthRoutes.Ticket.self, status: .created, idempotency: .ignored
        ) { call in
            let (id, access, ticket) = (try call.id(ChatSession.self), call.access, RandomToken(.ticket))
            let digest = ticket.digest.bytes
            try await store.write { transaction in
                let session = try transaction.session(id, by: access)
                try transaction.issueTicket(digest, to: .session(session.id), in: session.workspaceId)
            }
            return Answer(AuthRoutes.Ticket(ticket: ticket.text))
        }
        table.remove(
            "/api/v1/chat/sessions/{id}", of: ChatSession.self, summary: "Close a session: its token and sockets die",
            access: .contactOr(.sessionsWrite), read: { try $0.session($1, by: $2) },
            remove: { try $0.closeSession($1, by: $2) })
        table.alsoNeeds(.sessionsRead)
    }

    private struct Change: Sendable {
        var locale: String??
        var metadata: JSONValue?
    }

    private static func apply(
        _ change: Change, to id: Identifier<ChatSession>, in transaction: Transaction, by access: Access
    ) throws -> ChatSession {
        do {
            return try transaction.updateSession(id, locale: change.locale, metadata: change.metadata, by: access)
        } catch Refusal.sessionOver where access.contact == nil {
            // It is not the token of staff that is over.
            throw Refusal.conflict("the session is over")
        }
    }
}
