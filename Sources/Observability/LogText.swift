/// Text as it may stand in a log: bounded, without recognisable secrets, and without anything that a terminal or a
/// reader of lines would act on.
enum LogText {
    /// The first `limit` bytes of `text`, cut between characters, with secrets replaced. Whether something was cut.
    static func bounded(_ text: String, limit: Int = LogLimits.textBytes) -> (bytes: [UInt8], wasCut: Bool) {
        var bytes = Array(text.utf8.prefix(limit + 1))
        let wasCut = bytes.count > limit
        if wasCut {
            bytes.removeLast()
            // Step back over a character that the limit has split.
            if let start = bytes.lastIndex(where: { $0 & 0xC0 != 0x80 }), start + length(of: bytes[start]) > bytes.count
            {
                bytes.removeSubrange(start...)
            }
        }
        return (SecretRedaction.scrubbed(bytes) ?? bytes, wasCut)
    }

    /// Appends `text` as a JSON string, quotes included.
    ///
    /// Beyond what JSON asks for (RFC 8259 §7) DEL, the C1 controls, line separators and direction overrides are escaped
    /// as well, so that `cat` on a log can neither be made to move the cursor nor to show what is not there.
    static func appendJSON(_ text: String, limit: Int = LogLimits.textBytes, to line: inout [UInt8]) {
        let (bytes, wasCut) = bounded(text, limit: limit)
        line.append(UInt8(ascii: "\""))
        appendEscaped(bytes, to: &line)
        if wasCut { line.append(contentsOf: ellipsis) }
        line.append(UInt8(ascii: "\""))
    }

    /// Appends `text` for a terminal: bare when that is unambiguous, otherwise quoted and escaped as in JSON.
    static func appendPlain(_ text: String, quoting: Bool, to line: inout [UInt8]) {
        let (bytes, wasCut) = bounded(text)
        let quotes = quoting && (bytes.isEmpty || bytes.contains { $0 <= 0x20 || $0 == UInt8(ascii: "\"") })
        if quotes { line.append(UInt8(ascii: "\"")) }
        appendEscaped(bytes, escapingQuotes: quotes, to: &line)
        if wasCut { line.append(contentsOf: ellipsis) }
        if quotes { line.append(UInt8(ascii: "\"")) }
    }

    private static let ellipsis = Array("…".utf8)
    private static let hexDigits = Array("0123456789abcdef".utf8)

    private static func appendEscaped(_ bytes: [UInt8], escapingQuotes: Bool = true, to line: inout [UInt8]) {
        line.reserveCapacity(line.count + bytes.count + 2)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                if escapingQuotes { line.append(UInt8(ascii: "\\")) }
                line.append(byte)
            case UInt8(ascii: "\n"): line.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): line.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): line.append(contentsOf: "\\t".utf8)
            case 0x00..<0x20, 0x7F: appendUnicodeEscape(UInt16(byte), to: &line)
            case 0xC2 where index + 1 < bytes.count && bytes[index + 1] < 0xA0:  // C1 controls, U+0080…U+009F
                appendUnicodeEscape(UInt16(bytes[index + 1]), to: &line)
                index += 1
            case 0xE2 where index + 2 < bytes.count && isReordering(bytes[index + 1], bytes[index + 2]):
                let unit = 0x2000 | UInt16(bytes[index + 1] & 0x3F) << 6 | UInt16(bytes[index + 2] & 0x3F)
                appendUnicodeEscape(unit, to: &line)
                index += 2
            default: line.append(byte)
            }
            index += 1
        }
    }

    /// Last bytes of U+2028, U+2029 (line separators), U+202A…U+202E and U+2066…U+2069 (direction overrides and
    /// isolates, which can make a line read differently from what it says).
    private static func isReordering(_ second: UInt8, _ third: UInt8) -> Bool {
        (second == 0x80 && (0xA8...0xAE).contains(third)) || (second == 0x81 && (0xA6...0xA9).contains(third))
    }

    private static func appendUnicodeEscape(_ unit: UInt16, to line: inout [UInt8]) {
        line.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] as [UInt16] { line.append(hexDigits[Int(unit >> shift & 0xF)]) }
    }

    private static func length(of leadingByte: UInt8) -> Int {
        switch leadingByte {
        case 0xC0..<0xE0: 2
        case 0xE0..<0xF0: 3
        case 0xF0...: 4
        default: 1
        }
    }
}
