/// Goes once over the bytes of a document whose form is known, without values in between. Gives up at whatever is not as
/// expected, or not plain: the general reader then says what is wrong, or reads it.
struct JSONCursor {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    // MARK: Pieces

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// Goes past one of JSON's signs and the white space before it.
    mutating func passes(_ sign: Unicode.Scalar) -> Bool {
        skipWhitespace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    /// Whether nothing but white space is left.
    mutating func isAtEnd() -> Bool {
        skipWhitespace()
        return position == bytes.count
    }

    /// The members of an object, of which `read` reads the values, by the place of their names in `names`.
    /// - Returns: false for anything that is not an object with members of these names, each of them at most once.
    mutating func readObject(
        _ names: [StaticString], _ read: (_ cursor: inout JSONCursor, _ index: Int) -> Bool
    ) -> Bool {
        guard passes("{") else { return false }
        var seen: UInt32 = 0
        repeat {
            guard let index = name(among: names), seen & (1 << UInt32(index)) == 0, passes(":"), read(&self, index)
            else {
                return false
            }
            seen |= 1 << UInt32(index)
        } while passes(",")
        return passes("}")
    }

    /// The place of the name that stands here in `names`.
    private mutating func name(among names: [StaticString]) -> Int? {
        guard let range = plainString() else { return nil }
        for (index, name) in names.enumerated() where name.utf8CodeUnitCount == range.count {
            var isSame = true
            for offset in 0..<range.count where bytes[range.lowerBound + offset] != name.utf8Start[offset] {
                isSame = false
                break
            }
            if isSame { return index }
        }
        return nil
    }

    // MARK: Strings

    /// Where the text of a string without escapes stands, if there is one.
    private mutating func plainString() -> Range<Int>? {
        guard passes("\"") else { return nil }
        let start = position
        let end = bytes.firstSpecial(from: start)
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return nil }
        position = end + 1
        return start..<end
    }

    /// A string.
    mutating func string() -> String? {
        guard passes("\"") else { return nil }
        let start = position
        let end = bytes.firstSpecial(from: start)
        guard end < bytes.count else { return nil }
        switch bytes[end] {
        case UInt8(ascii: "\""):
            position = end + 1
            return String(validating: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
        case UInt8(ascii: "\\"): return escapedString(from: start)
        default: return nil
        }
    }

    /// A string with escapes. They only make a text shorter.
    private mutating func escapedString(from start: Int) -> String? {
        guard let end = end(ofStringFrom: start) else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: end - start, alignment: 1) { text -> String? in
            var source = start
            var count = 0
            while source < end {
                let special = min(bytes.firstSpecial(from: source), end)
                UnsafeMutableRawBufferPointer(rebasing: text[count...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[source..<special]))
                count += special - source
                source = special
                guard source < end else { break }
                guard let (scalar, length) = escape(at: source, before: end) else { return nil }
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    text[count] = byte
                    count += 1
                }
                source += length
            }
            position = end + 1
            return String(validating: UnsafeRawBufferPointer(rebasing: text[..<count]), as: UTF8.self)
        }
    }

    /// Where the quote stands that ends a string.
    private func end(ofStringFrom start: Int) -> Int? {
        var position = start
        while true {
            position = bytes.firstSpecial(from: position)
            guard position < bytes.count else { return nil }
            switch bytes[position] {
            case UInt8(ascii: "\""): return position
            case UInt8(ascii: "\\"): position += 2
            default: return nil
            }
        }
    }

    /// The scalar for which the escape at `start` stands, and the bytes of it.
    private func escape(at start: Int, before end: Int) -> (Unicode.Scalar, length: Int)? {
        guard start + 1 < end, bytes[start] == UInt8(ascii: "\\") else { return nil }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""): return ("\"", 2)
        case UInt8(ascii: "\\"): return ("\\", 2)
        case UInt8(ascii: "/"): return ("/", 2)
        case UInt8(ascii: "b"): return ("\u{8}", 2)
        case UInt8(ascii: "f"): return ("\u{c}", 2)
        case UInt8(ascii: "n"): return ("\n", 2)
        case UInt8(ascii: "r"): return ("\r", 2)
        case UInt8(ascii: "t"): return ("\t", 2)
        case UInt8(ascii: "u"): break
        default: return nil
        }
        guard let first = codeUnit(at: start, before: end) else { return nil }
        if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
        guard UTF16.isLeadSurrogate(first), let second = codeUnit(at: start + 6, before: end),
            UTF16.isTrailSurrogate(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
        else { return nil }
        return (scalar, 12)
    }

    /// What `\uXXXX` at `start` says.
    private func codeUnit(at start: Int, before end: Int) -> UInt16? {
        guard start + 6 <= end, bytes[start] == UInt8(ascii: "\\"), bytes[start + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt16 = 0
        for byte in bytes[(start + 2)..<(start + 6)] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
