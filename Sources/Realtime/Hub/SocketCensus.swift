import Domain
import Synchronization

/// Counts the sockets of each principal and address, so that none can take them all.
final class SocketCensus: Sendable {
    /// By whose number sockets are counted.
    enum Principal: Hashable, Sendable {
        case contact(Identifier<Contact>)
        case user(Identifier<User>)
        case server
    }

    /// A counted socket. Give it back exactly once.
    struct Entry: Sendable, Equatable {
        var address: String
        /// Nil until the client has shown who it is.
        var principal: Principal?
    }

    private struct State {
        var total = 0
        var addresses: [String: Int] = [:]
        var principals: [Principal: Int] = [:]
    }

    private let state = Mutex(State())

    var total: Int { state.withLock { $0.total } }

    /// Counts a socket of `address`.
    /// - Returns: nil when the address has `limit` already. 0 is no limit.
    func enter(address: String, limit: Int) -> Entry? {
        state.withLock { state in
            let count = state.addresses[address] ?? 0
            guard limit == 0 || count < limit else { return nil }
            state.addresses[address] = count + 1
            state.total += 1
            return Entry(address: address, principal: nil)
        }
    }

    /// Counts the socket for its principal too.
    /// - Returns: false when the principal has `limit` already.
    func identify(_ entry: inout Entry, as access: Access, limit: Int) -> Bool {
        let principal: Principal =
            switch access.principal {
            case .contact(let contact): .contact(contact.contactId)
            case .staff(let staff): .user(staff.userId)
            case .server: .server
            }
        guard entry.principal == nil else { return entry.principal == principal }
        let isAllowed = state.withLock { state in
            let count = state.principals[principal] ?? 0
            guard limit == 0 || count < limit else { return false }
            state.principals[principal] = count + 1
            return true
        }
        if isAllowed { entry.principal = principal }
        return isAllowed
    }

    func leave(_ entry: Entry) {
        state.withLock { state in
            state.total -= 1
            state.addresses[entry.address] = (state.addresses[entry.address] ?? 1) - 1
            if state.addresses[entry.address] == 0 { state.addresses[entry.address] = nil }
            if let principal = entry.principal {
                state.principals[principal] = (state.principals[principal] ?? 1) - 1
                if state.principals[principal] == 0 { state.principals[principal] = nil }
            }
        }
    }
}
