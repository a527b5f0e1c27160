/// Checks a text for UTF-8 while it arrives in pieces that may end inside a scalar (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF). It fails at the first byte that cannot continue a valid text.
struct UTF8Validator {
    /// Continuation bytes that the scalar in progress still needs; 0 at a scalar's boundary.
    private var missing: UInt8 = 0
    /// The range that the next continuation byte must lie in: narrower than 80–BF after E0, ED, F0 and F4.
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xBF

    /// Whether everything seen so far is a whole text, with no scalar cut off at its end.
    var isAtBoundary: Bool { missing == 0 }

    /// Takes the next piece.
    ///
    /// - Returns: `false` when the text is not UTF-8, whatever may follow.
    mutating func accept(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            if missing == 0 {
                // Most text is ASCII or nearly so: eight bytes at a time while no high bit is set.
                while index &+ 8 <= count,
                    bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    index &+= 8
                }
                guard index < count else { return true }
                guard begin(bytes[index]) else { return false }
            } else {
                let byte = bytes[index]
                guard byte >= lower, byte <= upper else { return false }
                missing &-= 1
                lower = 0x80
                upper = 0xBF
            }
            index &+= 1
        }
        return true
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: missing = 1
        case 0xE0: (missing, lower) = (2, 0xA0)
        case 0xE1...0xEC, 0xEE...0xEF: missing = 2
        case 0xED: (missing, upper) = (2, 0x9F)
        case 0xF0: (missing, lower) = (3, 0x90)
        case 0xF1...0xF3: missing = 3
        case 0xF4: (missing, upper) = (3, 0x8F)
        default: return false
        }
        return true
    }
}
