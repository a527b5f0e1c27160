/// Cuts HTML into tags and text, as forgivingly as browsers do (HTML Living Standard, 13.2.5, without its error messages):
/// whatever the bytes, there is a next token or the end, and no byte is looked at more than a few times.
struct HTMLTokens {
    enum Token: Equatable {
        case text(String)
        /// Names are in lower case.
        case start(String, [String: String])
        case end(String)
    }

    /// Attributes of a tag that are kept.
    private static let maximumAttributes = 64
    /// Bytes of a value that is kept: an address with all its parameters.
    private static let maximumValue = 4096

    private let bytes: [UInt8]
    private var place = 0
    /// The element whose inside is no HTML, up to its end tag.
    private var raw: String?

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func next() -> Token? {
        while place < bytes.count {
            if let name = raw {
                raw = nil
                let end = endOfRaw(name)
                let text = bytes[place..<end]
                place = end
                guard !text.isEmpty else { continue }
                return .text(name == "title" || name == "textarea" ? Self.decoded(text) : Self.plain(text))
            }
            if bytes[place] == UInt8(ascii: "<"), let tag = tag() { return tag.token ?? next() }
            return .text(text())
        }
        return nil
    }

    // MARK: Text

    /// Up to the next `<` that may begin a tag.
    private mutating func text() -> String {
        let start = place
        place += 1
        while place < bytes.count, bytes[place] != UInt8(ascii: "<") { place += 1 }
        return Self.decoded(bytes[start..<place])
    }

    private func endOfRaw(_ name: String) -> Int {
        let wanted = Array("</\(name)".utf8)
        var index = place
        while index + wanted.count <= bytes.count {
            if bytes[index] == wanted[0],
                zip(bytes[index..<(index + wanted.count)], wanted).allSatisfy({ Self.lower($0) == $1 })
            {
                let after = index + wanted.count < bytes.count ? bytes[index + wanted.count] : 0x3E
                if Self.isSpace(after) || after == 0x2F || after == 0x3E { return index }
            }
            index += 1
        }
        return bytes.count
    }

    private static func plain(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.contains(UInt8(ascii: "&")) ? HTMLEntities.decode(bytes, inAttribute: false) : plain(bytes)
    }

    // MARK: Tags

    /// Reads what stands at a `<`.
    /// - Returns: nil when that is text; no token for a comment.
    private mutating func tag() -> (token: Token?, Void)? {
        guard place + 1 < bytes.count else { return nil }
        switch bytes[place + 1] {
        case UInt8(ascii: "!"), UInt8(ascii: "?"):
            skipDeclaration()
            return (nil, ())
        case UInt8(ascii: "/"):
            guard place + 2 < bytes.count else { return nil }
            guard Characters.isASCIILetter(UInt32(bytes[place + 2])) else {
                skip(to: UInt8(ascii: ">"))
                return (nil, ())
            }
            place += 2
            let name = name()
            _ = attributes()
            return (.end(name), ())
        case let letter where Characters.isASCIILetter(UInt32(letter)):
            place += 1
            let name = name()
            let attributes = attributes()
            if Self.rawElements.contains(name) { raw = name }
            return (.start(name, attributes), ())
        default: return nil
        }
    }

    private mutating func skipDeclaration() {
        guard bytes[place...].starts(with: "<!--".utf8) else { return skip(to: UInt8(ascii: ">")) }
        // `<!-->` is a whole comment.
        var index = place + 4
        if index < bytes.count, bytes[index] == UInt8(ascii: ">") {
            place = index + 1
            return
        }
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: ">"), bytes[index - 1] == 0x2D, bytes[index - 2] == 0x2D { break }
            index += 1
        }
        place = min(index + 1, bytes.count)
    }

    private mutating func skip(to byte: UInt8) {
        place = bytes[place...].firstIndex(of: byte).map { $0 + 1 } ?? bytes.count
    }

    private mutating func name() -> String {
        let start = place
        while place < bytes.count, !Self.isSpace(bytes[place]), bytes[place] != 0x2F, bytes[place] != 0x3E {
            place += 1
        }
        return String(decoding: bytes[start..<place].map(Self.lower), as: UTF8.self)
    }

    /// The rest of a tag, with its end.
    private mutating func attributes() -> [String: String] {
        var attributes: [String: String] = [:]
        while place < bytes.count {
            let byte = bytes[place]
            if byte == 0x3E {
                place += 1
                return attributes
            }
            if Self.isSpace(byte) || byte == 0x2F {
                place += 1
                continue
            }
            let start = place
            place += 1
            while place < bytes.count, !Self.isSpace(bytes[place]), ![0x2F, 0x3E, 0x3D].contains(bytes[place]) {
                place += 1
            }
            let name = String(decoding: bytes[start..<place].prefix(64).map(Self.lower), as: UTF8.self)
            skipSpace()
            var value = ""
            if place < bytes.count, bytes[place] == 0x3D {
                place += 1
                skipSpace()
                value = self.value()
            }
            if attributes.count < Self.maximumAttributes, attributes[name] == nil { attributes[name] = value }
        }
        return attributes
    }

    private mutating func value() -> String {
        guard place < bytes.count else { return "" }
        let first = bytes[place]
        let start: Int
        let end: Int
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            start = place + 1
            end = bytes[start...].firstIndex(of: first) ?? bytes.count
            place = min(end + 1, bytes.count)
        } else {
            start = place
            while place < bytes.count, !Self.isSpace(bytes[place]), bytes[place] != 0x3E { place += 1 }
            end = place
        }
        let value = bytes[start..<end].prefix(Self.maximumValue)
        return value.contains(UInt8(ascii: "&"))
            ? HTMLEntities.decode(value, inAttribute: true) : String(decoding: value, as: UTF8.self)
    }

    private mutating func skipSpace() {
        while place < bytes.count, Self.isSpace(bytes[place]) { place += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Elements whose inside holds no tags (13.1.2.5), and `noscript`, which nobody sees.
    private static let rawElements: Set<String> = [
        "script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "noscript",
    ]
}
