import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// Signing in and out.
struct AuthRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let tokens: TokenAuthority
    let passwords: PasswordHasher
    let limits: RateLimits

    struct Credentials: Decodable, Sendable {
        var email: String
        var password: String
        var workspace: String?
    }

    struct RefreshToken: Decodable, Sendable {
        var refreshToken: String
    }

    struct SignedIn: Encodable, Sendable {
        var user: UserView
        var accessToken: String
        var refreshToken: String
        var tokenType = "bearer"
        var expiresIn = TokenAuthority.accessSeconds
    }

    struct Ticket: Encodable, Sendable {
        var ticket: String
        var expiresIn = Transaction.ticketSeconds
    }

    func register(in table: inout EndpointTable) {
        table.group = "Auth"
        table.open(
            post: "/api/v1/auth/login", summary: "Sign in with e-mail and password", request: Credentials.self,
            response: SignedIn.self, problems: [.invalidCredentials, .rateLimited]
        ) { body, call in
            Answer(try await signIn(body, from: call.incoming.client))
        }
        table.open(
            post: "/api/v1/auth/refresh", summary: "Exchange a refresh token for new tokens",
            request: RefreshToken.self, response: SignedIn.self,
            problems: [.unauthenticated, .tokenRevoked]
        ) { body, _ in
            Answer(try await refresh(body.refreshToken))
        }
        table.post(
            "/api/v1/auth/logout", summary: "Sign out: the tokens and sockets of this sign-in die", access: .user,
            response: NoContent.self, status: .noContent, idempotency: .ignored
        ) { call in
            guard let loginId = call.access.staff?.loginId else { throw Refusal.forbidden }
            try await store.write { try $0.revokeLogin(loginId) }
            return .done
        }
        table.post(
            "/api/v1/auth/ticket", summary: "A single-use ticket for the staff socket", access: .staff(nil),
            response: Ticket.self, status: .created, idempotency: .ignored
        ) { call in
            guard let staff = call.access.staff else { throw Refusal.forbidden }
            // A key that opens the socket itself needs no ticket for it.
            guard let loginId = staff.loginId else { throw Refusal.forbidden }
            let ticket = RandomToken(.ticket)
            let (digest, workspaceId) = (ticket.digest.bytes, call.access.workspaceId)
            try await store.write {
                try $0.issueTicket(digest, to: .login(loginId, userId: staff.userId), in: workspaceId)
            }
            return Answer(Ticket(ticket: ticket.text))
        }
    }

    /// Whatever is wrong, the answer is the same, and so is the time that it takes: nobody learns who has an account.
    private func signIn(_ credentials: Credentials, from client: ClientAddress) async throws -> SignedIn {
        var check = Validation()
        check.text(credentials.email, field: "email", scalars: 1...254)
        check.text(credentials.password, field: "password", scalars: 1...PasswordHasher.maximumPasswordBytes)
        try check.finish()
        let slug = credentials.workspace ?? Workspace.defaultSlug
        let account = TokenDigest(of: "\(slug)/\(User.emailKey(credentials.email))")
        try limits.count(.login(account: account, address: client.rateKey))

        let found = try await store.read { snapshot -> (user: User, passwordHash: String)? in
            guard let workspace = try snapshot.workspace(slug: slug) else { return nil }
            return try snapshot.user(email: credentials.email, in: workspace.id)
        }
        let isRight = try await passwords.verify(credentials.password, against: found?.passwordHash)
        guard isRight, let found, found.user.status == .active else { throw Problem(.invalidCredentials) }
        let newHash =
            passwords.needsRehash(found.passwordHash) ? try await passwords.hash(credentials.password) : nil
        let refreshToken = RandomToken(.refresh)
        let digest = refreshToken.digest.bytes
        let (user, login) = try await store.write { transaction in
            if let newHash {
                try transaction.rehashPassword(of: found.user.id, hash: newHash, replacing: found.passwordHash)
            }
            do {
                return try transaction.beginLogin(of: found.user.id, refreshDigest: digest)
            } catch Refusal.notFound {
                // Suspended while the password was being checked.
                throw Problem(.invalidCredentials)
            }
        }
        return try await signedIn(user, login, refreshToken)
    }

    private func refresh(_ text: String) async throws -> SignedIn {
        guard let token = RandomToken(.refresh, presented: text) else { throw Problem(.unauthenticated) }
        let next = RandomToken(.refresh)
        let (digest, nextDigest) = (token.digest.bytes, next.digest.bytes)
        switch try await store.write(run: { try $0.rotateRefreshToken(digest, to: nextDigest) }) {
        case .rotated(let user, let login): return try await signedIn(user, login, next)
        case .reused, .refused: throw Problem(.tokenRevoked)
        }
    }

    private func signedIn(_ user: User, _ login: Login, _ refreshToken: RandomToken) async throws -> SignedIn {
        let accessToken = try await tokens.accessToken(
            userId: views.identifiers.text(user.id), workspaceId: views.identifiers.text(user.workspaceId),
            role: user.role.name, accessVersion: user.accessVersion, familyId: views.identifiers.text(login.id))
        return SignedIn(user: views.user(user), accessToken: accessToken, refreshToken: refreshToken.text)
    }
}
