/// Collects everything that is wrong with a request, so that a client learns it in one answer.
///
/// ```swift
/// var check = Validation()
/// check.text(request.content, field: "content", scalars: Validation.messageScalars)
/// check.json(.object(request.metadata), field: "metadata", maximumBytes: Validation.metadataBytes)
/// try check.finish()
/// ```
public struct Validation: Sendable {
    /// Unicode scalars in a message's text (contract: 1…16 000).
    public static let messageScalars = 1...16_000
    /// Bytes in an identifier chosen by a client, such as `client_message_id` (contract: ≤ 64).
    public static let clientIdentifierBytes = 64
    /// Bytes of a session's serialised `metadata` (contract: 8 KiB).
    public static let metadataBytes = 8 * 1024
    /// Bytes of a contact's serialised `attributes` (contract: 16 KiB).
    public static let attributesBytes = 16 * 1024

    public private(set) var problems: [FieldProblem] = []
    /// What was checked, in the order of the checks; only of one that records.
    public private(set) var rules: [(field: String, rule: FieldRule)] = []
    private let isRecording: Bool

    /// - Parameter isRecording: notes the rules themselves, for a description of the request. Values do not matter then.
    public init(isRecording: Bool = false) {
        self.isRecording = isRecording
    }

    /// Says which rule a check follows; every check does so before it looks at the value.
    public mutating func note(_ rule: FieldRule, of field: String) {
        if isRecording { rules.append((field, rule)) }
    }

    /// - Throws: what was collected, if anything was.
    public func finish() throws(ValidationProblems) {
        guard problems.isEmpty else { throw ValidationProblems(problems) }
    }

    /// Records a problem found by a rule that is not in this type.
    public mutating func reject(_ field: String, code: String, message: String) {
        problems.append(FieldProblem(field: field, code: code, message: message))
    }

    /// A field of a PATCH that always has a value.
    public mutating func present<Value>(_ value: Patch<Value>, field: String) {
        note(.notNull, of: field)
        if case .cleared = value { reject(field, code: "required", message: "must not be null") }
    }

    /// Text of a length within `scalars` (Unicode scalars) and without NUL, which no database stores everywhere.
    public mutating func text(_ value: String, field: String, scalars: ClosedRange<Int>) {
        note(.text(scalars: scalars), of: field)
        if value.utf8.contains(0) {
            reject(field, code: "contains_nul", message: "must not contain the character U+0000")
            return
        }
        // A scalar has one to four bytes, so the byte count settles most cases without a walk over the text.
        let count = value.unicodeScalars.count
        if count < scalars.lowerBound {
            if count == 0 {
                reject(field, code: "required", message: "must not be empty")
            } else {
                reject(field, code: "too_short", message: "must have at least \(scalars.lowerBound) characters")
            }
        } else if count > scalars.upperBound {
            reject(field, code: "too_long", message: "must have at most \(scalars.upperBound) characters")
        }
    }

    /// The same for a text that may be missing.
    public mutating func text(_ value: String?, field: String, scalars: ClosedRange<Int>) {
        guard let value else { return note(.text(scalars: scalars), of: field) }
        text(value, field: field, scalars: scalars)
    }

    /// An identifier chosen by a client: 1…`maximumBytes` bytes of UTF-8 without control characters.
    public mutating func identifier(
        _ value: String, field: String, maximumBytes: Int = Validation.clientIdentifierBytes
    ) {
        note(.identifier(maximumBytes: maximumBytes), of: field)
        if value.isEmpty {
            reject(field, code: "required", message: "must not be empty")
        } else if value.utf8.count > maximumBytes {
            reject(field, code: "too_long", message: "must have at most \(maximumBytes) bytes")
        } else if value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            reject(field, code: "invalid_value", message: "must not contain control characters")
        }
    }

    /// The same for an identifier that may be missing.
    public mutating func identifier(
        _ value: String?, field: String, maximumBytes: Int = Validation.clientIdentifierBytes
    ) {
        guard let value else { return note(.identifier(maximumBytes: maximumBytes), of: field) }
        identifier(value, field: field, maximumBytes: maximumBytes)
    }

    /// An e-mail address as ``EmailAddress`` reads it.
    public mutating func email(_ value: String, field: String) {
        note(.email, of: field)
        if EmailAddress(value) == nil {
            reject(field, code: EmailAddress.invalid.code, message: EmailAddress.invalid.message)
        }
    }

    /// A JSON value of at most `maximumBytes` in its stored form, and without NUL in any text.
    public mutating func json(_ value: JSONValue, field: String, maximumBytes: Int) {
        note(.json(maximumBytes: maximumBytes), of: field)
        let bytes = value.serializedBytes()
        if bytes.count > maximumBytes {
            reject(field, code: "too_large", message: "must have at most \(maximumBytes) bytes as JSON")
        } else if value.containsNUL {
            reject(field, code: "contains_nul", message: "must not contain the character U+0000")
        }
    }

    /// A number within `range`.
    public mutating func number<Number: Comparable & CustomStringConvertible>(
        _ value: Number, field: String, in range: ClosedRange<Number>
    ) {
        if let range = range as? ClosedRange<Int64> {
            note(.number(minimum: range.lowerBound, maximum: range.upperBound), of: field)
        }
        if !range.contains(value) {
            reject(
                field, code: "out_of_range", message: "must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
