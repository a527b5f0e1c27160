import Domain
import Storage
import Wire

/// Who did what in administration.
struct AuditRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker

    static let action = QueryParameter<AuditEntry.Action>.choice("action", "of this kind")
    static let actor = QueryParameter<Identifier<User>>.identifier("actor_id", "by this user")
    static let target = QueryParameter<AuditEntry.Target>.auditTarget("target_id", "about this, whatever it is")
    static let targetKind = QueryParameter<AuditEntry.Target.Kind>.choice("target_kind", "about something of this kind")
    static let since = QueryParameter.time("since", "from this time on")
    static let until = QueryParameter.time("until", "before this time")

    func register(in table: inout EndpointTable) {
        table.group = "Audit log"
        table.get(
            "/api/v1/admin/audit-log", summary: "Administrative changes and sign-ins, newest first",
            access: .staff(.auditRead),
            query: [
                Self.action.description, Self.actor.description, Self.target.description, Self.targetKind.description,
                Self.since.description, Self.until.description,
            ] + Paging.parameters, response: ListView<AuditEntryView>.self
        ) { call in
            let access = call.access
            var query = call.query
            var wanted = AuditFilter()
            wanted.action = query[Self.action]
            wanted.actor = query[Self.actor]
            wanted.target = query[Self.target]
            wanted.targetKind = query[Self.targetKind]
            wanted.since = query[Self.since]
            wanted.until = query[Self.until]
            let page = query.page(of: "audit", AuditEntry.self)
            try query.finish()
            let filter = wanted
            let slice = try await store.read {
                try $0.auditLog(filter, after: page.position, limit: page.limit, by: access)
            }
            return Answer(ListView(slice, of: "audit", AuditEntry.self, views.identifiers, views.auditEntry))
        }
    }
}
