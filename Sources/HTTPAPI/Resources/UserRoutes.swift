import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// Accounts as admins handle them.
struct UserRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let passwords: PasswordHasher

    struct New: Codable, Sendable, Validated {
        var email: String
        var name: String
        /// At least 10 characters for staff, 8 for customers, and none of those that are tried first.
        var password: String
        /// Name of a role that goes in nothing beyond one's own rights.
        var role: String
        var locale: String?

        func validate(_ check: inout Validation) {
            check.email(email, field: "email")
            check.text(name, field: "name", scalars: FieldRules.name)
            check.text(password, field: "password", scalars: UserRoutes.password)
            check.text(role, field: "role", scalars: RoleRoutes.name)
            check.locale(locale)
        }
    }

    struct Edit: Decodable, Sendable, Validated {
        var name: Patch<String>
        var email: Patch<String>
        /// Name of a role that goes in nothing beyond one's own rights.
        var role: Patch<String>
        var status: Patch<User.Status>
        var locale: Patch<String>

        func validate(_ check: inout Validation) {
            check.present(name, field: "name")
            check.present(email, field: "email")
            check.present(role, field: "role")
            check.present(status, field: "status")
            check.text(name, field: "name", scalars: FieldRules.name)
            check.email(email.applied(to: nil), field: "email")
            check.text(role, field: "role", scalars: RoleRoutes.name)
            check.locale(locale)
        }
    }

    struct NewPassword: Codable, Sendable, Validated {
        var password: String

        func validate(_ check: inout Validation) {
            check.text(password, field: "password", scalars: UserRoutes.password)
        }
    }

    /// What is hashed at all; ``PasswordRules`` ask for more.
    static let password = 1...PasswordHasher.maximumPasswordBytes
    static let role = QueryParameter.text("role", maximum: RoleRoutes.name.upperBound, "with the role of this name")
    static let status = QueryParameter<User.Status>.choice("status", "in this state")
    static let text = QueryParameter.text("q", "with this in name or e-mail")
    static let team = QueryParameter<Identifier<Team>>.identifier("team_id", "members of this team")

    private static let path = "/api/v1/admin/users"
    private static let user = path + "/{id}"

    func register(in table: inout EndpointTable) {
        table.group = "Users"
        registerUsers(in: &table)
        registerPasswordAndSessions(in: &table)
    }

    private func registerUsers(in table: inout EndpointTable) {
        table.get(
            Self.path, summary: "Users, newest first", access: .staff(.usersRead),
            query: [Self.role.description, Self.status.description, Self.text.description, Self.team.description]
                + Paging.parameters, response: ListView<UserView>.self
        ) { call in
            let access = call.access
            var query = call.query
            var wanted = UserFilter()
            wanted.role = query[Self.role]
            wanted.status = query[Self.status]
            wanted.text = query[Self.text]
            wanted.team = query[Self.team]
            let page = query.page(of: "users", User.self)
            try query.finish()
            let filter = wanted
            let slice = try await store.read {
                try $0.users(filter, after: page.position, limit: page.limit, by: access)
            }
            return Answer(ListView(slice, of: "users", User.self, views.identifiers, views.user))
        }
        table.post(
            Self.path, summary: "Add a user", access: .staff(.usersWrite), request: New.self, response: UserView.self,
            status: .created, problems: [.emailTaken]
        ) { body, call in
            try await add(body, call)
        }
        table.get(
            Self.user, summary: "A user", access: .staff(.usersRead), response: UserView.self
        ) { call in
            let (id, access) = (try call.id(User.self), call.access)
            let user = try await store.read { try $0.user(id, by: access) }
            return Answer(views.user(user), tag: EntityTag(user))
        }
        table.edit(
            Self.user, of: User.self,
            summary:
                "Change a user; with another role or status all tokens and sockets end, everywhere within a second",
            access: .staff(.usersWrite), request: Edit.self, response: UserView.self,
            problems: [.conflict, .emailTaken],
            lock: { call, _ in Workspace.lock(on: call.access.workspaceId) }, read: { try $0.user($1, by: $2) },
            check: { body, call in
                let patch = try Self.patch(body)
                // Whoever goes leaves nothing behind.
                if patch.status == .suspended || patch.role == Role.customer.name {
                    try await releaseAhead(of: try call.id(User.self), call)
                }
                return patch
            }, change: { try $0.updateUser($1, $2, by: $3) }, view: { user, _ in views.user(user) })
        table.alsoNeeds(.usersRead)
        table.delete(
            Self.user, summary: "Delete a user; the name stays in what they said and did", access: .staff(.usersWrite),
            problems: [.conflict, .preconditionFailed]
        ) { call in
            let (id, access, precondition) = (try call.id(User.self), call.access, call.precondition)
            try await releaseAhead(of: id, call)
            try await store.write(locking: Workspace.lock(on: access.workspaceId)) { transaction in
                try precondition.check(EntityTag(transaction.user(id, by: access)))
                try transaction.deleteUser(id, by: access)
            }
            return .done
        }
        table.alsoNeeds(.usersRead)
    }

    private func registerPasswordAndSessions(in table: inout EndpointTable) {
        table.post(
            Self.user + "/password", summary: "Set a user's password; all their sign-ins end",
            access: .staff(.usersWrite), request: NewPassword.self, response: NoContent.self, status: .noContent,
            problems: [.conflict]
        ) { body, call in
            let (id, access) = (try call.id(User.self), call.access)
            let user = try await store.read { try $0.administrable(id, by: access) }
            try Self.require(body.password, of: user.email, isStaff: user.role.isStaff)
            let hash = try await passwords.hash(body.password)
            try await store.write { try $0.resetPassword(of: id, hash: hash, by: access) }
            return .done
        }
        table.alsoNeeds(.usersRead)
        table.get(
            Self.user + "/sessions", summary: "Where a user is signed in, newest first", access: .staff(.usersRead),
            query: Paging.parameters, response: ListView<LoginView>.self
        ) { call in
            let (id, access) = (try call.id(User.self), call.access)
            var query = call.query
            let page = query.page(of: "logins", Login.self)
            try query.finish()
            let slice = try await store.read { snapshot in
                let user = try snapshot.user(id, by: access)
                return try snapshot.logins(
                    of: user.id, in: user.workspaceId, after: page.position, limit: page.limit)
            }
            let current = access.staff?.loginId
            return Answer(
                ListView(slice, of: "logins", Login.self, views.identifiers) { views.login($0, current: current) })
        }
        table.delete(
            Self.user + "/sessions/{session_id}", summary: "End a sign-in of a user", access: .staff(.usersWrite)
        ) { call in
            let (id, loginId) = (try call.id(User.self), try call.id(Login.self, in: "session_id"))
            let access = call.access
            try await store.write { try $0.endLogin(loginId, of: id, by: access) }
            return .done
        }
        table.alsoNeeds(.usersRead)
        table.delete(
            Self.user + "/sessions", summary: "End all sign-ins of a user", access: .staff(.usersWrite)
        ) { call in
            let (id, access) = (try call.id(User.self), call.access)
            try await store.write { try $0.endLogins(of: id, by: access) }
            return .done
        }
        table.alsoNeeds(.usersRead)
    }

    private func add(_ body: New, _ call: Call) async throws -> Answer<UserView> {
        try Self.require(body.password, of: body.email, isStaff: body.role != Role.customer.name)
        let access = call.access
        let hash = try await passwords.hash(body.password)
        let user = try await store.write {
            try $0.addUser(
                UserDraft(
                    email: body.email, name: body.name, passwordHash: hash, role: body.role, locale: body.locale),
                by: access)
        }
        return Answer(views.user(user), tag: EntityTag(user))
    }

    /// Somebody with very many conversations gives them back before the change, in several steps.
    private func releaseAhead(of id: Identifier<User>, _ call: Call) async throws {
        let (access, precondition) = (call.access, call.precondition)
        try await store.releaseAhead(.agent(id), by: access) { transaction in
            try transaction.lockAccounts(of: access.workspaceId)
            try precondition.check(EntityTag(transaction.user(id, by: access)))
            try transaction.dismissible(id, by: access)
        }
    }

    private static func patch(_ edit: Edit) throws(ValidationProblems) -> UserPatch {
        var patch = UserPatch()
        patch.name = try edit.name.requiredValue(field: "name")
        patch.email = try edit.email.requiredValue(field: "email")
        patch.role = try edit.role.requiredValue(field: "role")
        patch.status = try edit.status.requiredValue(field: "status")
        patch.locale = edit.locale.change
        return patch
    }

    private static func require(_ password: String, of email: String, isStaff: Bool) throws(ValidationProblems) {
        let rules = isStaff ? PasswordRules.staff : PasswordRules.customer
        if let problem = rules.problem(with: password, email: email) { throw ValidationProblems([problem]) }
    }
}
