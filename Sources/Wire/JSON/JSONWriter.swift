public import Domain

/// Writes JSON text as bytes, one piece after the other: no value in between, and no string that is only copied.
///
/// The caller sees to the commas and brackets, most of which it has in constant pieces:
///
///     writer.text(#"{"type":"pong","data":{"head_seq":"#)
///     writer.integer(41)
///     writer.text("}}")
///
/// The text is the one of Foundation's encoder with `.withoutEscapingSlashes`.
public struct JSONWriter: ~Copyable {
    /// Not an array, whose checks at each piece cost more than the pieces.
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// Bytes written so far.
    public private(set) var count = 0

    /// - Parameter capacity: expected size in bytes; more only costs a reallocation.
    public init(capacity: Int = 512) {
        self.capacity = max(64, capacity)
        memory = .allocate(capacity: self.capacity)
    }

    deinit {
        memory.deallocate()
    }

    /// What has been written: valid UTF-8.
    public var bytes: [UInt8] {
        Array(UnsafeBufferPointer(start: memory, count: count))
    }

    /// Shows what has been written. The bytes are not to be used after `body`.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(start: memory, count: count))
    }

    // MARK: Pieces

    /// The place for `size` more bytes.
    @inline(__always)
    private mutating func room(_ size: Int) -> UnsafeMutablePointer<UInt8> {
        if capacity - count < size { grow(by: size) }
        return memory + count
    }

    private mutating func grow(by size: Int) {
        capacity = max(capacity * 2, count + size)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.initialize(from: memory, count: count)
        memory.deallocate()
        memory = larger
    }

    @inline(__always)
    private mutating func append(_ start: UnsafePointer<UInt8>, _ size: Int) {
        room(size).initialize(from: start, count: size)
        count += size
    }

    @inline(__always)
    private mutating func append(_ piece: UnsafeBufferPointer<UInt8>) {
        guard let start = piece.baseAddress else { return }
        append(start, piece.count)
    }

    /// Takes back what was written after the first `count` bytes.
    private mutating func cut(to count: Int) { self.count = min(self.count, count) }

    /// A constant piece of JSON as it is.
    public mutating func text(_ piece: StaticString) { append(piece.utf8Start, piece.utf8CodeUnitCount) }

    @inline(__always)
    mutating func byte(_ byte: UInt8) {
        room(1).initialize(to: byte)
        count += 1
    }

    /// ASCII that needs no escapes, such as digits.
    mutating func plain(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    // MARK: Values

    public mutating func null() { text("null") }

    public mutating func bool(_ value: Bool) {
        if value { text("true") } else { text("false") }
    }

    public mutating func integer(_ value: Int64) {
        if value < 0 { byte(UInt8(ascii: "-")) }
        integer(value.magnitude)
    }

    public mutating func integer(_ value: Int) { integer(Int64(value)) }

    mutating func integer(_ value: UInt64) {
        // 20 digits are the most that 64 bits have.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value
            var start = 20
            repeat {
                start -= 1
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                digits.initializeElement(at: start, to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
                rest = quotient
            } while rest != 0
            append(UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// The shortest digits that read back as the same number, without a fraction where it has none.
    /// - Returns: false, with nothing written, for a number that JSON cannot write: an infinite one, and NaN.
    public mutating func number(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        shortest(value.description)
        return true
    }

    mutating func number(_ value: Float) -> Bool {
        guard value.isFinite else { return false }
        shortest(value.description)
        return true
    }

    private mutating func shortest(_ digits: String) {
        plain(digits)
        if digits.hasSuffix(".0") { cut(to: count - 2) }
    }

    /// RFC 3339, in quotes.
    public mutating func time(_ value: Timestamp) {
        byte(UInt8(ascii: "\""))
        value.write(to: UnsafeMutableBufferPointer(start: room(Timestamp.textLength), count: Timestamp.textLength))
        count += Timestamp.textLength
        byte(UInt8(ascii: "\""))
    }

    /// Text in quotes, escaped where JSON demands it and nowhere else.
    public mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            byte(UInt8(ascii: "\""))
            escaped(utf8)
            byte(UInt8(ascii: "\""))
        }
    }

    /// The same for an optional text, which is `null` without one.
    public mutating func string(_ value: String?) {
        if let value { string(value) } else { null() }
    }

    /// A word of ours that needs no escapes, such as the raw value of an enumeration, in quotes.
    public mutating func word(_ value: String) {
        byte(UInt8(ascii: "\""))
        plain(value)
        byte(UInt8(ascii: "\""))
    }

    /// The digits of an identifier.
    mutating func base32(_ block: AESBlock) {
        Base32.write(
            block, to: UnsafeMutableBufferPointer(start: room(Base32.digitsPerBlock), count: Base32.digitsPerBlock))
        count += Base32.digitsPerBlock
    }

    /// Whatever tells of itself, by the general encoder; `null` for what cannot be written.
    public mutating func value(_ value: some Encodable) {
        let start = count
        let encoding = JSONEncoding()
        swap(&self, &encoding.writer)
        let isWritten = encoding.writes(value)
        swap(&self, &encoding.writer)
        guard !isWritten else { return }
        cut(to: start)
        null()
    }

    private mutating func escaped(_ utf8: UnsafeBufferPointer<UInt8>) {
        var start = 0
        var position = 0
        while true {
            position = UnsafeRawBufferPointer(utf8).firstSpecial(from: position)
            append(UnsafeBufferPointer(rebasing: utf8[start..<position]))
            guard position < utf8.count else { return }
            escape(utf8[position])
            position += 1
            start = position
        }
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22: text(#"\""#)
        case 0x5C: text(#"\\"#)
        case 0x08: text(#"\b"#)
        case 0x09: text(#"\t"#)
        case 0x0A: text(#"\n"#)
        case 0x0C: text(#"\f"#)
        case 0x0D: text(#"\r"#)
        default:
            text(#"\u00"#)
            self.byte(Self.hexadecimal(byte >> 4))
            self.byte(Self.hexadecimal(byte & 0x0F))
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }

    // MARK: Keys

    /// The name of a property as a key: snake-cased, in quotes, and the colon.
    mutating func key(_ property: String) {
        var property = property
        let mark = count
        let isWritten = property.withUTF8 { snakeCased($0) }
        if !isWritten {
            cut(to: mark)
            string(SnakeCase.key(of: property))
        }
        byte(UInt8(ascii: ":"))
    }

    /// A key that is data, and the colon.
    mutating func dataKey(_ key: String) {
        string(key)
        byte(UInt8(ascii: ":"))
    }

    /// Writes a name of ASCII letters and digits whose capitals each begin a word of small letters, as nearly all do.
    /// - Returns: false for another, of which a part may have been written.
    private mutating func snakeCased(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        byte(UInt8(ascii: "\""))
        var start = 0
        for (index, byte) in name.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): continue
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                guard index > 0, index + 1 < name.count,
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(name[index + 1])
                else { return false }
                append(UnsafeBufferPointer(rebasing: name[start..<index]))
                self.byte(UInt8(ascii: "_"))
                self.byte(byte | 0x20)
                start = index + 1
            default: return false
            }
        }
        append(UnsafeBufferPointer(rebasing: name[start...]))
        byte(UInt8(ascii: "\""))
        return true
    }

    /// A comma, unless an object or array has just begun.
    @inline(__always)
    mutating func separator() {
        guard count > 0 else { return }
        let last = memory[count - 1]
        guard last != UInt8(ascii: "{"), last != UInt8(ascii: "[") else { return }
        byte(UInt8(ascii: ","))
    }
}
