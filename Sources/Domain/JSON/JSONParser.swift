/// One pass over the bytes of a document. Written by hand because Foundation's reader accepts duplicate keys
/// (last one wins), has no limits of its own, and reports no offset.
struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private let limits: JSONLimits
    private var position = 0
    private var values = 0

    init(bytes: UnsafeRawBufferPointer, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        guard bytes.count <= limits.maximumBytes else { throw fault(.tooLarge, at: limits.maximumBytes) }
        skipWhitespace()
        let value = try value(depth: 0)
        skipWhitespace()
        guard position == bytes.count else { throw fault(.trailingBytes) }
        return value
    }

    private func fault(_ reason: JSONSyntaxError.Reason, at offset: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, offset: offset ?? position)
    }

    private func peek() throws(JSONSyntaxError) -> UInt8 {
        guard position < bytes.count else { throw fault(.unexpectedEnd) }
        return bytes[position]
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        values += 1
        guard values <= limits.maximumValues else { throw fault(.tooManyValues) }
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default: throw fault(.unexpectedByte)
        }
    }

    private mutating func literal(_ text: StaticString) throws(JSONSyntaxError) {
        for index in 0..<text.utf8CodeUnitCount {
            guard try peek() == text.utf8Start[index] else { throw fault(.unexpectedByte) }
            position += 1
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth <= limits.maximumDepth else { throw fault(.tooDeep) }
        position += 1
        skipWhitespace()
        var members: [String: JSONValue] = [:]
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            let start = position
            guard try peek() == UInt8(ascii: "\"") else { throw fault(.unexpectedByte) }
            let key = try string()
            skipWhitespace()
            guard try peek() == UInt8(ascii: ":") else { throw fault(.unexpectedByte) }
            position += 1
            skipWhitespace()
            let value = try value(depth: depth)
            guard members.updateValue(value, forKey: key) == nil else { throw fault(.duplicateKey, at: start) }
            skipWhitespace()
            let byte = try peek()
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else { throw fault(.unexpectedByte) }
            position += 1
            if byte == UInt8(ascii: "}") { return .object(members) }
            skipWhitespace()
        }
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth <= limits.maximumDepth else { throw fault(.tooDeep) }
        position += 1
        skipWhitespace()
        var elements: [JSONValue] = []
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            elements.append(try value(depth: depth))
            skipWhitespace()
            let byte = try peek()
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") else { throw fault(.unexpectedByte) }
            position += 1
            if byte == UInt8(ascii: "]") { return .array(elements) }
            skipWhitespace()
        }
    }

    // MARK: Numbers

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        let negative = bytes[position] == UInt8(ascii: "-")
        if negative { position += 1 }
        // Counted downwards, because the most negative Int64 has no positive twin.
        var whole: Int64? = 0
        if try peek() == UInt8(ascii: "0") {
            position += 1
            if position < bytes.count, bytes[position] &- UInt8(ascii: "0") <= 9 { throw fault(.invalidNumber) }
        } else {
            try digits { digit in
                guard let current = whole else { return }
                let (product, overflow) = current.multipliedReportingOverflow(by: 10)
                let (sum, underflow) = product.subtractingReportingOverflow(Int64(digit))
                whole = overflow || underflow ? nil : sum
            }
        }
        var isWhole = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            try digits { _ in }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            position += 1
            let sign = try peek()
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            try digits { _ in }
        }
        if isWhole, let whole {
            if negative { return .int(whole) }
            if whole != .min { return .int(-whole) }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let double = Double(text), double.isFinite else { throw fault(.numberOutOfRange, at: start) }
        return .double(double)
    }

    /// At least one digit, and all that follow it.
    private mutating func digits(_ consume: (UInt8) -> Void) throws(JSONSyntaxError) {
        let start = position
        while position < bytes.count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            consume(digit)
            position += 1
        }
        guard position > start else { throw fault(position < bytes.count ? .invalidNumber : .unexpectedEnd) }
    }

    // MARK: Strings

    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        while true {
            let byte = try peek()
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw fault(.controlCharacter) }
            position += 1
        }
        let raw = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        guard let text = String(validating: raw, as: UTF8.self) else {
            throw fault(.invalidUTF8, at: start + Self.firstInvalidByte(in: raw))
        }
        position += 1
        return text
    }

    /// The rare string with a backslash, which stands at `position`.
    private mutating func escapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var text = Array(bytes[start..<position])
        while true {
            let byte = try peek()
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                try appendEscape(to: &text)
            } else {
                guard byte >= 0x20 else { throw fault(.controlCharacter) }
                text.append(byte)
                position += 1
            }
        }
        guard let string = String(validating: text, as: UTF8.self) else {
            // Escapes are ASCII and stand for whole scalars, so the fault is in the bytes as they were sent.
            let raw = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
            throw fault(.invalidUTF8, at: start + Self.firstInvalidByte(in: raw))
        }
        position += 1
        return string
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONSyntaxError) {
        let start = position
        position += 1
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let first = try codeUnit(of: start)
            var code = UInt32(first)
            if UTF16.isTrailSurrogate(first) { throw fault(.loneSurrogate, at: start) }
            if UTF16.isLeadSurrogate(first) {
                let next = position
                guard next + 1 < bytes.count, bytes[next] == UInt8(ascii: "\\"), bytes[next + 1] == UInt8(ascii: "u")
                else { throw fault(.loneSurrogate, at: start) }
                position += 2
                let second = try codeUnit(of: next)
                guard UTF16.isTrailSurrogate(second) else { throw fault(.loneSurrogate, at: start) }
                code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault(.invalidEscape, at: start) }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw fault(.invalidEscape, at: start)
        }
    }

    /// The four hexadecimal digits of the escape that begins at `start`.
    private mutating func codeUnit(of start: Int) throws(JSONSyntaxError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let byte = try peek()
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw fault(.invalidEscape, at: start)
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    /// Where the first ill-formed sequence begins; only called when there is one.
    private static func firstInvalidByte(in bytes: UnsafeRawBufferPointer) -> Int {
        var parser = UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .valid(let scalar) = parser.parseScalar(from: &iterator) { offset += scalar.count }
        return offset
    }
}
