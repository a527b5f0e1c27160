/// What one vendor's errors mean. By code first, then by status, and by words only where neither tells: a 429 may speak of
/// "unauthorized", a stream's status is 200 whatever its error, and one vendor's code is not another's
/// (`insufficient_quota` is for ever at OpenAI and for a minute at DashScope).
struct FailureTable: Sendable {
    typealias Kind = ProviderFailure.Kind

    /// By code, in lower case.
    private let codes: [String: Kind]
    /// By the beginning of a code, in lower case; the first that fits.
    private let prefixes: [(prefix: String, kind: Kind)]
    /// Codes that mean ``Kind/rateLimit``, unless the message has one of ``permanentWords``.
    private let quotaCodes: Set<String>

    /// In the message of a quota that does not come back by itself.
    private static let permanentWords = ["free", "plan"]

    static func of(_ vendor: ModelVendor) -> FailureTable {
        switch vendor {
        case .openAI: openAI
        case .dashScope: dashScope
        case .other: other
        }
    }

    /// - Parameters:
    ///   - status: of the HTTP answer, or of a comment in the stream.
    func kind(_ error: ModelError?, status: Int?) -> Kind {
        let message = (error?.message ?? "").lowercased()
        for name in [error?.code, error?.type].compactMap({ $0?.lowercased() }) {
            if let kind = kind(named: name, message) { return kind }
        }
        // llama.cpp and vLLM put the status into `code`.
        let numeric = error?.code.flatMap(Int.init).flatMap { (400..<600).contains($0) ? $0 : nil }
        switch numeric ?? status.flatMap({ $0 >= 400 ? $0 : nil }) {
        case 401, 402, 403: return .account
        case 404, 405: return .config
        case 413: return .contextOverflow
        case 429: return .rateLimit
        case .some(let status) where status < 500: return Self.isOverflow(message) ? .contextOverflow : .badRequest
        // llama.cpp says 500 to a prompt that is too long.
        default: return Self.isOverflow(message) ? .contextOverflow : .server
        }
    }

    private func kind(named name: String, _ message: String) -> Kind? {
        if quotaCodes.contains(name) {
            return Self.permanentWords.contains(where: message.contains) ? .account : .rateLimit
        }
        // `InternalError.Algo.InvalidParameter` is no internal error.
        let last = name.split(separator: ".").last.map(String.init) ?? name
        guard let kind = codes[name] ?? codes[last] ?? prefixes.first(where: { name.hasPrefix($0.prefix) })?.kind else {
            return nil
        }
        // DashScope's `InvalidParameter` also says "Range of input length should be [1, 30720]".
        return kind == .badRequest && Self.isOverflow(message) ? .contextOverflow : kind
    }

    private static func isOverflow(_ message: String) -> Bool {
        [
            "context length", "context size", "context window", "maximum context", "n_ctx", "prompt is too long",
            "input is too long", "input length", "too many tokens",
        ].contains(where: message.contains)
    }
}

extension FailureTable {
    private static let openAICodes: [String: Kind] = [
        "invalid_api_key": .account, "invalid_authentication": .account, "authentication_error": .account,
        "permission_denied": .account, "permission_error": .account, "account_deactivated": .account,
        "billing_hard_limit_reached": .account, "billing_not_active": .account, "insufficient_balance": .account,
        "unsupported_country_region_territory": .account,
        "model_not_found": .config, "deploymentnotfound": .config, "not_found_error": .config,
        "rate_limit_exceeded": .rateLimit, "rate_limit_error": .rateLimit, "tokens": .rateLimit,
        "requests": .rateLimit, "too_many_requests": .rateLimit,
        "context_length_exceeded": .contextOverflow, "exceed_context_size_error": .contextOverflow,
        "string_above_max_length": .contextOverflow,
        "content_filter": .contentFilter, "content_policy_violation": .contentFilter, "invalid_prompt": .contentFilter,
        "responsibleaipolicyviolation": .contentFilter,
        "server_error": .server, "internal_server_error": .server, "overloaded_error": .server,
        "service_unavailable": .server, "engine_overloaded": .server, "unavailable_error": .server,
    ]

    /// Both spellings: the native one, and the one of the compatible mode. Account troubles come as 400 and 429, too.
    private static let dashScopeCodes: [String: Kind] = [
        "arrearage": .account, "commoditynotpurchased": .account, "prepaidbilloverdue": .account,
        "postpaidbilloverdue": .account, "freetieronly": .account, "allocationquota.freetieronly": .account,
        "invalidapikey": .account, "invalid_api_key": .account, "not authorized": .account,
        "accessdenied": .account, "access_denied": .account,
        "modelnotfound": .config, "model_not_found": .config, "model_not_supported": .config,
        "workspacenotfound": .config,
        "throttling": .rateLimit, "ratequota": .rateLimit, "burstrate": .rateLimit, "limitrequests": .rateLimit,
        "limit_requests": .rateLimit, "limit_burst_rate": .rateLimit, "rate_limit_exceeded": .rateLimit,
        "datainspectionfailed": .contentFilter, "data_inspection_failed": .contentFilter,
        "faqruleblocked": .contentFilter, "customroleblocked": .contentFilter,
        "ipinfringementsuspect": .contentFilter, "content_filter": .contentFilter,
        "context_length_exceeded": .contextOverflow,
        "invalidparameter": .badRequest, "badrequest": .badRequest,
        "internalerror": .server, "systemerror": .server, "modelservicefailed": .server, "requesttimeout": .server,
        "modelservingerror": .server, "modelunavailable": .server, "server_error": .server,
        "internal_error": .server, "internal_server_error": .server, "service_unavailable": .server,
    ]

    private static let dashScopePrefixes: [(String, Kind)] = [
        ("throttling", .rateLimit), ("accessdenied", .account), ("internalerror", .server),
        ("invalidparameter", .badRequest), ("badrequest.", .badRequest),
    ]

    private static let dashScopeQuota: Set<String> = ["throttling.allocationquota"]

    static let openAI = FailureTable(
        codes: openAICodes.merging(["insufficient_quota": .account]) { first, _ in first }, prefixes: [],
        quotaCodes: [])

    static let dashScope = FailureTable(
        codes: dashScopeCodes, prefixes: dashScopePrefixes, quotaCodes: dashScopeQuota.union(["insufficient_quota"]))

    /// Local servers, and gateways that pass on the errors of whoever is behind them: what both vendors say, and OpenAI's
    /// meaning where they differ, because it is OpenAI's interface.
    static let other = FailureTable(
        codes: openAICodes.merging(dashScopeCodes) { first, _ in first }
            .merging(["insufficient_quota": .account]) { first, _ in first },
        prefixes: dashScopePrefixes, quotaCodes: dashScopeQuota)
}
