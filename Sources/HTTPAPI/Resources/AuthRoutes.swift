import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// Signing in and out.
struct AuthRoutes: Sendable {
    let store: ChatStore
    let issue: LoginTokens
    let passwords: PasswordHasher
    let limits: RateLimits
    let lockout: Lockout?

    struct Credentials: Codable, Sendable, Validated {
        var email: String
        var password: String
        var workspace: String?

        func validate(_ check: inout Validation) {
            check.text(email, field: "email", scalars: 1...254)
            check.text(password, field: "password", scalars: 1...PasswordHasher.maximumPasswordBytes)
        }
    }

    struct RefreshToken: Codable, Sendable {
        var refreshToken: String
    }

    struct Ticket: Codable, Sendable {
        var ticket: String
        var expiresIn = Transaction.ticketSeconds
    }

    func register(in table: inout EndpointTable) {
        table.group = "Auth"
        table.open(
            post: "/api/v1/auth/login", limit: .signIn, summary: "Sign in with e-mail and password",
            request: Credentials.self, response: SignedIn.self, problems: [.invalidCredentials, .lockedOut]
        ) { body, call in
            Answer(try await signIn(body, call.incoming))
        }
        table.open(
            post: "/api/v1/auth/refresh", limit: .refresh, summary: "Exchange a refresh token for new tokens",
            request: RefreshToken.self, response: SignedIn.self,
            problems: [.unauthenticated, .tokenRevoked]
        ) { body, call in
            Answer(try await refresh(body.refreshToken, call.incoming.loginOrigin))
        }
        table.post(
            "/api/v1/auth/logout", summary: "Sign out: the tokens and sockets of this sign-in die", access: .user,
            response: NoContent.self, status: .noContent, idempotency: .ignored
        ) { call in
            guard let loginId = call.access.staff?.loginId else { throw Refusal.forbidden }
            let access = call.access
            do {
                try await store.write { try $0.endOwnLogin(loginId, by: access) }
            } catch Refusal.notFound {
                // It has ended between the check of the token and now.
            }
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

    /// Whatever is wrong, the answer is the same, and so is the work that it takes: nobody learns who has an account.
    private func signIn(_ credentials: Credentials, _ incoming: Incoming) async throws -> SignedIn {
        let (slug, source) = (credentials.workspace ?? Workspace.defaultSlug, incoming.client.rateKey)
        let (email, lockout) = (credentials.email, lockout)
        let attempt = LoginAttempt(workspace: slug, email: email, source: source)
        try limits.count(.login(account: TokenDigest(of: "\(slug)/\(User.emailKey(email))"), address: source))

        let (workspaceId, found) = try await store.read { snapshot in
            try snapshot.requireUnlocked(attempt, lockout)
            let workspace = try snapshot.workspace(slug: slug)
            return (workspace?.id, try workspace.flatMap { try snapshot.user(email: email, in: $0.id) })
        }
        let isRight = try await passwords.verify(credentials.password, against: found?.passwordHash)
        guard isRight, let found, found.user.status == .active else {
            let access = workspaceId.map { Access(workspaceId: $0, principal: .server, address: incoming.client.text) }
            let lockedOut = try await store.write {
                try $0.failSignIn(attempt, of: found?.user.id, lockout: lockout, by: access)
            }
            if let lockedOut { throw lockedOut }
            throw Problem(.invalidCredentials)
        }
        let newHash =
            passwords.needsRehash(found.passwordHash) ? try await passwords.hash(credentials.password) : nil
        let refreshToken = RandomToken(.refresh)
        let (digest, origin) = (refreshToken.digest.bytes, incoming.loginOrigin)
        do {
            let (user, login) = try await store.write {
                try $0.signIn(
                    found.user.id, verified: found.passwordHash, newHash: newHash, refreshDigest: digest,
                    attempt: attempt, lockout: lockout, from: origin)
            }
            return try await issue.signedIn(user, login, refreshToken)
        } catch Refusal.notFound {
            // Suspended, or given another password, while this one was being checked.
            throw Problem(.invalidCredentials)
        }
    }

    private func refresh(_ text: String, _ origin: LoginOrigin) async throws -> SignedIn {
        guard let token = RandomToken(.refresh, presented: text) else { throw Problem(.unauthenticated) }
        let next = RandomToken(.refresh)
        let (digest, nextDigest) = (token.digest.bytes, next.digest.bytes)
        switch try await store.write(run: { try $0.rotateRefreshToken(digest, to: nextDigest, from: origin) }) {
        case .rotated(let user, let login): return try await issue.signedIn(user, login, next)
        case .reused, .refused: throw Problem(.tokenRevoked)
        }
    }
}
