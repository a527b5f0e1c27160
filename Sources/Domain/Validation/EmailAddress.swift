/// The syntax of an e-mail address; whether anybody reads it is another question.
///
/// Follows what browsers accept in `<input type=email>` (WHATWG HTML, "valid e-mail address") with the lengths of
/// RFC 5321 (64 before the `@`, 254 in all), and a domain of at least two labels unless it is `localhost`.
public struct EmailAddress: Hashable, Sendable {
    /// As it was written.
    public let text: String

    /// What is compared and stored as the unique key: ASCII lower case. People do not expect capitals to matter.
    public var key: String { text.lowercased() }

    /// The refusal, for messages to clients.
    public static let invalid = InvalidValue(code: "invalid_email", message: "must be an e-mail address")

    /// The same syntax as a regular expression, for those who check an address before they send it. Lengths apart.
    public static let pattern =
        #"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,62}[A-Za-z0-9!#$%&'*+/=?^_`{|}~-])?"#
        + #"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+|localhost)$"#

    /// Nil when `text` is not the syntax of an address.
    public init?(_ text: String) {
        guard text.utf8.count <= 254, let at = text.utf8.firstIndex(of: UInt8(ascii: "@")) else { return nil }
        let local = text.utf8[..<at]
        let domain = text.utf8[text.utf8.index(after: at)...]
        guard
            (1...64).contains(local.count), local.allSatisfy(Self.isLocal),
            local.first != UInt8(ascii: "."), local.last != UInt8(ascii: "."),
            !domain.isEmpty
        else { return nil }
        let labels = domain.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let wellFormed = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
        guard wellFormed, labels.count >= 2 || domain.elementsEqual("localhost".utf8) else { return nil }
        self.text = text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isLocal(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || localPunctuation.contains(byte)
    }

    private static let localPunctuation = Array(".!#$%&'*+/=?^_`{|}~-".utf8)
}

extension EmailAddress: Codable {
    /// - Throws: ``invalid``.
    public init(from decoder: any Decoder) throws {
        guard let address = EmailAddress(try decoder.singleValueContainer().decode(String.self)) else {
            throw Self.invalid
        }
        self = address
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
