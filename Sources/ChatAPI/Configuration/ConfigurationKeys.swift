extension ConfigurationKey {
    // MARK: Server

    static let environment = ConfigurationKey(
        "ENVIRONMENT", in: .server, default: "development",
        "development or production. Production refuses default secrets, the built-in admin password and limits of 0.",
        example: "production")
    static let host = ConfigurationKey(
        "HOST", in: .server, note: "127.0.0.1, or 0.0.0.0 in production",
        "Address to listen on. 0.0.0.0 or :: means every interface.",
        example: "0.0.0.0")
    static let port = ConfigurationKey(
        "PORT", in: .server, default: "8000", "TCP port to listen on; 0 takes any free one.", example: "8000")
    static let publicURL = ConfigurationKey(
        "PUBLIC_URL", in: .server, note: "none: taken from each request's Host",
        "Where clients reach the server, as seen from outside. With https, pages carry HSTS.",
        example: "https://chat.example.com")
    static let nodeId = ConfigurationKey(
        "NODE_ID", in: .server, note: "made once from the host's name and kept in DATA_DIR",
        "Name of this process in answers, logs and leases: 1 to 64 letters, digits, dots, dashes or underscores.",
        example: "node-1")
    static let components = ConfigurationKey(
        "COMPONENTS", in: .server, default: "realtime,assistant,api,admin,scheduler",
        "What this process runs, comma-separated. On SQLite always all of them.",
        example: "realtime,assistant,api,admin,scheduler")
    static let trustedProxies = ConfigurationKey(
        "TRUSTED_PROXIES", in: .server, note: "none: forwarded addresses are not believed",
        "Addresses or CIDR ranges, comma-separated, whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        example: "127.0.0.1,10.0.0.0/8,fd00::/8")
    static let corsOrigins = ConfigurationKey(
        "CORS_ORIGINS", in: .server, note: "* in development, none in production",
        "Origins, comma-separated, whose pages may call the API from a browser, or * for any.",
        example: "https://www.example.com,https://shop.example.com")

    // MARK: Data and secrets

    static let dataDirectory = ConfigurationKey(
        "DATA_DIR", in: .data, default: "data",
        "Folder for the embedded database, kept secrets and the control socket. Made when missing.",
        example: "/var/lib/chat-api")
    static let databaseURL = ConfigurationKey(
        "DATABASE_URL", in: .data, note: "sqlite:<DATA_DIR>/chat.db",
        "sqlite: and a path, or mysql://user:password@host:3306/name.",
        example: "sqlite:data/chat.db", isSecret: true)
    static let redisURL = ConfigurationKey(
        "REDIS_URL", in: .data, note: "none: one node needs no Redis",
        "redis:// or rediss:// (TLS) with user:password@host:6379/database.",
        example: "redis://127.0.0.1:6379/0", isSecret: true)
    static let jwtSecret = ConfigurationKey(
        "JWT_SECRET", in: .data, note: "made once and kept in DATA_DIR with mode 0600",
        "Signs access tokens: at least 32 bytes. Required with MySQL, the same on every node.",
        example: "the output of: openssl rand -base64 48", isSecret: true)
    static let encryptionKey = ConfigurationKey(
        "ENCRYPTION_KEY", in: .data, note: "made once and kept in DATA_DIR with mode 0600",
        "Encrypts secrets stored in the database: at least 32 bytes. Required with MySQL, the same on every node. "
            + "Several, comma-separated: the first encrypts, all decrypt.",
        example: "the output of: openssl rand -base64 48", isSecret: true)

    static let attachmentDirectory = ConfigurationKey(
        "ATTACHMENT_DIR", in: .data, note: "<DATA_DIR>/attachments",
        "Folder for the files that people send. Several nodes must share one.", example: "/srv/chat-api/attachments")
    static let attachmentMaxBytes = ConfigurationKey(
        "ATTACHMENT_MAX_BYTES", in: .data, default: "20971520",
        "Bytes of one file, at most. A reverse proxy must let as many pass.", example: "20971520")

    // MARK: Access

    static let adminEmail = ConfigurationKey(
        "ADMIN_EMAIL", in: .access, default: "admin@chatapi.com",
        "E-mail of the admin that the first start creates.", example: "admin@example.com")
    static let adminPassword = ConfigurationKey(
        "ADMIN_PASSWORD", in: .access, note: "admin123456, refused in production",
        "Password of the admin that the first start creates, 8 to 200 characters.",
        example: "a sentence only you know", isSecret: true)
    static let registration = ConfigurationKey(
        "REGISTRATION", in: .access, default: "open",
        "Who may register: open (anybody), invite (invited people only) or closed (nobody).", example: "invite")
    static let metricsToken = ConfigurationKey(
        "METRICS_TOKEN", in: .access, note: "none",
        "Bearer token that GET /metrics asks for, at least 16 visible ASCII characters.",
        example: "the output of: openssl rand -hex 24", isSecret: true)

    // MARK: Sessions

    static let sessionIdleSeconds = ConfigurationKey(
        "SESSION_IDLE_SECONDS", in: .sessions, default: "300",
        "Seconds without activity after which a session is idle.", example: "300")
    static let sessionTTLSeconds = ConfigurationKey(
        "SESSION_TTL_SECONDS", in: .sessions, default: "86400",
        "Seconds after the last activity at which a session expires.", example: "86400")

    // MARK: Assistant

    static let aiProviders = ConfigurationKey(
        "AI_PROVIDERS", in: .assistant, note: "those with a key, then builtin",
        "Who answers, in order: dashscope, openai, builtin. The next one is asked when one fails.",
        example: "dashscope,openai,builtin")
    static let openAIAPIKey = ConfigurationKey(
        "OPENAI_API_KEY", in: .assistant, note: "none",
        "Key for OPENAI_BASE_URL. Not needed for a loopback or private address.",
        example: "the key from the provider's console", isSecret: true)
    static let openAIBaseURL = ConfigurationKey(
        "OPENAI_BASE_URL", in: .assistant, default: "https://api.openai.com/v1",
        "Any OpenAI-compatible endpoint, with its version.", example: "http://127.0.0.1:11434/v1")
    static let openAIModel = ConfigurationKey(
        "OPENAI_MODEL", in: .assistant, default: "gpt-4o-mini", "Model asked of it.", example: "gpt-4o-mini")
    static let dashScopeAPIKey = ConfigurationKey(
        "DASHSCOPE_API_KEY", in: .assistant, note: "none",
        "Key for DASHSCOPE_BASE_URL; keys are bound to a region. Not needed for a loopback or private address.",
        example: "the key from the provider's console", isSecret: true)
    static let dashScopeBaseURL = ConfigurationKey(
        "DASHSCOPE_BASE_URL", in: .assistant, default: "https://dashscope.aliyuncs.com",
        "The vendor's root, without a path.", example: "https://dashscope-intl.aliyuncs.com")
    static let dashScopeModel = ConfigurationKey(
        "DASHSCOPE_MODEL", in: .assistant, default: "qwen-plus", "Model asked of it.", example: "qwen-plus")
    static let dashScopeDialect = ConfigurationKey(
        "DASHSCOPE_DIALECT", in: .assistant, default: "compatible",
        "compatible (the OpenAI-compatible interface) or native.", example: "compatible")
    static let aiContextTokens = ConfigurationKey(
        "AI_CONTEXT_TOKENS", in: .assistant, default: "32000",
        "Tokens of instructions, knowledge and history sent with a question, at most.", example: "32000")
    static let aiFirstTokenSeconds = ConfigurationKey(
        "AI_FIRST_TOKEN_SECONDS", in: .assistant, default: "8",
        "Seconds a provider has for its first token before the next one is asked.", example: "8")
    static let aiLastCandidateSeconds = ConfigurationKey(
        "AI_LAST_CANDIDATE_SECONDS", in: .assistant, default: "20",
        "The same for the last provider, after which only a human is left.", example: "20")
    static let aiIdleTokenSeconds = ConfigurationKey(
        "AI_IDLE_TOKEN_SECONDS", in: .assistant, default: "10",
        "Seconds allowed between two tokens of an answer.", example: "10")
    static let aiReplySeconds = ConfigurationKey(
        "AI_REPLY_SECONDS", in: .assistant, default: "75",
        "Seconds a whole answer may take, all providers together; more than AI_LAST_CANDIDATE_SECONDS.",
        example: "75")
    static let aiBurstMilliseconds = ConfigurationKey(
        "AI_BURST_MILLISECONDS", in: .assistant, default: "400",
        "How long the assistant waits for a further message of a customer who writes several in a row.",
        example: "400")
    static let aiDailyTokenBudget = ConfigurationKey(
        "AI_DAILY_TOKEN_BUDGET", in: .assistant, note: "none: no limit",
        "Tokens a day over all paid providers, after which only builtin answers.", example: "2000000")

    // MARK: Limits

    static let rateContactFrames = ConfigurationKey(
        "RATE_CONTACT_FRAMES_PER_SECOND", in: .limits, default: "10",
        "WebSocket frames a second from a customer's connection.", example: "10")
    static let rateStaffFrames = ConfigurationKey(
        "RATE_STAFF_FRAMES_PER_SECOND", in: .limits, default: "50",
        "WebSocket frames a second from a staff connection.", example: "50")
    static let rateContactMessages = ConfigurationKey(
        "RATE_CONTACT_MESSAGES_PER_MINUTE", in: .limits, default: "60",
        "Messages a minute from a customer.", example: "60")
    static let rateLogin = ConfigurationKey(
        "RATE_LOGIN_PER_MINUTE", in: .limits, default: "10",
        "Logins a minute per account and address; ten times as many per address, and registrations per address.",
        example: "10")
    static let rateSessions = ConfigurationKey(
        "RATE_SESSIONS_PER_MINUTE", in: .limits, default: "60", "New sessions a minute per address.", example: "60")
    static let rateRequests = ConfigurationKey(
        "RATE_REQUESTS_PER_SECOND", in: .limits, default: "50", "Requests a second per token.", example: "50")
    static let lockoutFailures = ConfigurationKey(
        "LOCKOUT_FAILURES", in: .limits, default: "10",
        "Failed logins within 15 minutes, per account and address, that lock it out.", example: "10")
    static let maxSocketsPerPrincipal = ConfigurationKey(
        "MAX_SOCKETS_PER_PRINCIPAL", in: .limits, default: "20",
        "Open WebSockets of one user or customer.", example: "20")
    static let maxSocketsPerAddress = ConfigurationKey(
        "MAX_SOCKETS_PER_ADDRESS", in: .limits, default: "200", "Open WebSockets from one address.", example: "200")

    // MARK: Logs

    static let logLevel = ConfigurationKey(
        "LOG_LEVEL", in: .logs, default: "info",
        "Least severe level that is written: trace, debug, info, notice, warning, error or critical.",
        example: "info")
    static let logFormat = ConfigurationKey(
        "LOG_FORMAT", in: .logs, note: "text on a terminal, otherwise json",
        "json (one object per line) or text.", example: "json")

    /// Every key there is, in the order in which they are shown and checked.
    static let all: [ConfigurationKey] = [
        environment, host, port, publicURL, nodeId, components, trustedProxies, corsOrigins,
        dataDirectory, databaseURL, redisURL, jwtSecret, encryptionKey,
        attachmentDirectory, attachmentMaxBytes,
        adminEmail, adminPassword, registration, metricsToken,
        sessionIdleSeconds, sessionTTLSeconds,
        aiProviders, openAIAPIKey, openAIBaseURL, openAIModel,
        dashScopeAPIKey, dashScopeBaseURL, dashScopeModel, dashScopeDialect,
        aiContextTokens, aiFirstTokenSeconds, aiLastCandidateSeconds, aiIdleTokenSeconds, aiReplySeconds,
        aiBurstMilliseconds, aiDailyTokenBudget,
        rateContactFrames, rateStaffFrames, rateContactMessages, rateLogin, rateSessions, rateRequests,
        lockoutFailures, maxSocketsPerPrincipal, maxSocketsPerAddress,
        logLevel, logFormat,
    ]
}
