import Domain
public import Storage

/// What the HTTP side needs to know of the server's configuration.
public struct HTTPSettings: Sendable {
    /// Whose pages may call the API from a browser.
    public enum Origins: Sendable, Equatable {
        case any
        /// Exact origins, such as `https://www.example.com`.
        case listed([String])
    }

    /// Who may register.
    public enum Registration: String, Sendable, CaseIterable {
        /// Anybody.
        case open
        /// Who has an invitation.
        case invite
        /// Nobody.
        case closed
    }

    /// How much is allowed. Nil is off.
    public struct Rates: Sendable, Equatable {
        /// `RATE_LOGIN_PER_MINUTE`, per account and address.
        public var loginsPerMinute: Int?
        /// `RATE_SESSIONS_PER_MINUTE`, per address.
        public var sessionsPerMinute: Int?
        /// `RATE_REQUESTS_PER_SECOND`, per token.
        public var requestsPerSecond: Int?

        public init(loginsPerMinute: Int? = 10, sessionsPerMinute: Int? = 60, requestsPerSecond: Int? = 50) {
            self.loginsPerMinute = loginsPerMinute
            self.sessionsPerMinute = sessionsPerMinute
            self.requestsPerSecond = requestsPerSecond
        }
    }

    /// Where clients reach the server, without a slash at the end; nil takes each request's Host.
    public var publicURL: String?
    public var corsOrigins: Origins
    /// Whether the peer with this IP address is a proxy whose `X-Forwarded-*` headers are believed.
    public var isTrustedProxy: @Sendable (String) -> Bool
    public var rates: Rates
    public var registration: Registration
    /// When an account is locked out for an address; nil for never.
    public var lockout: Lockout?
    /// Of one uploaded file. `ATTACHMENT_MAX_BYTES`.
    public var attachmentMaximumBytes = Attachment.defaultMaximumBytes
    /// Name of this node, as in `X-Node-ID`.
    public var nodeId: String
    /// Version of the program, as in `/health`.
    public var version: String
    /// Folder of Swagger UI's files for `/docs`; nil, or one without them, and browsers get them from a CDN.
    public var docsAssets: String?

    public init(
        publicURL: String? = nil, corsOrigins: Origins = .listed([]),
        isTrustedProxy: @escaping @Sendable (String) -> Bool = { _ in false }, rates: Rates = Rates(),
        registration: Registration = .open, lockout: Lockout? = nil, nodeId: String = "node", version: String = "0"
    ) {
        self.publicURL = publicURL
        self.corsOrigins = corsOrigins
        self.isTrustedProxy = isTrustedProxy
        self.rates = rates
        self.registration = registration
        self.lockout = lockout
        self.nodeId = nodeId
        self.version = version
    }

    /// Whether clients come over TLS as far as the configuration says.
    var isSecure: Bool { publicURL?.hasPrefix("https:") ?? false }
}
