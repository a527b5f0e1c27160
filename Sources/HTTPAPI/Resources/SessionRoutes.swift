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

    struct Edit: Decodable, Sendable {
        var locale: Patch<String>
        var metadata: Patch<JSONValue>
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
        table.patch(
            "/api/v1/chat/sessions/{id}", summary: "Change a session's language and metadata",
            access: .contactOr(.sessionsWrite), request: Edit.self, response: SessionView.self, problems: [.conflict]
        ) { body, call in
            try await edit(body, call)
        }
        table.post(
            "/api/v1/chat/sessions/{id}/ticket", summary: "A single-use ticket for the session's socket",
            access: .contact, response: AuthRoutes.Ticket.self, status: .created
        ) { call in
            let (id, access, ticket) = (try call.id(ChatSession.self), call.access, RandomToken(.ticket))
            let digest = ticket.digest.bytes
            try await store.write { transaction in
                let session = try transaction.session(id, by: access)
                try transaction.issueTicket(digest, to: .session(session.id), in: session.workspaceId)
            }
            return Answer(AuthRoutes.Ticket(ticket: ticket.text))
        }
        table.delete(
            "/api/v1/chat/sessions/{id}", summary: "Close a session: its token and sockets die",
            access: .contactOr(.sessionsWrite)
        ) { call in
            let (id, access) = (try call.id(ChatSession.self), call.access)
            try await store.write { try $0.closeSession(id, by: access) }
            return .done
        }
    }

    private func edit(_ body: Edit, _ call: Call) async throws -> Answer<SessionView> {
        var check = Validation()
        check.locale(body.locale)
        check.object(body.metadata.setValue, field: "metadata", maximumBytes: Validation.metadataBytes)
        try check.finish()
        let metadata = body.metadata.objectChange
        let (id, access, precondition) = (try call.id(ChatSession.self), call.access, call.precondition)
        do {
            let session = try await store.write { transaction in
                try transaction.lock(id)
                try precondition.check(EntityTag(transaction.session(id, by: access)))
                return try transaction.updateSession(id, locale: body.locale.change, metadata: metadata, by: access)
            }
            return Answer(views.session(session), tag: EntityTag(session))
        } catch Refusal.sessionOver where access.contact == nil {
            // It is not the token of staff that is over.
            throw Problem(.conflict, detail: "the session is over")
        }
    }
}
