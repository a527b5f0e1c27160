import Foundation

/// How Foundation's encoder writes the same.
enum JSONOracle {
    static func bytes(_ value: some Encodable) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return (try? encoder.encode(value)).map(Array.init)
    }

    /// The same text with the members of every object in the order of their keys, and otherwise byte for byte what it
    /// was: Foundation's order is that of a dictionary, which is any.
    /// - Parameter json: valid JSON without white space.
    static func sorted(_ json: [UInt8]) -> String {
        var text = SortedText(bytes: json)
        return text.value()
    }
}

private struct SortedText {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func value() -> String {
        switch byte {
        case UInt8(ascii: "{"):
            var members: [(key: String, value: String)] = []
            list(until: UInt8(ascii: "}")) {
                let key = $0.scalar()
                $0.position += 1
                members.append((key, $0.value()))
            }
            return "{" + members.sorted { $0 < $1 }.map { "\($0.key):\($0.value)" }.joined(separator: ",") + "}"
        case UInt8(ascii: "["):
            var elements: [String] = []
            list(until: UInt8(ascii: "]")) { elements.append($0.value()) }
            return "[" + elements.joined(separator: ",") + "]"
        default: return scalar()
        }
    }

    private mutating func list(until end: UInt8, _ element: (inout SortedText) -> Void) {
        position += 1
        while position < bytes.count, byte != end {
            element(&self)
            if byte == UInt8(ascii: ",") { position += 1 }
        }
        position += 1
    }

    private mutating func scalar() -> String {
        let start = position
        if byte == UInt8(ascii: "\"") {
            position += 1
            while position < bytes.count, byte != UInt8(ascii: "\"") { position += byte == UInt8(ascii: "\\") ? 2 : 1 }
            position += 1
        } else {
            while position < bytes.count, !",]}:".utf8.contains(byte) { position += 1 }
        }
        // Scalar by scalar: equality of strings would overlook a changed normal form.
        return bytes[start..<min(position, bytes.count)].map { String(UnicodeScalar($0)) }.joined()
    }
}
