import Domain

/// Lengths of the texts that clients enter, in Unicode scalars where nothing else is said. Chosen to hold any real
/// value and to keep rows of lists small.
enum FieldRules {
    static let name = 1...200
    static let phone = 1...40
    static let subject = 1...300
    static let reason = 1...500
    static let label = 1...64
    static let title = ArticleLimits.title
    static let articleContent = ArticleLimits.content
    static let question = ArticleLimits.question
    static let maximumLabels = 20
    /// What a widget shows first: some sentences.
    static let greeting = 1...1000
    static let maximumOrigins = 100
    static let maximumLanguages = 20
    static let maximumQuestions = ArticleLimits.maximumQuestions
    /// UTF-8 bytes of a company's own key of a customer.
    static let externalIdBytes = 255
}

extension Validation {
    /// A BCP 47 language tag, by its form: letters, digits and hyphens, at most 35 (RFC 5646, 4.4.1).
    mutating func locale(_ value: String?, field: String = "locale") {
        note(.locale, of: field)
        guard let value else { return }
        let subtags = value.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let isTag =
            value.utf8.count <= 35 && subtags.allSatisfy { (1...8).contains($0.count) && $0.allSatisfy(isAlphanumeric) }
        if !isTag {
            reject(field, code: "invalid_locale", message: "must be a language tag such as en or zh-CN")
        }
    }

    mutating func locale(_ value: Patch<String>, field: String = "locale") {
        locale(value.applied(to: nil), field: field)
    }

    mutating func text(_ value: Patch<String>, field: String, scalars: ClosedRange<Int>) {
        text(value.applied(to: nil), field: field, scalars: scalars)
    }

    mutating func email(_ value: String?, field: String) {
        guard let value else { return note(.email, of: field) }
        email(value, field: field)
    }

    /// A JSON object of at most so many bytes.
    mutating func object(_ value: JSONValue?, field: String, maximumBytes: Int) {
        note(.object(maximumBytes: maximumBytes), of: field)
        guard let value else { return }
        if value.objectValue == nil {
            reject(field, code: "wrong_type", message: "must be an object")
        } else {
            json(value, field: field, maximumBytes: maximumBytes)
        }
    }

    /// A list of texts, each once.
    mutating func texts(_ values: [String]?, field: String, maximum: Int, scalars: ClosedRange<Int>) {
        note(.items(maximum: maximum), of: field)
        note(.text(scalars: scalars), of: "\(field)[]")
        guard let values else { return }
        guard values.count <= maximum else {
            return reject(field, code: "too_many", message: "must have at most \(maximum) items")
        }
        for (index, value) in values.enumerated() { text(value, field: "\(field)[\(index)]", scalars: scalars) }
    }

    private func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

extension Patch where Value == JSONValue {
    /// The new value; nil leaves it, and a cleared one is empty again.
    var objectChange: JSONValue? {
        // Spelt out, because a bare `nil` would be JSON's null here.
        switch self {
        case .absent: Optional<JSONValue>.none
        case .cleared: .object([:])
        case .set(let value): value
        }
    }

    /// What is to be checked of it.
    var setValue: JSONValue? {
        if case .set(let value) = self { value } else { Optional<JSONValue>.none }
    }
}

extension Patch {
    /// As the store's commands take it: nil leaves, `.some(nil)` clears.
    var change: Value?? {
        switch self {
        case .absent: nil
        case .cleared: .some(nil)
        case .set(let value): .some(value)
        }
    }
}
