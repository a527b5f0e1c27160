/// Why the database turned down a write of the assistant. The reply that met it must stop, but for ``questionGrew``.
public enum ReplyRefusal: Error, Sendable, Equatable {
    /// The contact wrote again before anything was shown: start over with the longer question.
    case questionGrew
    /// The conversation has another owner by now.
    case ownerChanged
    /// Somebody else has taken the reply over, or it has ended.
    case leaseLost
}
