import Domain
import Hummingbird
import Identity
import NIOCore
import Storage

extension Problem {
    /// Seconds after which a client may try again what the database did not confirm.
    static let retryUnavailableSeconds = 1.0

    /// What clients are told of an error. The one place that decides it; nil for what nobody foresaw, of which they
    /// learn nothing but that it happened.
    init?(of error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let refusal as Refusal: self.init(refusal: refusal)
        case let error as RequestBodyError: self.init(body: error)
        case let lockedOut as LockedOut: self.init(.lockedOut, retryAfter: lockedOut.seconds)
        case let problems as ValidationProblems: self.init(invalid: problems.problems)
        case let failure as AuthenticationFailure: self.init(authentication: failure)
        case let failure as StorageFailure: self.init(storage: failure)
        case is PasswordHasher.Busy: self.init(.rateLimited, retryAfter: 2, detail: "too many sign-ins at once")
        case is NIOTooManyBytesError: self.init(.tooLarge)
        case let error as HTTPError where error.status == .notFound: self.init(.notFound)
        case is CancellationError: self.init(.unavailable, retryAfter: Self.retryUnavailableSeconds)
        default: return nil
        }
    }

    private init(refusal: Refusal) {
        switch refusal {
        case .notFound: self.init(.notFound)
        case .forbidden: self.init(.forbidden)
        case .conversationClosed: self.init(.conversationClosed)
        case .invalidTransition(let from, let to):
            self.init(.invalidTransition, detail: "the status cannot change from \(from) to \(to)")
        case .idempotencyConflict: self.init(.idempotencyConflict)
        case .staleOwner: self.init(.staleOwner)
        case .preconditionFailed: self.init(.preconditionFailed)
        case .emailTaken: self.init(.emailTaken)
        case .conflict(let detail): self.init(.conflict, detail: detail)
        // Only the session's own token gets so far: it expired between the check and the command.
        case .sessionOver: self.init(.tokenExpired, detail: "the session is over")
        case .invalid(let problems): self.init(invalid: problems)
        }
    }

    private init(body error: RequestBodyError) {
        switch error {
        case .malformed(let error) where error.isTooLarge: self.init(.tooLarge)
        case .malformed(let error): self.init(.malformedJSON, detail: error.message)
        case .unknownFields: self.init(.unknownField, errors: error.problems)
        case .invalid: self.init(invalid: error.problems)
        }
        if case .unknownFields(let fields) = error, let first = fields.first {
            detail = "\(first) is not a field of this request"
        }
    }

    private init(invalid problems: [FieldProblem]) {
        self.init(
            .validationFailed, detail: problems.first.map { "\($0.field) \($0.message)" }, errors: problems)
    }

    private init(authentication failure: AuthenticationFailure) {
        switch failure {
        case .unauthenticated: self.init(.unauthenticated)
        case .tokenExpired: self.init(.tokenExpired)
        case .tokenRevoked: self.init(.tokenRevoked)
        }
    }

    private init?(storage failure: StorageFailure) {
        switch failure {
        case .unavailable, .full, .misconfigured:
            self.init(.unavailable, retryAfter: Self.retryUnavailableSeconds)
        // Ours to mend: trying again would give the same.
        case .constraint, .newerSchema, .broken: return nil
        }
    }
}
