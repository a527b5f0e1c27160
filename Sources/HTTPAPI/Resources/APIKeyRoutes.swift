import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// Credentials for programs.
struct APIKeyRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let clock: any WallClock

    struct New: Decodable, Sendable, Validated {
        var name: String
        /// Such as `conversations:read` or `messages:write:team`; never more than the caller may.
        var permissions: [String]
        var expiresAt: Timestamp?

        func validate(_ check: inout Validation) {
            check.text(name, field: "name", scalars: FieldRules.name)
            check.permissions(permissions, field: "permissions")
            check.note(.items(minimum: 1, maximum: Validation.maximumPermissions), of: "permissions")
            if permissions.isEmpty {
                check.reject("permissions", code: "required", message: "must name one permission at least")
            }
        }
    }

    struct Edit: Decodable, Sendable, Validated {
        var name: Patch<String>

        func validate(_ check: inout Validation) {
            check.present(name, field: "name")
            check.text(name, field: "name", scalars: FieldRules.name)
        }
    }

    private static let path = "/api/v1/admin/api-keys"
    private static let key = path + "/{id}"

    func register(in table: inout EndpointTable) {
        table.group = "API keys"
        table.get(
            Self.path, summary: "API keys, newest first", access: .staff(.apiKeysRead), query: Paging.parameters,
            response: ListView<APIKeyView>.self
        ) { call in
            let access = call.access
            var query = call.query
            let page = query.page(of: "api_keys", APIKey.self)
            try query.finish()
            let slice = try await store.read {
                try $0.apiKeys(after: page.position, limit: page.limit, by: access)
            }
            return Answer(ListView(slice, of: "api_keys", APIKey.self, views.identifiers, views.apiKey))
        }
        table.post(
            Self.path, summary: "Make an API key, which is shown this once", access: .staff(.apiKeysWrite),
            request: New.self, response: NewAPIKeyView.self, status: .created, problems: [.conflict],
            // A kept answer would be the key, in clear.
            idempotency: .ignored
        ) { body, call in
            let grants = try grants(of: body)
            let (token, access) = (RandomToken(.apiKey), call.access)
            let digest = token.digest.bytes
            let key = try await store.write {
                try $0.createAPIKey(
                    name: body.name, grants: grants, expiresAt: body.expiresAt, digest: digest, by: access)
            }
            return Answer(views.newAPIKey(key, text: token.text), tag: EntityTag(key))
        }
        table.get(
            Self.key, summary: "An API key", access: .staff(.apiKeysRead), response: APIKeyView.self
        ) { call in
            let (id, access) = (try call.id(APIKey.self), call.access)
            let key = try await store.read { try $0.apiKey(id, by: access) }
            return Answer(views.apiKey(key), tag: EntityTag(key))
        }
        table.edit(
            Self.key, of: APIKey.self, summary: "Rename an API key", access: .staff(.apiKeysWrite),
            request: Edit.self, response: APIKeyView.self, read: { try $0.apiKey($1, forWritingBy: $2) },
            check: { body, _ in body.name.applied(to: nil) },
            change: { transaction, id, name, access in
                guard let name else { return try transaction.apiKey(id, forWritingBy: access) }
                return try transaction.renameAPIKey(id, to: name, by: access)
            }, view: { key, _ in views.apiKey(key) })
        table.remove(
            Self.key, of: APIKey.self, summary: "Revoke an API key: it opens nothing any more, and its sockets die",
            access: .staff(.apiKeysWrite), read: { try $0.apiKey($1, forWritingBy: $2) },
            remove: { try $0.revokeAPIKey($1, by: $2) })
    }

    private func grants(of new: New) throws(ValidationProblems) -> Grants {
        var check = Validation()
        if let end = new.expiresAt, end <= clock.now() {
            check.reject("expires_at", code: "out_of_range", message: "must lie in the future")
        }
        try check.finish()
        return Grants(new.permissions.compactMap { Permission($0) })
    }
}

extension APIKey: Editable {
    var entityTag: EntityTag { EntityTag(fields: [name]) }
}
