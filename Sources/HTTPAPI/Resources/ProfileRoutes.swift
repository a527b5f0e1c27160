import Domain
import Storage
import Wire

/// What users see and change of themselves.
struct ProfileRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker

    struct Edit: Decodable, Sendable, Validated {
        var name: Patch<String>
        var locale: Patch<String>

        func validate(_ check: inout Validation) {
            check.present(name, field: "name")
            check.text(name, field: "name", scalars: FieldRules.name)
            check.locale(locale)
        }
    }

    func register(in table: inout EndpointTable) {
        table.group = "Users"
        table.get(
            "/api/v1/users/me", summary: "The signed-in user", access: .user, response: UserView.self
        ) { call in
            let id = try userId(call)
            let user = try await store.lookUp { try $0.user(id) }
            guard let user else { throw Refusal.notFound }
            var view = views.user(user)
            // By an API key, less than the user may.
            if let staff = call.access.staff { view.permissions = staff.grants.texts }
            return Answer(view, tag: EntityTag(user))
        }
        table.isBrief()
        table.edit(
            "/api/v1/users/me", of: User.self, summary: "Change one's own name and language", access: .user,
            request: Edit.self, response: UserView.self,
            id: { call in
                // Whose name it is, is no business of a program's.
                _ = try call.access.requireLogin()
                return try userId(call)
            },
            read: { transaction, id, _ in
                guard let user = try transaction.user(id) else { throw Refusal.notFound }
                return user
            },
            check: { body, _ in (name: body.name.applied(to: nil), locale: body.locale.change) },
            change: { transaction, id, change, _ in
                try transaction.updateOwnProfile(id, name: change.name, locale: change.locale)
            }, view: { user, _ in views.user(user) })
    }

    private func userId(_ call: Call) throws(Refusal) -> Identifier<User> {
        guard let id = call.access.staff?.userId else { throw .forbidden }
        return id
    }
}
