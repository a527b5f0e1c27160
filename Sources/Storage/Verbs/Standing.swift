public import Domain

/// What somebody with an account stands on.
public enum Standing: Sendable, Equatable {
    /// It holds, with these rights, until then by itself; nil for as long as nobody ends it.
    case good(Access.StaffPrincipal, until: Timestamp?)
    /// There never was such a sign-in or key, or it is somebody else's.
    case unknown
    /// It has reached its end.
    case expired
    /// It was ended before: signed out, revoked, suspended, deleted.
    case ended
}

extension RowReader {
    /// What a user's sign-in is good for as of now.
    public func standing(
        of userId: Identifier<User>, by loginId: Identifier<Login>, in workspaceId: Identifier<Workspace>
    ) throws -> Standing {
        guard let login = try login(loginId), login.userId == userId else { return .unknown }
        guard !login.isRevoked, let user = try user(userId), user.status == .active else { return .ended }
        guard user.workspaceId == workspaceId else { return .unknown }
        return .good(
            .init(
                userId: userId, name: user.name, role: user.role, credential: .login(loginId),
                accessVersion: user.accessVersion, reach: try reach(of: user)), until: login.expiresAt)
    }

    /// What a key is good for as of now: what it was made for, as far as its user may do that at the moment.
    public func standing(of key: APIKey) throws -> Standing {
        if key.isRevoked { return .ended }
        if key.isOver(at: now) { return .expired }
        guard let user = try user(key.userId), user.workspaceId == key.workspaceId, user.status == .active,
            user.role.isStaff
        else { return .ended }
        return .good(
            .init(
                userId: user.id, name: user.name, role: user.role, credential: .apiKey(key.id), limit: key.grants,
                accessVersion: user.accessVersion, reach: try reach(of: user)), until: key.expiresAt)
    }

    /// What somebody who is known stands on by now.
    public func standing(
        of staff: Access.StaffPrincipal, in workspaceId: Identifier<Workspace>
    ) throws -> Standing {
        switch staff.credential {
        case .login(let id): return try standing(of: staff.userId, by: id, in: workspaceId)
        case .apiKey(let id):
            guard let key = try apiKey(id), key.userId == staff.userId, key.workspaceId == workspaceId else {
                return .unknown
            }
            return try standing(of: key)
        }
    }
}
