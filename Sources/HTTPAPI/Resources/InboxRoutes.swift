import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// The entrances of a workspace.
struct InboxRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    /// Names of the providers that there are.
    let providers: [String]

    struct New: Decodable, Sendable, Validated {
        var name: String
        /// Whether new conversations are answered by the assistant first; yes when not given.
        var aiEnabled: Bool?
        /// Origins whose pages may use it; all when none is given.
        var allowedOrigins: [String]?
        /// What a widget shows first.
        var greeting: String?
        /// Languages that it serves, the preferred one first.
        var languages: [String]?
        /// Names of providers in the order in which they are asked; the workspace's order when none is given.
        var aiProviders: [String]?
        /// The team to which the assistant hands over; the queue when none is given.
        var handoffTeamId: String?

        func validate(_ check: inout Validation) {
            check.text(name, field: "name", scalars: FieldRules.name)
            check.providers(aiProviders, field: "ai_providers")
            InboxRoutes.validate(allowedOrigins, greeting, languages, &check)
        }
    }

    struct Edit: Decodable, Sendable, Validated {
        var name: Patch<String>
        var aiEnabled: Patch<Bool>
        var allowedOrigins: Patch<[String]>
        var greeting: Patch<String>
        var languages: Patch<[String]>
        var aiProviders: Patch<[String]>
        var handoffTeamId: Patch<String>

        func validate(_ check: inout Validation) {
            check.present(name, field: "name")
            check.present(aiEnabled, field: "ai_enabled")
            check.present(languages, field: "languages")
            check.text(name, field: "name", scalars: FieldRules.name)
            check.providers(aiProviders.applied(to: nil), field: "ai_providers")
            InboxRoutes.validate(
                allowedOrigins.applied(to: nil), greeting.applied(to: nil), languages.applied(to: nil), &check)
        }
    }

    private static let path = "/api/v1/admin/inboxes"

    func register(in table: inout EndpointTable) {
        table.group = "Inboxes"
        table.get(
            Self.path, summary: "Inboxes, newest first", access: .staff(.inboxesRead), query: Paging.parameters,
            response: ListView<InboxView>.self
        ) { call in
            let access = call.access
            var query = call.query
            let page = query.page(of: "inboxes", Inbox.self)
            try query.finish()
            let slice = try await store.read { try $0.inboxes(after: page.position, limit: page.limit, by: access) }
            return Answer(ListView(slice, of: "inboxes", Inbox.self, views.identifiers, views.inbox))
        }
        table.post(
            Self.path, summary: "Add an inbox; its secret is shown only now", access: .staff(.inboxesWrite),
            request: New.self, response: InboxSecretView.self, status: .created, problems: [.conflict],
            idempotency: .answerShownOnce
        ) { body, call in
            let (patch, access) = (try patch(body), call.access)
            let (key, secret) = (InboxKeys.publicKey(), InboxKeys.secret())
            let inbox = try await store.write {
                try $0.createInbox(patch, name: body.name, key: key, secret: Array(secret.utf8), by: access)
            }
            return Answer(views.inbox(inbox, secret: secret), tag: EntityTag(inbox))
        }
        table.get(
            Self.path + "/{id}", summary: "An inbox", access: .staff(.inboxesRead), response: InboxView.self
        ) { call in
            let (id, access) = (try call.id(Inbox.self), call.access)
            let inbox = try await store.read { try $0.inbox(id, by: access) }
            return Answer(views.inbox(inbox), tag: EntityTag(inbox))
        }
        table.edit(
            Self.path + "/{id}", of: Inbox.self, summary: "Change an inbox", access: .staff(.inboxesWrite),
            request: Edit.self, response: InboxView.self,
            read: { try $0.liveInbox($1, in: $2.workspaceId) }, check: { body, _ in try patch(body) },
            change: { try $0.updateInbox($1, $2, by: $3) }, view: { inbox, _ in views.inbox(inbox) })
        table.remove(
            Self.path + "/{id}", of: Inbox.self,
            summary: "Delete an inbox: it takes no new sessions, and its conversations stay",
            access: .staff(.inboxesWrite), problems: [.conflict],
            lock: { call, _ in Workspace.lock(on: call.access.workspaceId) },
            read: { try $0.liveInbox($1, in: $2.workspaceId) }, remove: { try $0.deleteInbox($1, by: $2) })
        table.post(
            Self.path + "/{id}/secret",
            summary: "Give an inbox a new secret, shown only now. The one before is good for 24 hours more; rotating "
                + "twice ends it at once",
            access: .staff(.inboxesWrite), response: InboxSecretView.self, idempotency: .answerShownOnce
        ) { call in
            let (id, access, secret) = (try call.id(Inbox.self), call.access, InboxKeys.secret())
            let inbox = try await store.write {
                try $0.rotateInboxSecret(id, to: Array(secret.utf8), by: access)
            }
            return Answer(views.inbox(inbox, secret: secret), tag: EntityTag(inbox))
        }
    }

    private func patch(_ new: New) throws(ValidationProblems) -> InboxPatch {
        var check = Validation()
        new.validate(&check)
        check.known(new.aiProviders, of: providers, field: "ai_providers")
        var patch = InboxPatch()
        patch.handoffTeamId = team(new.handoffTeamId, &check).map { .some($0) }
        try check.finish()
        if let providers = new.aiProviders { patch.providers = .some(providers) }
        patch.isAIEnabled = new.aiEnabled
        patch.allowedOrigins = new.allowedOrigins.map(Self.origins)
        if let greeting = new.greeting { patch.greeting = .some(greeting) }
        patch.languages = new.languages
        return patch
    }

    /// The team behind a public id.
    private func team(_ text: String?, _ check: inout Validation) -> Identifier<Team>? {
        guard let text else { return nil }
        let id = views.identifiers.identifier(text, of: Team.self)
        if id == nil { check.reject("handoff_team_id", code: "not_found", message: "no such team") }
        return id
    }

    private func patch(_ edit: Edit) throws(ValidationProblems) -> InboxPatch {
        var patch = InboxPatch()
        patch.name = try edit.name.requiredValue(field: "name")
        patch.isAIEnabled = try edit.aiEnabled.requiredValue(field: "ai_enabled")
        patch.allowedOrigins =
            edit.allowedOrigins.isAbsent ? nil : Self.origins(edit.allowedOrigins.applied(to: nil) ?? [])
        patch.greeting = edit.greeting.change
        patch.languages = try edit.languages.requiredValue(field: "languages")
        var check = Validation()
        edit.validate(&check)
        check.known(edit.aiProviders.applied(to: nil), of: providers, field: "ai_providers")
        patch.providers = edit.aiProviders.change
        if !edit.handoffTeamId.isAbsent {
            patch.handoffTeamId = .some(team(edit.handoffTeamId.applied(to: nil), &check))
        }
        try check.finish()
        return patch
    }

    fileprivate static func validate(
        _ allowedOrigins: [String]?, _ greeting: String?, _ languages: [String]?, _ check: inout Validation
    ) {
        check.note(.items(maximum: FieldRules.maximumOrigins), of: "allowed_origins")
        for (index, text) in (allowedOrigins ?? []).prefix(FieldRules.maximumOrigins + 1).enumerated() {
            if index == FieldRules.maximumOrigins {
                check.reject(
                    "allowed_origins", code: "too_many", message: "must have at most \(index) items")
            } else if PageOrigin(text) == nil {
                check.reject(
                    "allowed_origins[\(index)]", code: "invalid_origin",
                    message: "must be a scheme, a host and perhaps a port, such as https://shop.example")
            }
        }
        check.text(greeting, field: "greeting", scalars: FieldRules.greeting)
        check.note(.items(minimum: 1, maximum: FieldRules.maximumLanguages), of: "languages")
        check.note(.locale, of: "languages[]")
        check.note(.distinct, of: "languages")
        guard let languages else { return }
        if languages.isEmpty {
            check.reject("languages", code: "required", message: "must name a language at least")
        } else if languages.count > FieldRules.maximumLanguages {
            check.reject(
                "languages", code: "too_many", message: "must have at most \(FieldRules.maximumLanguages) items")
        } else {
            for (index, language) in languages.enumerated() {
                check.locale(language, field: "languages[\(index)]")
                if languages.prefix(index).contains(where: { $0.lowercased() == language.lowercased() }) {
                    check.reject("languages[\(index)]", code: "duplicate", message: "is named twice")
                }
            }
        }
    }

    /// As browsers write them, each once.
    private static func origins(_ texts: [String]) -> [String] {
        var known: Set<String> = []
        return texts.compactMap { PageOrigin($0)?.text }.filter { known.insert($0).inserted }
    }
}

extension Inbox: Editable {
    var entityTag: EntityTag {
        EntityTag(fields: [
            name, String(isAIEnabled), allowedOrigins.joined(separator: " "), greeting,
            languages.joined(separator: " "), providers?.joined(separator: " "),
            handoffTeamId.map { String($0.rawValue) },
        ])
    }
}
