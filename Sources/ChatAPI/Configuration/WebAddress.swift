import Foundation

/// An `http` or `https` address without query, fragment and credentials, in one spelling: scheme and host in lower
/// case, no default port, no slash at the end.
struct WebAddress: Sendable, Equatable, CustomStringConvertible {
    let isSecure: Bool
    /// Host name or IP address, without the brackets of IPv6.
    let host: String
    /// The port when it is not the scheme's own.
    let port: Int?
    /// Empty, or starts with a slash and does not end with one.
    let path: String

    /// Scheme, host and port: what browsers call an origin.
    var origin: String {
        let shownHost = host.contains(":") ? "[\(host)]" : host
        return "\(isSecure ? "https" : "http")://\(shownHost)" + (port.map { ":\($0)" } ?? "")
    }

    var description: String { origin + path }

    /// Whether the host is this machine or a private network, by its address: a name may resolve to anything.
    var isLoopbackOrPrivate: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || AddressRanges.loopbackAndPrivate.contains(host)
    }

    /// Reads an address. The text is not quoted in errors when it holds credentials.
    /// - Throws: ``WrongValue``.
    init(_ text: String) throws {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false),
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme)
        else {
            // Whatever comes before an @ could be a password.
            throw text.contains("@")
                ? WrongValue(problem: "is not an http or https address")
                : Parse.wrong(text, "is not an http or https address")
        }
        guard parts.user == nil, parts.password == nil else {
            throw WrongValue(problem: "holds a user name or password, which does not belong there")
        }
        guard parts.query == nil, parts.fragment == nil else {
            throw Parse.wrong(text, "has a query or fragment, which does not belong there")
        }
        let host = URLHost.text(of: parts)
        guard IPAddress(host) != nil || HostName.isValid(host) else {
            throw Parse.wrong(text, "has no valid host")
        }
        guard parts.port.map({ (1...65535).contains($0) }) ?? true else {
            throw Parse.wrong(text, "has no valid port")
        }
        isSecure = scheme == "https"
        self.host = host
        port = parts.port == (isSecure ? 443 : 80) ? nil : parts.port
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }

    /// Reads an origin: an address without a path.
    /// - Throws: ``WrongValue``.
    static func origin(_ text: String) throws -> String {
        let address = try WebAddress(text)
        guard address.path.isEmpty else { throw Parse.wrong(text, "is not an origin: it has a path") }
        return address.origin
    }
}

/// The host of a URL as it is compared and connected to.
enum URLHost {
    /// In lower case and without the brackets of IPv6; empty when there is none.
    static func text(of parts: URLComponents) -> String {
        let host = (parts.host ?? "").lowercased()
        return host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}
