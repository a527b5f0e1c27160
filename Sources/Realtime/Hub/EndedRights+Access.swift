import Cluster
import Domain

/// Sessions, sign-ins and rights that have ended, as they are looked up for each reader.
struct RevokedAccess: Sendable {
    private let sessions: Set<Identifier<ChatSession>>
    private let logins: Set<Identifier<Login>>
    private let users: [Identifier<User>: Int64]

    init(_ ended: EndedRights) {
        sessions = Set(ended.sessions)
        logins = Set(ended.logins)
        users = ended.users
    }

    /// Why a reader must go, or nil when it may stay.
    func reason(against access: Access) -> CloseReason? {
        switch access.principal {
        case .contact(let contact): return sessions.contains(contact.sessionId) ? .sessionClosed : nil
        case .staff(let staff):
            let isOutdated = users[staff.userId].map { staff.accessVersion < $0 } ?? false
            return isOutdated || (staff.loginId.map(logins.contains) ?? false) ? .revoked : nil
        case .server: return nil
        }
    }
}
