public import Domain

/// The body of every answer with a status of 400 or more: RFC 9457, `application/problem+json`.
public struct ProblemDocument: Codable, Sendable, Equatable {
    public var type = "about:blank"
    public var title: String
    public var status: Int
    /// What programs switch on.
    public var code: String
    public var detail: String?
    public var errors: [FieldProblem]?
    public var requestId: String?

    public init(
        status: Int, title: String, code: String, detail: String? = nil, errors: [FieldProblem]? = nil,
        requestId: String? = nil
    ) {
        self.status = status
        self.title = title
        self.code = code
        self.detail = detail
        self.errors = errors
        self.requestId = requestId
    }
}
