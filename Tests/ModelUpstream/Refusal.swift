import Foundation

/// An error as a provider tells it, in a body or in a stream.
struct Refusal: Sendable {
    var status: Int
    var message: String
    /// OpenAI's `type`.
    var type: String
    /// OpenAI's and the compatible mode's `code`.
    var code: String?
    /// DashScope's own code.
    var nativeCode: String
    var headers: [(String, String)] = []

    init(
        _ status: Int, _ message: String, type: String, code: String?, native: String,
        headers: [(String, String)] = []
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.code = code
        nativeCode = native
        self.headers = headers
    }
}

extension Refusal {
    /// The refusal that a behaviour is; nil when it is none.
    ///
    /// - Parameters:
    ///   - authorization: quoted in the 401, whole: whoever logs or shows such a message betrays the key.
    ///   - now: from which a date to wait for is counted.
    init?(_ behaviour: Behaviour, _ dialect: Dialect, authorization: String, now: Date) {
        switch behaviour.name {
        case .tooManyRequests: self = .rateLimit(dialect, [])
        case .retryAfter: self = .rateLimit(dialect, [("retry-after", String(behaviour.number(7)))])
        case .retryAfterMilliseconds: self = .rateLimit(dialect, [("retry-after-ms", String(behaviour.number(250)))])
        case .retryAfterDate:
            let date = now.addingTimeInterval(Double(behaviour.number(7)))
            self = .rateLimit(dialect, [("retry-after", Self.httpDate(date))])
        case .quota where dialect == .openAI:
            self.init(
                429, "You exceeded your current quota, please check your plan and billing details.",
                type: "insufficient_quota", code: "insufficient_quota", native: "")
        case .quota:
            self.init(
                429,
                behaviour.parameter == "free"
                    ? "Free allocated quota exceeded." : "You exceeded your current quota: allocated quota exceeded.",
                type: "insufficient_quota", code: "insufficient_quota", native: "Throttling.AllocationQuota")
        case .unauthorized:
            self.init(
                401, "Incorrect API key provided: \(authorization.split(separator: " ").last ?? "none").",
                type: "invalid_request_error", code: "invalid_api_key", native: "InvalidApiKey")
        case .forbidden:
            self.init(
                403, "Country, region, or territory not supported", type: "request_forbidden",
                code: "unsupported_country_region_territory", native: "AccessDenied")
        case .modelNotFound:
            self.init(
                404, "The model does not exist or you do not have access to it.", type: "invalid_request_error",
                code: "model_not_found", native: "ModelNotFound")
        case .overflow:
            self.init(
                400,
                dialect == .openAI
                    ? "This model's maximum context length is 8192 tokens."
                    : "Range of input length should be [1, 30720]",
                type: "invalid_request_error",
                code: dialect == .openAI ? "context_length_exceeded" : "invalid_parameter_error",
                native: "InvalidParameter")
        case .arrearage:
            self.init(
                400, "Access denied, please make sure your account is in good standing.", type: "Arrearage",
                code: "Arrearage", native: "Arrearage")
        case .inputInspection: self = .inspection(of: "Input", dialect)
        case .serverError:
            self.init(
                500, "The server had an error while processing your request. Sorry about that!", type: "server_error",
                code: nil, native: "InternalError")
        case .unavailable:
            self.init(
                503, "The engine is currently overloaded, please try again later", type: "service_unavailable",
                code: "service_unavailable", native: "ModelServingError")
        case .eventFramed4xx: self.init(code: behaviour.parameter ?? "Throttling.RateQuota")
        default: return nil
        }
    }

    private static func rateLimit(_ dialect: Dialect, _ headers: [(String, String)]) -> Refusal {
        let isOpenAI = dialect == .openAI
        return Refusal(
            429, isOpenAI ? "Rate limit reached for requests" : "Requests rate limit exceeded, please try again later.",
            type: isOpenAI ? "requests" : "limit_requests", code: isOpenAI ? "rate_limit_exceeded" : "limit_requests",
            native: "Throttling.RateQuota", headers: headers)
    }

    static func inspection(of what: String, _ dialect: Dialect) -> Refusal {
        Refusal(
            400,
            dialect == .openAI
                ? "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
                : "\(what) data may contain inappropriate content.",
            type: dialect == .openAI ? "invalid_request_error" : "data_inspection_failed",
            code: dialect == .openAI ? "content_policy_violation" : "data_inspection_failed",
            native: "DataInspectionFailed")
    }

    /// An error with a code of DashScope's own or OpenAI's, and the status that goes with it.
    init(code: String) {
        let status =
            switch code {
            case _ where code.hasPrefix("Throttling"), "rate_limit_exceeded", "limit_requests", "insufficient_quota":
                429
            case "InvalidApiKey", "invalid_api_key": 401
            case "DataInspectionFailed", "data_inspection_failed", "Arrearage", "InvalidParameter": 400
            case "ModelNotFound", "model_not_found": 404
            default: 500
            }
        self.init(status, "\(code): the upstream was told to fail", type: code, code: code, native: code)
    }

    /// A request that the upstream itself does not understand.
    static func notUnderstood(_ problem: String) -> Refusal {
        Refusal(400, problem, type: "invalid_request_error", code: "invalid_request_error", native: "InvalidParameter")
    }

    static let noSuchRoute = Refusal(
        404, "Invalid URL", type: "invalid_request_error", code: nil, native: "NotFound")

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
    private static func httpDate(_ date: Date) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: date)
    }
}
