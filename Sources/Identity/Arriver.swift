public import Domain

/// Somebody known who comes to open a chat session.
public enum Arriver: Sendable {
    /// A contact that shows the token of a session, live or expired.
    case contact(ChatSession)
    /// A registered customer who is signed in.
    case customer(Identifier<User>, Identifier<Workspace>)
}

extension Authenticator {
    /// Who comes with this token to open a session.
    /// - Throws: ``AuthenticationFailure``; `Refusal.forbidden` for staff and for programs, who have none;
    ///   `StorageFailure`.
    public func arriver(bearer: String) async throws -> Arriver {
        let token = try verify(bearer)
        if case .session = token { return .contact(try await returningSession(bearer: bearer)) }
        let access = try await access(of: token)
        guard let user = access.staff, !user.role.isStaff, user.loginId != nil else { throw Refusal.forbidden }
        return .customer(user.userId, access.workspaceId)
    }
}
