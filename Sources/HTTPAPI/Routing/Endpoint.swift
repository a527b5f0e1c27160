public import HTTPTypes
import Hummingbird

/// A route: all that is known of it, for serving and for describing it.
public struct Endpoint: Sendable {
    public let method: HTTPRequest.Method
    /// With its parameters in braces, such as `/api/v1/contacts/{id}`.
    public let path: String
    public let summary: String
    /// Under which heading it is described.
    public let group: String
    public let admission: Admission
    public let query: [QueryDescription]
    /// Type of the JSON body; nil for none.
    public let request: (any (Decodable & Sendable).Type)?
    /// Whether the body may be left out.
    public let isBodyOptional: Bool
    /// Type of the answer's JSON; ``NoContent`` for none.
    public let response: any (Encodable & Sendable).Type
    /// Of the usual success.
    public let status: HTTPResponse.Status
    /// What the route itself answers beside what ``possibleProblems`` adds.
    public let problems: [ProblemCode]
    /// What an `Idempotency-Key` means to it.
    public let idempotency: IdempotencyRule
    /// What strangers' calls count in.
    let limit: RateLimits.Visit?
    /// Where the usual does not hold.
    public internal(set) var notes = EndpointNotes()
    /// Whether its success carries an `ETag`; filled in where the whole table is known.
    var carriesTag = false
    /// Whether it is answered on the thread of the connection, because that takes less than going elsewhere. See
    /// ``LoopBound``.
    var isBrief = false
    let respond: @Sendable (Request, RequestScope) async throws -> Response

    /// Carries out a request on a thread where it is in nobody's way.
    func answer(_ request: Request, _ scope: RequestScope) async throws -> Response {
        if isBrief { return try await respond(request, scope) }
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { try await respond(request, scope) }
    }

    /// Every problem that a client of this route may meet.
    public var possibleProblems: [ProblemCode] {
        var codes: Set<ProblemCode> = Set(problems)
        codes.formUnion([.unavailable, .internal])
        if admission != .anyone {
            codes.formUnion([.unauthenticated, .tokenExpired, .tokenRevoked, .forbidden, .rateLimited])
        }
        if request != nil || notes.form != nil {
            codes.formUnion([.malformedJSON, .validationFailed, .unknownField, .unsupportedMediaType, .tooLarge])
        }
        if !query.isEmpty { codes.insert(.validationFailed) }
        if path.contains("{") || path.contains("*") { codes.insert(.notFound) }
        if limit != nil { codes.insert(.rateLimited) }
        if takesIdempotencyKey { codes.formUnion([.idempotencyConflict, .conflict, .validationFailed]) }
        return ProblemCode.allCases.filter(codes.contains)
    }

    /// Whether an `Idempotency-Key` is looked at.
    public var takesIdempotencyKey: Bool { idempotency != .ignored }

    /// Whether `If-Match` is looked at.
    public var takesPrecondition: Bool { problems.contains(.preconditionFailed) }

    /// The path's segments.
    var segments: [Substring] { path.split(separator: "/") }

    /// Whether a request for `path` is for this route, whatever its method.
    func matches(_ path: [Substring]) -> Bool {
        let pattern = segments
        let isPrefix = pattern.last == "**"
        guard isPrefix ? path.count >= pattern.count : path.count == pattern.count else { return false }
        return zip(pattern, path).allSatisfy { $0 == $1 || $0.hasPrefix("{") || $0 == "**" }
    }
}
