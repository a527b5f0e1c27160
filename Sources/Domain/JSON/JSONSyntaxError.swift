/// How much JSON the reader accepts from outside.
public struct JSONLimits: Hashable, Sendable {
    /// Bytes of the document.
    public var maximumBytes: Int
    /// Arrays and objects inside one another. 64 is more than any request has, and little stack.
    public var maximumDepth: Int
    /// Values in all (members, elements and the root). A body of `[{},{},…` needs some thirty times its size in
    /// memory, so that the byte limit alone would not bound it.
    public var maximumValues: Int

    public init(maximumBytes: Int = 1_048_576, maximumDepth: Int = 64, maximumValues: Int = 100_000) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumValues = maximumValues
    }
}

/// Why bytes are not a JSON document: 400 `malformed_json`, or 413 `too_large` when ``isTooLarge``.
public struct JSONSyntaxError: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        case unexpectedEnd
        /// A byte that cannot stand there.
        case unexpectedByte
        /// More after the document's end.
        case trailingBytes
        case invalidUTF8
        /// A raw character below U+0020 in a string.
        case controlCharacter
        case invalidEscape
        /// Half of a UTF-16 pair.
        case loneSurrogate
        case invalidNumber
        /// A number that no `Double` holds, such as 1e999.
        case numberOutOfRange
        /// The same key twice in one object. Keys are compared as Unicode compares them, so a composed and a
        /// decomposed é are the same.
        case duplicateKey
        case tooDeep
        case tooManyValues
        case tooLarge
    }

    public let reason: Reason
    /// Where, in bytes from the start.
    public let offset: Int

    public init(reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// True when the document may be well-formed but is beyond the limits in bytes.
    public var isTooLarge: Bool { reason == .tooLarge }

    /// A sentence for people.
    public var message: String {
        let what =
            switch reason {
            case .unexpectedEnd: "the document ends too early"
            case .unexpectedByte: "unexpected character"
            case .trailingBytes: "more after the end of the document"
            case .invalidUTF8: "invalid UTF-8"
            case .controlCharacter: "raw control character in a string"
            case .invalidEscape: "invalid escape in a string"
            case .loneSurrogate: "half of a surrogate pair in a string"
            case .invalidNumber: "invalid number"
            case .numberOutOfRange: "number out of range"
            case .duplicateKey: "duplicate key in an object"
            case .tooDeep: "nested too deeply"
            case .tooManyValues: "too many values"
            case .tooLarge: "the document is too large"
            }
        return "\(what) at byte \(offset)"
    }
}
