public import Domain

/// Everything that a client may ask for on a socket, and who may ask for it: the one table of it.
///
/// The table says who gets as far as the command. Whether they reach the conversation that it names is asked of its row, in
/// the command's own transaction.
public enum SocketCommand: String, CaseIterable, Sendable {
    case hello
    case send = "message.send"
    case markRead = "message.read"
    case typing
    case handOff = "handoff"
    case cancelReply = "reply.cancel"
    case syncReply = "reply.sync"
    case subscribe
    case unsubscribe
    case ping
    case refreshToken = "token.refresh"

    /// Who may send a command.
    public enum Admission: Sendable, Hashable {
        /// Whoever has connected, also before it is known who that is.
        case anyone
        /// Whoever is known.
        case known
        /// A contact, or staff whose role allows this.
        case contactOr(Permission.Action)
        /// Staff whose role allows this. On a contact's socket there is no such command.
        case staff(Permission.Action)
    }

    public var admission: Admission {
        switch self {
        case .hello: .anyone
        case .ping, .refreshToken: .known
        case .markRead, .syncReply: .contactOr(.conversationsRead)
        case .send, .typing, .cancelReply: .contactOr(.messagesWrite)
        case .handOff: .contactOr(.conversationsWrite)
        case .subscribe, .unsubscribe: .staff(.conversationsRead)
        }
    }
}

extension SocketCommand.Admission {
    /// - Parameter access: who has sent it; nil before that is known.
    /// - Throws: ``SocketError``, or `Refusal.forbidden`.
    func check(_ access: Access?) throws {
        if case .anyone = self { return }
        guard let access else { throw SocketError(.forbidden, "say hello first") }
        switch self {
        case .anyone, .known: return
        case .contactOr(let action):
            if access.contact == nil { try access.require(action) }
        case .staff(let action):
            guard access.staff != nil else { throw SocketError(.unknownType, "only on /ws/agent") }
            try access.require(action)
        }
    }
}
