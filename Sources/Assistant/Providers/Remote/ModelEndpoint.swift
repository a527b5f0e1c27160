import Foundation

/// Who runs an endpoint, as far as the meaning of error codes and parameters depends on that.
public enum ModelVendor: Sendable, Equatable {
    case openAI, dashScope, other
}

/// Where a model listens, and in which dialect.
public struct ModelEndpoint: Sendable, Equatable {
    enum Dialect: Sendable, Equatable {
        /// OpenAI's chat completions.
        case chatCompletions
        /// DashScope's own text generation.
        case dashScopeNative
    }

    let url: String
    let dialect: Dialect
    let vendor: ModelVendor

    /// Whether the host is this machine or in a private network, where a key is not asked for.
    public let isLocal: Bool

    /// An endpoint that speaks OpenAI's chat completions: `{base}/chat/completions`.
    ///
    /// - Parameters:
    ///   - base: `OPENAI_BASE_URL`, with its version, such as `https://api.openai.com/v1`.
    ///   - vendor: nil to tell it by the host.
    /// - Returns: nil when it is no http or https address with a host.
    public init?(chatCompletions base: String, vendor: ModelVendor? = nil) {
        guard let (url, host) = Self.address(base, path: "/chat/completions") else { return nil }
        self.url = url
        isLocal = Self.isLocal(host)
        dialect = .chatCompletions
        self.vendor = vendor ?? Self.vendor(of: host)
    }

    /// DashScope's own interface.
    ///
    /// - Parameter root: `DASHSCOPE_BASE_URL`, without a path, such as `https://dashscope.aliyuncs.com`.
    /// - Returns: nil when it is no http or https address with a host.
    public init?(dashScope root: String) {
        guard let (url, host) = Self.address(root, path: "/api/v1/services/aigc/text-generation/generation") else {
            return nil
        }
        self.url = url
        isLocal = Self.isLocal(host)
        dialect = .dashScopeNative
        vendor = .dashScope
    }

    private static func address(_ base: String, path: String) -> (url: String, host: String)? {
        guard var parts = URLComponents(string: Sentences.trimmed(base)), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.host?.lowercased(), !host.isEmpty,
            parts.user == nil, parts.password == nil
        else { return nil }
        var prefix = parts.percentEncodedPath
        while prefix.hasSuffix("/") { prefix.removeLast() }
        parts.percentEncodedPath = prefix + path
        parts.fragment = nil
        return parts.string.map { ($0, host) }
    }

    private static func vendor(of host: String) -> ModelVendor {
        if host == "openai.com" || host.hasSuffix(".openai.com") || host.hasSuffix(".openai.azure.com") {
            return .openAI
        }
        return host.contains("dashscope") ? .dashScope : .other
    }

    /// Loopback and private addresses (RFC 1918, 4193, link-local) and the names that mean them.
    private static func isLocal(_ host: String) -> Bool {
        let name = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        if name == "localhost" || name.hasSuffix(".localhost") || name.hasSuffix(".local")
            || name.hasSuffix(".internal")
        {
            return true
        }
        if name.contains(":") {
            return name == "::1" || name.hasPrefix("fc") || name.hasPrefix("fd") || name.hasPrefix("fe80:")
        }
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard numbers.count == 4, let first = numbers[0], let second = numbers[1], numbers[2] != nil, numbers[3] != nil
        else {
            // A bare name is a container or a machine in the same network.
            return !name.contains(".")
        }
        switch (first, second) {
        case (127, _), (10, _), (192, 168), (169, 254), (172, 16...31): return true
        default: return false
        }
    }
}
