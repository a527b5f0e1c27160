import Cluster
import Domain

/// Sessions, sign-ins and rights that have ended, as they are looked up for each reader.
struct RevokedAccess: Sendable {
    private let sessions: Set<Identifier<ChatSession>>
    private let movedSessions: Set<Identifier<ChatSession>>
    private let credentials: Set<Access.Credential>
    private let users: [Identifier<User>: Int64]

    init(_ ended: EndedRights) {
        sessions = Set(ended.sessions)
        movedSessions = Set(ended.movedSessions)
        credentials = Set(ended.logins.map { .login($0) } + ended.keys.map { .apiKey($0) })
        users = ended.users
    }

    /// What becomes of a reader.
    enum Verdict: Equatable {
        case stays
        case goes(CloseReason)
        /// Its rights are to be read again.
        case changes
    }

    func verdict(on access: Access) -> Verdict {
        switch access.principal {
        case .contact(let contact):
            if sessions.contains(contact.sessionId) { return .goes(.sessionClosed) }
            // The token is the session's and goes on: the next socket is the new contact's.
            return movedSessions.contains(contact.sessionId) ? .goes(.resync) : .stays
        case .staff(let staff):
            if credentials.contains(staff.credential) { return .goes(.revoked) }
            guard let version = users[staff.userId] else { return .stays }
            // A token is for one version of the rights. A key holds what it was made for as far as its user may do that.
            return staff.loginId != nil && staff.accessVersion < version ? .goes(.revoked) : .changes
        case .server: return .stays
        }
    }
}
