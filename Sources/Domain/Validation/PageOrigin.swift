/// The origin of a web page, as a browser puts it into the `Origin` header (RFC 6454, 6.2): scheme, host, and the port
/// unless it is the scheme's own. Applications in a web view have schemes of their own, such as `capacitor://localhost`.
public struct PageOrigin: Hashable, Sendable {
    /// In lower case, without the scheme's own port and without a slash at the end.
    public let text: String

    /// Longer than any host name can be, with a scheme and a port (RFC 1035, 2.3.4).
    private static let maximumBytes = 300

    /// Nil when `text` is no origin, or more than one: a path, a query, a user.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes, let separator = Self.separator(in: text) else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard Self.isScheme(scheme) else { return nil }
        let (host, port) = Self.split(text[separator.upperBound...].lowercased()[...])
        guard Self.isHost(host) else { return nil }
        guard let port else {
            self.text = "\(scheme)://\(host)"
            return
        }
        guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy(Self.isDigit), let number = Int(port),
            (1...65_535).contains(number)
        else { return nil }
        let isUsual = (scheme == "https" && number == 443) || (scheme == "http" && number == 80)
        self.text = isUsual ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(number)"
    }

    private static func separator(in text: String) -> Range<String.Index>? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        return colon..<text.index(colon, offsetBy: 3)
    }

    /// Host and port; the port is nil when there is no colon behind the host.
    private static func split(_ authority: Substring) -> (host: Substring, port: Substring?) {
        // The colons of an IPv6 address are inside its brackets.
        let end = authority.firstIndex(of: "]") ?? authority.startIndex
        guard let colon = authority[end...].firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    private static func isScheme(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) }
    }

    private static func isHost(_ host: Substring) -> Bool {
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), host.utf8.count > 3 else { return false }
            return host.utf8.dropFirst().dropLast().allSatisfy {
                isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) || ":.".utf8.contains($0)
            }
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return host.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-_".utf8.contains($0) }
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
