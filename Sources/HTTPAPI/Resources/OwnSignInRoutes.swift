import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// What users do about their own password and their own sign-ins. Programs with an API key may not.
struct OwnSignInRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let passwords: PasswordHasher
    let limits: RateLimits
    let lockout: Lockout?

    struct NewPassword: Codable, Sendable, Validated {
        var currentPassword: String
        var newPassword: String

        func validate(_ check: inout Validation) {
            check.text(currentPassword, field: "current_password", scalars: 1...PasswordHasher.maximumPasswordBytes)
            check.text(newPassword, field: "new_password", scalars: 1...PasswordHasher.maximumPasswordBytes)
        }
    }

    /// Not 401, by which clients understand that their token is over.
    private static let wrongPassword = FieldProblem(
        field: "current_password", code: "wrong_password", message: "is not the current password")

    func register(in table: inout EndpointTable) {
        table.group = "Users"
        table.post(
            "/api/v1/users/me/password",
            summary: "Change one's own password: other sign-ins end. A wrong current one is 422 `wrong_password`",
            access: .user, request: NewPassword.self, response: NoContent.self, status: .noContent,
            problems: [.conflict, .lockedOut]
        ) { body, call in
            try await change(body, call)
            return .done
        }
        table.get(
            "/api/v1/users/me/sessions", summary: "Where one is signed in, newest first", access: .user,
            query: Paging.parameters, response: ListView<LoginView>.self
        ) { call in
            let (staff, loginId) = try Self.signedIn(call)
            var query = call.query
            let page = query.page(of: "logins", Login.self)
            try query.finish()
            let workspaceId = call.access.workspaceId
            let slice = try await store.read {
                try $0.logins(of: staff.userId, in: workspaceId, after: page.position, limit: page.limit)
            }
            return Answer(
                ListView(slice, of: "logins", Login.self, views.identifiers) { views.login($0, current: loginId) })
        }
        table.delete(
            "/api/v1/users/me/sessions/{id}", summary: "End one of one's own sign-ins: its tokens and sockets die",
            access: .user
        ) { call in
            _ = try Self.signedIn(call)
            let (id, access) = (try call.id(Login.self), call.access)
            try await store.write { try $0.endOwnLogin(id, by: access) }
            return .done
        }
    }

    private static func signedIn(
        _ call: Call
    ) throws(Refusal) -> (staff: Access.StaffPrincipal, loginId: Identifier<Login>) {
        guard let staff = call.access.staff, let loginId = staff.loginId else { throw .forbidden }
        return (staff, loginId)
    }

    private func change(_ new: NewPassword, _ call: Call) async throws {
        let (staff, _) = try Self.signedIn(call)
        var check = Validation()
        new.validate(&check)
        try check.finish()
        let (access, lockout, source) = (call.access, lockout, call.incoming.client.rateKey)
        let account = try await store.read { snapshot in
            let account = try snapshot.ownAccount(from: source, by: access)
            try snapshot.requireUnlocked(account.attempt, lockout)
            return account
        }
        if let digest = TokenDigest(bytes: account.attempt.account) {
            try limits.count(.login(account: digest, address: source))
        }
        let rules = staff.role.isStaff ? PasswordRules.staff : PasswordRules.customer
        if let problem = rules.problem(with: new.newPassword, email: account.email, field: "new_password") {
            throw ValidationProblems([problem])
        }
        if new.newPassword == new.currentPassword {
            throw ValidationProblems(field: "new_password", code: "unchanged", message: "must be another one")
        }
        guard try await passwords.verify(new.currentPassword, against: account.passwordHash) else {
            // Not the request's command: there is nothing that a repetition should be told.
            let lockedOut = try await IdempotencyClaim.$current.withValue(nil) {
                try await store.write {
                    try $0.failSignIn(account.attempt, of: staff.userId, lockout: lockout, by: access)
                }
            }
            if let lockedOut { throw lockedOut }
            throw ValidationProblems([Self.wrongPassword])
        }
        let hash = try await passwords.hash(new.newPassword)
        try await store.write {
            try $0.changeOwnPassword(
                verified: account.passwordHash, to: hash, attempt: account.attempt, lockout: lockout, by: access)
        }
    }
}
