import Domain
import Storage

/// The answer to a frame that was turned down.
struct SocketError: Error, Sendable, Equatable {
    enum Code: String, Codable, CaseIterable, Sendable {
        case invalid
        case unknownType = "unknown_type"
        case tooLarge = "too_large"
        case forbidden
        case notFound = "not_found"
        case conversationClosed = "conversation_closed"
        case idempotencyConflict = "idempotency_conflict"
        case rateLimited = "rate_limited"
        case unavailable
    }

    var code: Code
    var detail: String
    var retryInSeconds: Double?

    init(_ code: Code, _ detail: String, retryInSeconds: Double? = nil) {
        self.code = code
        self.detail = detail
        self.retryInSeconds = retryInSeconds
    }

    /// Whether sending the same again cannot help.
    var isFinal: Bool { code != .rateLimited && code != .unavailable }

    /// The client's view of what went wrong. Nothing internal gets out.
    init(_ error: any Error) {
        switch error {
        case let error as SocketError: self = error
        case let error as RequestBodyError:
            let problem = error.problems.first
            self.init(.invalid, problem.map { "\($0.field) \($0.message)" } ?? "the data is not valid")
        case let error as ValidationProblems:
            let problem = error.problems.first
            self.init(.invalid, problem.map { "\($0.field) \($0.message)" } ?? "the data is not valid")
        case let refusal as Refusal: self.init(refusal)
        default:
            self.init(.unavailable, "not confirmed: send it again with the same client_message_id", retryInSeconds: 1)
        }
    }

    private init(_ refusal: Refusal) {
        switch refusal {
        case .notFound: self.init(.notFound, "no such thing here")
        case .forbidden: self.init(.forbidden, "not allowed")
        case .sessionOver: self.init(.forbidden, "the session is over")
        case .conversationClosed: self.init(.conversationClosed, "the conversation is closed")
        case .idempotencyConflict:
            self.init(.idempotencyConflict, "this client_message_id was used for another message")
        case .invalid(let problems):
            self.init(.invalid, problems.first.map { "\($0.field) \($0.message)" } ?? "the data is not valid")
        case .invalidTransition(let from, let to): self.init(.invalid, "cannot go from \(from) to \(to)")
        case .staleOwner, .preconditionFailed: self.init(.invalid, "it has changed meanwhile")
        case .emailTaken: self.init(.invalid, "the e-mail is taken")
        case .conflict(let detail): self.init(.invalid, detail)
        }
    }
}
