/// A rule for a field, as a schema can say it. What ``Validation`` checks and what clients are told is the same value.
public enum FieldRule: Sendable, Equatable {
    /// Text of so many Unicode scalars without NUL.
    case text(scalars: ClosedRange<Int>)
    /// Text of at most so many bytes of UTF-8 without control characters.
    case identifier(maximumBytes: Int)
    case email
    /// A BCP 47 language tag.
    case locale
    /// JSON of at most so many bytes.
    case json(maximumBytes: Int)
    /// The same, an object.
    case object(maximumBytes: Int)
    case number(minimum: Int64, maximum: Int64)
    case items(minimum: Int = 0, maximum: Int)
    /// A list in which nothing stands twice.
    case distinct
    /// A field that can be changed but not cleared.
    case notNull
    case words([String])

    /// Type of the JSON that it is about; nil for any.
    public var type: String? {
        switch self {
        case .text, .identifier, .email, .locale, .words: "string"
        case .json, .notNull: nil
        case .object: "object"
        case .number: "integer"
        case .items, .distinct: "array"
        }
    }

    /// Keywords of JSON Schema beside the type.
    public var keywords: [String: JSONValue] {
        switch self {
        case .text(let scalars):
            [
                "minLength": .int(Int64(scalars.lowerBound)), "maxLength": .int(Int64(scalars.upperBound)),
                // Said of texts alone: a field may also be null.
                "not": ["type": "string", "pattern": "\\u0000"],
            ]
        case .identifier(let bytes):
            // A character is a byte at least; the exact bound is said in words.
            [
                "minLength": 1, "maxLength": .int(Int64(bytes)), "pattern": "^[^\\u0000-\\u001f\\u007f]*$",
                "description": .string("At most \(bytes) bytes of UTF-8."),
            ]
        case .email: ["format": "email", "maxLength": 254, "pattern": .string(EmailAddress.pattern)]
        case .locale: ["pattern": "^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$", "maxLength": 35]
        case .json(let bytes), .object(let bytes):
            ["description": .string("At most \(bytes) bytes as JSON.")]
        case .number(let minimum, let maximum): ["minimum": .int(minimum), "maximum": .int(maximum)]
        case .items(let minimum, let maximum):
            ["maxItems": .int(Int64(maximum))].merging(
                minimum > 0 ? ["minItems": .int(Int64(minimum))] : [:], uniquingKeysWith: { first, _ in first })
        case .distinct: ["uniqueItems": true]
        case .notNull: [:]
        case .words(let words): ["enum": .array(words.map { .string($0) })]
        }
    }
}
