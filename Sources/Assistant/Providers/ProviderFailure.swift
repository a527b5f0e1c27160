/// Why a provider gave no (whole) reply, as far as that decides what to do next.
public struct ProviderFailure: Error, Sendable, Equatable {
    public enum Kind: String, Sendable, Equatable, CaseIterable {
        /// Refused, no such host, TLS, or closed before it answered.
        case connect
        /// No token in time, though the connection stands.
        case firstTokenTimeout = "first_token_timeout"
        /// Tokens stopped coming.
        case idleTimeout = "idle_timeout"
        /// The whole reply took too long.
        case replyTimeout = "reply_timeout"
        /// The stream ended, cleanly or not, without saying that the reply was complete.
        case truncated
        /// 5xx, or something that is no stream.
        case server
        /// Too many requests or tokens; goes away by itself.
        case rateLimit = "rate_limit"
        /// Key, permission or bill: goes away when an operator acts.
        case account
        /// No such model or path: likewise.
        case config
        /// The prompt is longer than the model reads.
        case contextOverflow = "context_overflow"
        /// The provider refuses to speak about this.
        case contentFilter = "content_filter"
        /// The request was not understood.
        case badRequest = "bad_request"
    }

    public var kind: Kind
    /// Name of the provider.
    public var provider: String
    public var status: Int?
    /// The provider's own code, as given.
    public var code: String?
    /// How long to leave the provider alone, when it said so.
    public var retryAfter: Duration?
    /// The provider's name for the request, for asking its support.
    public var requestId: String?
    /// The provider's words, shortened and without secrets. For operators; may quote a customer, so it is in no log line.
    public var detail: String?

    public init(
        _ kind: Kind, provider: String, status: Int? = nil, code: String? = nil, retryAfter: Duration? = nil,
        requestId: String? = nil, detail: String? = nil
    ) {
        self.kind = kind
        self.provider = provider
        self.status = status
        self.code = code
        self.retryAfter = retryAfter
        self.requestId = requestId
        self.detail = detail
    }

    /// Whether another provider may be asked instead. Not after a content filter: what one provider refuses is not taken
    /// round to the others.
    public var mayTryNext: Bool { kind != .contentFilter }

    /// Whether the same provider may be asked again at once, when there is no other.
    public var mayRetry: Bool {
        switch kind {
        case .connect, .server, .truncated: true
        case .rateLimit: retryAfter.map { $0 <= Self.longestRetryWait } ?? false
        default: false
        }
    }

    /// A customer is waiting.
    static let longestRetryWait = Duration.seconds(2)
}

extension ProviderFailure: CustomStringConvertible {
    /// Without ``detail``.
    public var description: String {
        var text = "\(provider): \(kind.rawValue)"
        if let status { text += ", status \(status)" }
        if let code { text += ", code \(code)" }
        if let retryAfter { text += ", retry after \(retryAfter)" }
        if let requestId { text += ", request \(requestId)" }
        return text
    }
}
