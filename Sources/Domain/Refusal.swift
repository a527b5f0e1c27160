/// Why a command or a read was turned down by the rules. Nothing was changed.
public enum Refusal: Error, Sendable, Equatable {
    case notFound
    case forbidden
    case conversationClosed
    /// The state machine has no such step.
    case invalidTransition(from: String, to: String)
    /// The same idempotency key came with other content before.
    case idempotencyConflict
    /// The owner has changed since the caller looked.
    case staleOwner
    /// The resource has changed since the caller read it.
    case preconditionFailed
    case emailTaken
    case conflict(String)
    /// The chat session is expired or closed.
    case sessionOver
    case invalid([FieldProblem])
}
