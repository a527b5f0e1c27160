public import HTTPTypes

/// What went wrong, as programs switch on it. The codes are the contract's.
public enum ProblemCode: String, Sendable, CaseIterable, Encodable {
    case malformedJSON = "malformed_json"
    case unauthenticated
    case invalidCredentials = "invalid_credentials"
    case tokenExpired = "token_expired"
    case tokenRevoked = "token_revoked"
    case forbidden
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case conflict
    case emailTaken = "email_taken"
    case invalidTransition = "invalid_transition"
    case idempotencyConflict = "idempotency_conflict"
    case staleOwner = "stale_owner"
    case conversationClosed = "conversation_closed"
    case preconditionFailed = "precondition_failed"
    case tooLarge = "too_large"
    case unsupportedMediaType = "unsupported_media_type"
    case validationFailed = "validation_failed"
    case unknownField = "unknown_field"
    case rateLimited = "rate_limited"
    case lockedOut = "locked_out"
    case unavailable
    case `internal`

    public var status: HTTPResponse.Status {
        switch self {
        case .malformedJSON: .badRequest
        case .unauthenticated, .invalidCredentials, .tokenExpired, .tokenRevoked: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .conflict, .emailTaken, .invalidTransition, .idempotencyConflict, .staleOwner, .conversationClosed:
            .conflict
        case .preconditionFailed: .preconditionFailed
        case .tooLarge: .contentTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .validationFailed, .unknownField: .unprocessableContent
        case .rateLimited, .lockedOut: .tooManyRequests
        case .unavailable: .serviceUnavailable
        case .internal: .internalServerError
        }
    }

    /// Names of the statuses as RFC 9110 has them.
    var title: String {
        switch status {
        case .badRequest: "Bad Request"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .notFound: "Not Found"
        case .methodNotAllowed: "Method Not Allowed"
        case .conflict: "Conflict"
        case .preconditionFailed: "Precondition Failed"
        case .contentTooLarge: "Content Too Large"
        case .unsupportedMediaType: "Unsupported Media Type"
        case .unprocessableContent: "Unprocessable Content"
        case .tooManyRequests: "Too Many Requests"
        case .serviceUnavailable: "Service Unavailable"
        default: "Internal Server Error"
        }
    }

    /// The sentence for people where nothing more exact is known.
    var sentence: String {
        switch self {
        case .malformedJSON: "the body is not JSON"
        case .unauthenticated: "this needs a valid token"
        case .invalidCredentials: "e-mail or password is wrong"
        case .tokenExpired: "the token has expired"
        case .tokenRevoked: "the token is not valid any more"
        case .forbidden: "this is not allowed"
        case .notFound: "there is nothing here"
        case .methodNotAllowed: "this path has no such method"
        case .conflict: "this conflicts with what is there"
        case .emailTaken: "another account has this e-mail"
        case .invalidTransition: "the status cannot change like that"
        case .idempotencyConflict: "the same key came with other content before"
        case .staleOwner: "the owner has changed meanwhile"
        case .conversationClosed: "the conversation is closed"
        case .preconditionFailed: "it has changed since it was read"
        case .tooLarge: "the body is too large"
        case .unsupportedMediaType: "the body must be application/json"
        case .validationFailed: "the request is not valid"
        case .unknownField: "the request has unknown fields"
        case .rateLimited: "too many requests"
        case .lockedOut: "too many failed attempts"
        case .unavailable: "not confirmed, try again"
        case .internal: "something went wrong on the server"
        }
    }
}
