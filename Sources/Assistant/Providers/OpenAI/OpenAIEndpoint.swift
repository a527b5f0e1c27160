import Foundation

/// Where an OpenAI-compatible provider listens, and what is special about who runs it.
public struct OpenAIEndpoint: Sendable, Equatable {
    /// Who runs it, as far as the meaning of error codes and parameters depends on that.
    enum Vendor: Sendable, Equatable {
        case openAI, dashScope, other
    }

    /// `{base}/chat/completions`.
    let url: String
    let host: String
    let vendor: Vendor

    /// Whether the host is this machine or in a private network, where a key is not asked for.
    public let isLocal: Bool

    /// - Parameter base: `OPENAI_BASE_URL`, with its version, such as `https://api.openai.com/v1`.
    /// - Returns: nil when it is no http or https address with a host.
    public init?(base: String) {
        guard var parts = URLComponents(string: Sentences.trimmed(base)), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.host?.lowercased(), !host.isEmpty,
            parts.user == nil, parts.password == nil
        else { return nil }
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        parts.percentEncodedPath = path + "/chat/completions"
        parts.fragment = nil
        guard let url = parts.string else { return nil }
        self.url = url
        self.host = host
        isLocal = Self.isLocal(host)
        vendor =
            host == "api.openai.com" || host.hasSuffix(".openai.com") || host.hasSuffix(".openai.azure.com")
            ? .openAI : host.contains("dashscope") ? .dashScope : .other
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
