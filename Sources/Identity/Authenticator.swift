public import Domain
public import Storage
public import Wire

/// Why credentials were not accepted: 401 with the code of the same name.
public enum AuthenticationFailure: Error, Hashable, Sendable {
    /// None, or nothing that this installation made.
    case unauthenticated
    /// Genuine, but its time, or that of its session, is over.
    case tokenExpired
    /// Genuine, but ended before its time: signed out, suspended, closed, other rights by now.
    case tokenRevoked
}

/// Turns what a caller shows into an ``Access``: the signature says for whom a token was made, the rows whether it
/// still holds.
public struct Authenticator: Sendable {
    private let store: ChatStore
    private let tokens: TokenAuthority
    private let identifiers: PublicIdentifiers
    private let recent: RecentAccess?
    private let keyUses: KeyUses

    /// - Parameter recent: answers for callers who came lately; nil asks the rows each time.
    public init(
        store: ChatStore, tokens: TokenAuthority, identifiers: PublicIdentifiers, recent: RecentAccess? = nil
    ) {
        self.recent = recent
        self.store = store
        keyUses = KeyUses(store: store)
        self.tokens = tokens
        self.identifiers = identifiers
    }

    /// What a bearer token says, by its signature and its own end alone; of an API key, only what it looks like. Never waits.
    /// - Parameter digest: of `bearer`, where it is known already.
    public func verify(_ bearer: String, digest: TokenDigest? = nil) throws(AuthenticationFailure) -> VerifiedToken {
        if bearer.hasPrefix(RandomToken.Kind.apiKey.rawValue) {
            guard let key = RandomToken(.apiKey, presented: bearer) else { throw .unauthenticated }
            return .apiKey(key.digest)
        }
        do {
            return try tokens.verify(bearer, digest: digest)
        } catch .expired {
            throw .tokenExpired
        } catch {
            throw .unauthenticated
        }
    }

    /// Who shows this token: a user's, a contact's, or an API key.
    /// - Throws: ``AuthenticationFailure``, or `StorageFailure`.
    public func authenticate(bearer: String) async throws -> Access {
        try await access(of: try verify(bearer))
    }

    /// Who stands behind a verified token, as of now. The one place that asks the rows for it.
    /// - Throws: ``AuthenticationFailure``, or `StorageFailure`.
    public func access(of token: VerifiedToken) async throws -> Access {
        let access = try await access(of: try holder(of: token))
        if case .apiKey(let id) = access.staff?.credential { keyUses.note(id) }
        return access
    }

    /// What ``access(of:)`` says where it need not ask the rows; nil where it must. Never waits.
    public func remembered(_ token: VerifiedToken) -> Access? {
        guard let recent, let holder = try? holder(of: token), let access = recent.access(of: holder.key),
            holder.isMet(by: access)
        else { return nil }
        if case .apiKey(let id) = access.staff?.credential { keyUses.note(id) }
        return access
    }

    private func access(of holder: TokenHolder) async throws -> Access {
        if let access = recent?.access(of: holder.key), holder.isMet(by: access) { return access }
        let changes = recent?.changes
        // Many may come at once that are not remembered: after a restart, all of them.
        let found = try await store.lookUp { snapshot in
            do {
                return Result<_, AuthenticationFailure>.success(try holder.access(in: snapshot))
            } catch let failure as AuthenticationFailure {
                return .failure(failure)
            }
        }
        let (access, end) = try found.get()
        if let recent, let changes { recent.remember(access, as: holder.key, until: end, since: changes) }
        return access
    }

    /// When an API key ends by itself; nil for one that does not, and for other tokens.
    /// - Throws: `StorageFailure`.
    public func end(of token: VerifiedToken) async throws -> Timestamp? {
        guard case .apiKey(let digest) = token else { return nil }
        return try await store.read { try $0.apiKey(digest: digest.bytes)?.expiresAt }
    }

    /// Uses a ticket up and says for whom it was.
    /// - Throws: ``AuthenticationFailure``, or `StorageFailure`.
    public func authenticate(ticket: String) async throws -> Access {
        guard let token = RandomToken(.ticket, presented: ticket) else { throw AuthenticationFailure.unauthenticated }
        let digest = token.digest.bytes
        // A ticket of a session that has ended is used up all the same, so the failure is a value: throwing it would
        // undo the deletion.
        let result: Result<Access, AuthenticationFailure> = try await store.write { transaction in
            guard let (ticketHolder, workspaceId) = try transaction.redeemTicket(digest) else {
                return .failure(.unauthenticated)
            }
            let holder: TokenHolder =
                switch ticketHolder {
                case .session(let id): .session(id, workspaceId)
                case .login(let id, let userId): .login(id, userId, workspaceId, accessVersion: nil)
                }
            do {
                return .success(try holder.access(in: transaction).access)
            } catch let failure as AuthenticationFailure {
                return .failure(failure)
            }
        }
        return try result.get()
    }

    /// The session of a visitor who comes back, live or expired: good for opening a new one for the same contact and
    /// for nothing else.
    /// - Throws: ``AuthenticationFailure``: revoked when it was closed, expired when that was more than
    ///   `ChatSession.returnDays` ago; `Refusal.forbidden` for a user's token; `StorageFailure`.
    public func returningSession(bearer: String) async throws -> ChatSession {
        guard case .session(let id, let workspaceId) = try holder(of: try verify(bearer)) else {
            throw Refusal.forbidden
        }
        return try await store.read { snapshot in
            guard let session = try snapshot.session(id), session.workspaceId == workspaceId else {
                throw AuthenticationFailure.unauthenticated
            }
            guard session.status != .closed else { throw AuthenticationFailure.tokenRevoked }
            let lastReturn = session.expiresAt.adding(seconds: ChatSession.returnDays * 86_400)
            guard snapshot.now < lastReturn else { throw AuthenticationFailure.tokenExpired }
            return session
        }
    }

    private func holder(of token: VerifiedToken) throws(AuthenticationFailure) -> TokenHolder {
        switch token {
        case .access(let claims):
            guard let login = identifiers.identifier(claims.familyId, of: Login.self),
                let user = identifiers.identifier(claims.userId, of: User.self),
                let workspace = identifiers.identifier(claims.workspaceId, of: Workspace.self)
            else { throw .unauthenticated }
            return .login(login, user, workspace, accessVersion: claims.accessVersion)
        case .session(let claims):
            guard let session = identifiers.identifier(claims.sessionId, of: ChatSession.self),
                let workspace = identifiers.identifier(claims.workspaceId, of: Workspace.self)
            else { throw .unauthenticated }
            return .session(session, workspace)
        case .apiKey(let digest): return .apiKey(digest)
        }
    }
}

/// Whom a token or ticket was made for, in row keys.
private enum TokenHolder: Sendable {
    case session(Identifier<ChatSession>, Identifier<Workspace>)
    /// A ticket carries no access version: it is younger than any change that would matter.
    case login(Identifier<Login>, Identifier<User>, Identifier<Workspace>, accessVersion: Int64?)
    case apiKey(TokenDigest)

    var key: RecentAccess.Key {
        switch self {
        case .session(let id, _): .session(id)
        case .login(let id, _, _, _): .login(id)
        case .apiKey(let digest): .apiKey(digest)
        }
    }

    /// Whether what is remembered is for the same one, under the same rights.
    func isMet(by access: Access) -> Bool {
        switch self {
        case .session(_, let workspaceId): access.workspaceId == workspaceId
        case .login(_, let userId, let workspaceId, let accessVersion):
            access.workspaceId == workspaceId && access.staff?.userId == userId
                && (accessVersion == nil || access.staff?.accessVersion == accessVersion)
        case .apiKey: access.staff != nil
        }
    }

    /// Who it is by the rows, and when the session, sign-in or key ends by itself.
    func access(in reader: any RowReader) throws -> (access: Access, end: Timestamp?) {
        switch self {
        case .session(let id, let workspaceId):
            guard let session = try reader.session(id), session.workspaceId == workspaceId else {
                throw AuthenticationFailure.unauthenticated
            }
            switch session.status {
            case .active, .idle: break
            case .expired: throw AuthenticationFailure.tokenExpired
            case .closed: throw AuthenticationFailure.tokenRevoked
            }
            let access = Access(
                workspaceId: workspaceId,
                principal: .contact(
                    .init(
                        contactId: session.contactId, sessionId: session.id, conversationId: session.conversationId)))
            return (access, session.expiresAt)
        case .login(let loginId, let userId, let workspaceId, let accessVersion):
            let (staff, end) = try holding(reader.standing(of: userId, by: loginId, in: workspaceId))
            guard accessVersion.map({ $0 == staff.accessVersion }) ?? true else {
                throw AuthenticationFailure.tokenRevoked
            }
            return (Access(workspaceId: workspaceId, principal: .staff(staff)), end)
        case .apiKey(let digest):
            guard let key = try reader.apiKey(digest: digest.bytes) else { throw AuthenticationFailure.unauthenticated }
            let (staff, end) = try holding(reader.standing(of: key))
            return (Access(workspaceId: key.workspaceId, principal: .staff(staff)), end)
        }
    }

    private func holding(
        _ standing: Standing
    ) throws(AuthenticationFailure) -> (staff: Access.StaffPrincipal, end: Timestamp?) {
        switch standing {
        case .good(let staff, let end): return (staff, end)
        case .unknown: throw .unauthenticated
        case .expired: throw .tokenExpired
        case .ended: throw .tokenRevoked
        }
    }
}
