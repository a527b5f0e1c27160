/// A provider's key, which no log line, error or debugger output shows.
public struct ProviderKey: Sendable, Equatable {
    let secret: String

    /// - Returns: nil when the text is empty or cannot stand in a header.
    public init?(_ text: String) {
        let secret = Sentences.trimmed(text)
        guard !secret.isEmpty, secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        self.secret = secret
    }

    /// `text` without the key, should a provider have quoted it, and without anything that looks like one.
    func redacted(_ text: String) -> String {
        Self.redacted(text.replacing(secret, with: "[key]"))
    }

    static func redacted(_ text: String) -> String {
        text.replacing(/(sk|key|Bearer)[-_ ][A-Za-z0-9_*.-]{6,}/.ignoresCase(), with: "[key]")
    }
}

extension ProviderKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "[redacted]" }
    public var debugDescription: String { "[redacted]" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
