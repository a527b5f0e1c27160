/// The application's close codes. The number tells the client what to do: 4000–4499 come back and resume, 4500–4999 stay away.
enum CloseReason: UInt16, Sendable, CaseIterable {
    case normal = 1000
    case draining = 1012
    case overloaded = 1013
    case internalError = 4000
    case helloTimeout = 4001
    case heartbeatTimeout = 4002
    case slowConsumer = 4003
    case resync = 4004
    case tokenExpired = 4005
    case rateLimited = 4006
    case authFailed = 4500
    case forbidden = 4501
    case protocolError = 4502
    case revoked = 4503
    case version = 4504
    case sessionClosed = 4505
    case tooManyConnections = 4506

    var code: CloseCode { CloseCode(rawValue: rawValue) }

    /// What stands in the close frame, for people.
    var text: String {
        switch self {
        case .normal: "done"
        case .draining: "draining"
        case .overloaded: "overloaded"
        case .internalError: "internal"
        case .helloTimeout: "hello_timeout"
        case .heartbeatTimeout: "heartbeat_timeout"
        case .slowConsumer: "slow_consumer"
        case .resync: "resync"
        case .tokenExpired: "token_expired"
        case .rateLimited: "rate_limited"
        case .authFailed: "auth_failed"
        case .forbidden: "forbidden"
        case .protocolError: "protocol_error"
        case .revoked: "revoked"
        case .version: "version"
        case .sessionClosed: "session_closed"
        case .tooManyConnections: "too_many_connections"
        }
    }
}
