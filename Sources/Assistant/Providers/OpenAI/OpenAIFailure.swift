import Foundation

/// What an endpoint's error means. By code first, then by status, and by words only where neither tells: a 429 may speak of
/// "unauthorized", and a stream's status is 200 whatever its error.
enum OpenAIFailure {
    static func kind(_ error: OpenAIError?, status: Int?, vendor: OpenAIEndpoint.Vendor) -> ProviderFailure.Kind {
        let message = (error?.message ?? "").lowercased()
        for name in [error?.code, error?.type].compactMap({ $0 }) {
            if let kind = kind(named: name, message: message, vendor: vendor) { return kind }
        }
        // llama.cpp and vLLM put the status into `code`.
        let numeric = error?.code.flatMap(Int.init).flatMap { (400..<600).contains($0) ? $0 : nil }
        let status = numeric ?? status.flatMap { $0 >= 400 ? $0 : nil }
        switch status {
        case 401, 402, 403: return .account
        case 404, 405: return .config
        case 413: return .contextOverflow
        case 429: return .rateLimit
        case 400, 422: return isOverflow(message) ? .contextOverflow : .badRequest
        case .some(let status) where status < 500: return .badRequest
        default: return isOverflow(message) ? .contextOverflow : .server
        }
    }

    private static func kind(
        named name: String, message: String, vendor: OpenAIEndpoint.Vendor
    ) -> ProviderFailure.Kind? {
        switch name {
        case "insufficient_quota", "Throttling.AllocationQuota":
            // Permanent at OpenAI. At DashScope it is the limit per minute, unless it speaks of the free quota or the plan.
            if vendor == .dashScope || name.hasPrefix("Throttling") {
                return message.contains("free") || message.contains("plan") ? .account : .rateLimit
            }
            return .account
        case "Arrearage", "CommodityNotPurchased", "PrepaidBillOverdue", "PostpaidBillOverdue", "NOT AUTHORIZED",
            "AllocationQuota.FreeTierOnly":
            return .account
        default: break
        }
        if let kind = exact[name.lowercased()] { return kind }
        return prefixes.first { name.hasPrefix($0.prefix) }?.kind
    }

    private static let exact: [String: ProviderFailure.Kind] = [
        "invalid_api_key": .account, "invalidapikey": .account, "invalid_authentication": .account,
        "authentication_error": .account,
        "permission_denied": .account, "permission_error": .account, "account_deactivated": .account,
        "billing_hard_limit_reached": .account, "billing_not_active": .account,
        "unsupported_country_region_territory": .account,
        "workspace.accessdenied": .account, "model.accessdenied": .account, "insufficient_balance": .account,
        "model_not_found": .config, "modelnotfound": .config, "model_not_supported": .config,
        "workspacenotfound": .config,
        "deploymentnotfound": .config, "not_found_error": .config,
        "rate_limit_exceeded": .rateLimit, "rate_limit_error": .rateLimit, "limit_requests": .rateLimit,
        "limitrequests": .rateLimit,
        "limit_burst_rate": .rateLimit, "tokens": .rateLimit, "requests": .rateLimit, "too_many_requests": .rateLimit,
        "context_length_exceeded": .contextOverflow, "exceed_context_size_error": .contextOverflow,
        "string_above_max_length": .contextOverflow,
        "content_filter": .contentFilter, "content_policy_violation": .contentFilter,
        "data_inspection_failed": .contentFilter,
        "datainspectionfailed": .contentFilter, "faqruleblocked": .contentFilter, "customroleblocked": .contentFilter,
        "ipinfringementsuspect": .contentFilter, "responsibleaipolicyviolation": .contentFilter,
        "server_error": .server, "internal_server_error": .server, "systemerror": .server,
        "modelservicefailed": .server,
        "requesttimeout": .server, "modelservingerror": .server, "modelunavailable": .server,
        "overloaded_error": .server,
        "service_unavailable": .server, "engine_overloaded": .server, "unavailable_error": .server,
    ]

    private static let prefixes: [(prefix: String, kind: ProviderFailure.Kind)] = [
        ("Throttling", .rateLimit), ("AccessDenied", .account), ("InternalError", .server),
        ("BadRequest.", .badRequest),
        ("InvalidParameter", .badRequest),
    ]

    private static func isOverflow(_ message: String) -> Bool {
        [
            "context length", "context size", "context window", "maximum context", "n_ctx", "prompt is too long",
            "input is too long",
            "input length", "too many tokens",
        ].contains(where: message.contains)
    }

    /// Longest time that a provider may ask to be left alone; more means that it is down.
    static let longestRetryAfter = Duration.seconds(120)

    /// `retry-after-ms`, then `Retry-After` in seconds or as a date.
    static func retryAfter(milliseconds: String?, seconds: String?, now: Date) -> Duration? {
        if let milliseconds = milliseconds.flatMap(Double.init), milliseconds >= 0, milliseconds.isFinite {
            return min(.milliseconds(Int64(min(milliseconds, 1e9))), longestRetryAfter)
        }
        guard let text = seconds else { return nil }
        if let seconds = Double(text) {
            guard seconds >= 0, seconds.isFinite else { return nil }
            return min(.milliseconds(Int64(min(seconds, 1e6) * 1000)), longestRetryAfter)
        }
        guard let date = httpDate(text) else { return nil }
        let wait = date.timeIntervalSince(now)
        return min(.milliseconds(Int64(max(0, min(wait, 1e6)) * 1000)), longestRetryAfter)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func httpDate(_ text: String) -> Date? {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == ":" })
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 8, let day = Int(parts[1]), let month = months.firstIndex(of: String(parts[2])),
            let year = Int(parts[3]), let hour = Int(parts[4]), let minute = Int(parts[5]), let second = Int(parts[6])
        else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
        return calendar.date(
            from: DateComponents(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second))
    }
}
