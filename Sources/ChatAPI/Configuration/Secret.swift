/// A value that must not be shown. Printing, interpolating, dumping or logging it shows a placeholder; whoever needs
/// the value says so.
struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Least number of bytes of a secret that keys are made from: 256 bits.
    static let minimumKeyBytes = 32

    private let value: String

    init(_ value: String) {
        self.value = value
    }

    /// The value itself.
    func reveal() -> String { value }

    /// The value's UTF-8 bytes.
    var bytes: [UInt8] { Array(value.utf8) }

    var description: String { "[secret]" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// Whether this is a text from somebody's documentation, or a row of the same few characters, rather than a
    /// secret. Production refuses such a one.
    var looksLikeAPlaceholder: Bool {
        let lowercased = value.lowercased()
        let placeholders = [
            "changeme", "change-me", "change_me", "your-", "your_", "example", "secret-key", "openssl rand",
        ]
        return placeholders.contains(where: lowercased.contains) || Set(value.utf8).count < 8
    }
}
