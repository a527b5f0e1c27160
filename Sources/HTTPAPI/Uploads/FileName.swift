/// What a file is called, made safe to show, to keep and to download as.
struct FileName: Equatable, Sendable {
    /// UTF-8 bytes: as much as file systems take for one name.
    static let maximumBytes = 255
    /// Characters of an ending; what is longer is a part of the name.
    private static let maximumEnding = 12

    let text: String

    /// - Parameters:
    ///   - given: as the client wrote it: perhaps with a path, perhaps with characters that turn a name around or hide a part
    ///     of it.
    ///   - kind: gives a name without an ending one.
    init(_ given: String?, of kind: FileKind) {
        var name = Self.clean(given ?? "")
        if name.isEmpty { name = "file" }
        if Self.ending(of: name) == nil { name += ".\(kind.endings.first ?? "bin")" }
        text = Self.shortened(name)
    }

    /// The ending in lower case, without its dot; nil when there is none.
    var ending: String? { Self.ending(of: text) }

    /// The ending that a client's name has.
    static func ending(ofGiven given: String?) -> String? { given.map(clean).flatMap(ending) }

    private static func ending(of name: String) -> String? {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        let ending = name[name.index(after: dot)...]
        guard (1...maximumEnding).contains(ending.count), ending.unicodeScalars.allSatisfy(isEndingScalar) else {
            return nil
        }
        return ending.lowercased()
    }

    private static func isEndingScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
    }

    /// The last component of a path of any system, without what is not seen.
    private static func clean(_ given: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in unescaped(given).unicodeScalars {
            if scalar == "/" || scalar == "\\" {
                scalars.removeAll()
            } else if isShown(scalar) {
                scalars.append(scalar)
            }
        }
        // Windows takes dots and spaces off the end; elsewhere a dot in front hides a file.
        let isEdge: (Character) -> Bool = { $0 == "." || $0.isWhitespace }
        let name = String(scalars).drop(while: isEdge)
        return String(name.reversed().drop(while: isEdge).reversed())
    }

    /// Not control characters, nor what turns the direction of writing, joins or has no width.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    /// As browsers escape what a quoted text cannot hold (WHATWG HTML, multipart/form-data).
    private static func unescaped(_ text: String) -> String {
        text.replacing("%22", with: "\"").replacing("%0D", with: "").replacing("%0A", with: "")
    }

    /// Cut in the middle of the name, so that its ending stays.
    private static func shortened(_ name: String) -> String {
        guard name.utf8.count > maximumBytes else { return name }
        let tail = ending(of: name).map { ".\($0)" } ?? ""
        var head = ""
        var bytes = tail.utf8.count
        for character in name.dropLast(tail.count) {
            bytes += String(character).utf8.count
            guard bytes <= maximumBytes else { break }
            head.append(character)
        }
        return head + tail
    }

    // MARK: In a header

    /// `Content-Disposition` with the name, for old programs in ASCII and for others whole (RFC 6266, RFC 8187).
    static func disposition(_ kind: String, _ name: String) -> String {
        let plain = String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    let isPlain = scalar.isASCII && scalar.value >= 0x20 && scalar.value != 0x7F
                    return isPlain && scalar != "\"" && scalar != "\\" && scalar != "%" ? scalar : "_"
                }))
        let whole = name.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
        return "\(kind); filename=\"\(plain)\"; filename*=UTF-8''\(whole)"
    }
}
