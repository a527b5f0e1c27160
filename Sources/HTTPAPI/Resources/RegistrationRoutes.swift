import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// `POST /auth/register`: how somebody gets an account without asking staff, or with an invitation of theirs.
struct RegistrationRoutes: Sendable {
    let store: ChatStore
    let issue: LoginTokens
    let passwords: PasswordHasher
    let policy: HTTPSettings.Registration

    struct New: Codable, Sendable, Validated {
        var email: String
        var password: String
        var name: String
        var workspace: String?
        /// Token of an invitation; needed where only invited people may register.
        var invitation: String?

        func validate(_ check: inout Validation) {
            check.email(email, field: "email")
            check.text(password, field: "password", scalars: 1...PasswordHasher.maximumPasswordBytes)
            check.text(name, field: "name", scalars: FieldRules.name)
            check.text(invitation, field: "invitation", scalars: 1...100)
        }
    }

    func register(in table: inout EndpointTable) {
        table.group = "Auth"
        table.open(
            post: "/api/v1/auth/register", limit: .registration, summary: "Make an account and sign in",
            request: New.self, response: SignedIn.self, status: .created,
            problems: [.forbidden, .notFound, .emailTaken]
        ) { body, call in
            Answer(try await register(body, call.incoming))
        }
    }

    private func register(_ new: New, _ incoming: Incoming) async throws -> SignedIn {
        guard policy != .closed else { throw Problem(.forbidden, detail: "nobody can register here") }
        var check = Validation()
        new.validate(&check)
        if policy == .invite, new.invitation == nil {
            check.reject("invitation", code: "required", message: "must be given: registration is by invitation")
        }
        try check.finish()
        let slug = new.workspace ?? Workspace.defaultSlug
        let invitation = try new.invitation.map { text in
            guard let token = RandomToken(.invitation, presented: text) else {
                throw ValidationProblems([Invitation.problem])
            }
            return token.digest.bytes
        }
        let (workspaceId, role) = try await store.read { snapshot -> (Identifier<Workspace>, Role) in
            guard let workspace = try snapshot.workspace(slug: slug) else { throw Refusal.notFound }
            guard let invitation else { return (workspace.id, .customer) }
            guard let open = try snapshot.openInvitation(invitation, for: new.email, in: workspace.id) else {
                throw ValidationProblems([Invitation.problem])
            }
            return (workspace.id, open.role)
        }
        let rules = role.isStaff ? PasswordRules.staff : PasswordRules.customer
        if let problem = rules.problem(with: new.password, email: new.email) { throw ValidationProblems([problem]) }
        // Before anybody looks whether the e-mail is taken, so that the one costs as much as the other.
        let hash = try await passwords.hash(new.password)
        let refreshToken = RandomToken(.refresh)
        let registration = Registration(
            email: new.email, name: new.name, passwordHash: hash, invitation: invitation,
            refreshDigest: refreshToken.digest.bytes, origin: incoming.loginOrigin)
        let (user, login) = try await store.write { try $0.register(registration, in: workspaceId) }
        return try await issue.signedIn(user, login, refreshToken)
    }
}
