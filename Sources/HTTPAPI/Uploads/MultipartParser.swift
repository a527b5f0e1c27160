import Foundation

/// Takes a `multipart/form-data` body apart while it arrives (RFC 7578, RFC 2046 5.1), whatever its pieces.
///
/// A pure state machine: it keeps a delimiter's worth of bytes and a part's headers, never a part.
///
/// ```swift
/// var parser = MultipartParser(boundary: boundary)
/// for piece in try parser.push(bytes) { … }
/// try parser.finish()
/// ```
struct MultipartParser: Sendable {
    enum Piece: Equatable, Sendable {
        case part(MultipartPart)
        /// Bytes of the part that was begun last. Never empty.
        case bytes([UInt8])
        case partEnd
    }

    enum Fault: Error, Equatable {
        /// What stands before the first part, between parts or in their headers is no multipart, or too long.
        case malformed(String)
        /// The end of the last part never came.
        case truncated
    }

    /// Bytes of a part's headers: a file name of 255 bytes, escaped, and what else browsers send.
    static let maximumHeaderBytes = 8 * 1024
    static let maximumHeaders = 16
    /// Bytes before the first part and behind a delimiter, which clients leave empty.
    static let maximumPaddingBytes = 1024

    private enum State {
        case preamble, delimiter, headers, body, epilogue
    }

    private var state = State.preamble
    /// What cannot be judged before more has come.
    private var rest: [UInt8]
    private let delimiter: [UInt8]
    private var skipped = 0

    /// - Parameter boundary: as the request's `Content-Type` names it.
    init(boundary: String) {
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter has no line before it.
        rest = Array("\r\n".utf8)
    }

    /// Takes the next bytes.
    /// - Throws: ``Fault``; the parser is of no use then.
    mutating func push(_ bytes: some Collection<UInt8>) throws(Fault) -> [Piece] {
        rest += bytes
        var pieces: [Piece] = []
        while try step(&pieces) {}
        return pieces
    }

    /// To be called at the end of the body.
    func finish() throws(Fault) {
        guard case .epilogue = state else { throw .truncated }
    }

    /// - Returns: false when more bytes are needed.
    private mutating func step(_ pieces: inout [Piece]) throws(Fault) -> Bool {
        switch state {
        case .preamble:
            let (before, isFound) = takeToDelimiter()
            skipped += before.count
            guard skipped <= Self.maximumPaddingBytes else { throw .malformed("the first part does not begin") }
            if isFound { state = .delimiter }
            return isFound
        case .delimiter: return try readDelimiterEnd()
        case .headers:
            guard let part = try readHeaders() else { return false }
            state = .body
            pieces.append(.part(part))
            return true
        case .body:
            let (bytes, isFound) = takeToDelimiter()
            if !bytes.isEmpty { pieces.append(.bytes(bytes)) }
            guard isFound else { return false }
            pieces.append(.partEnd)
            state = .delimiter
            return true
        case .epilogue:
            // To be ignored (RFC 2046, 5.1.1).
            rest.removeAll(keepingCapacity: true)
            return false
        }
    }

    /// Takes what stands before the next delimiter, and that with it. Without one, what can be no part of it.
    private mutating func takeToDelimiter() -> (bytes: [UInt8], isFound: Bool) {
        let (place, isFound) = rest.withUnsafeBytes { Self.find(delimiter, in: $0) }
        let bytes = Array(rest[..<place])
        rest.removeFirst(isFound ? place + delimiter.count : place)
        return (bytes, isFound)
    }

    /// Where `delimiter` stands in `bytes`, or where it may begin at their end.
    private static func find(_ delimiter: [UInt8], in bytes: UnsafeRawBufferPointer) -> (place: Int, isWhole: Bool) {
        guard let base = bytes.baseAddress, let first = delimiter.first else { return (0, false) }
        var place = 0
        while place < bytes.count {
            // By memchr, because most bytes of most files are none of it.
            guard let next = memchr(base + place, Int32(first), bytes.count - place) else {
                return (bytes.count, false)
            }
            place = UnsafeRawPointer(next) - base
            let length = min(delimiter.count, bytes.count - place)
            let isPrefix = delimiter.withUnsafeBytes { wanted in
                wanted.baseAddress.map { memcmp(base + place, $0, length) == 0 } ?? false
            }
            if isPrefix { return (place, length == delimiter.count) }
            place += 1
        }
        return (place, false)
    }

    /// Behind a delimiter stands `--` at the end of all parts, else padding and a line's end.
    private mutating func readDelimiterEnd() throws(Fault) -> Bool {
        guard rest.count >= 2 else { return false }
        if rest.starts(with: Array("--".utf8)) {
            state = .epilogue
            return true
        }
        guard let end = rest.firstIndex(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else {
            guard rest.count <= Self.maximumPaddingBytes else { throw .malformed("a delimiter does not end") }
            return false
        }
        guard end <= Self.maximumPaddingBytes else { throw .malformed("a delimiter does not end") }
        let line = rest[end...]
        guard line.count >= 2 || line.first != UInt8(ascii: "\r") else { return false }
        guard line.starts(with: Array("\r\n".utf8)) else {
            throw .malformed("a delimiter is followed by something else")
        }
        // The line's end stays: headers begin behind it, and an empty line may follow at once.
        rest.removeFirst(end)
        state = .headers
        return true
    }

    /// The headers up to the empty line; nil when it has not come.
    private mutating func readHeaders() throws(Fault) -> MultipartPart? {
        let window = rest.prefix(Self.maximumHeaderBytes)
        guard let end = Self.emptyLine(in: window) else {
            guard rest.count < Self.maximumHeaderBytes else { throw .malformed("the headers of a part are too long") }
            return nil
        }
        let lines = String(decoding: rest[..<end], as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: true)
        guard lines.count <= Self.maximumHeaders else { throw .malformed("a part has too many headers") }
        rest.removeFirst(end + 4)
        return try MultipartPart(headers: lines)
    }

    private static func emptyLine(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { window in
            let (place, isWhole) = find(Array("\r\n\r\n".utf8), in: window)
            return isWhole ? place : nil
        }
    }
}

/// What a part says of itself.
struct MultipartPart: Equatable, Sendable {
    /// Of the form's field.
    var name: String
    /// As the client wrote it: for showing only, and after cleaning.
    var fileName: String?
    /// What the client says the part is, without parameters and in lower case.
    var mediaType: String?

    init(name: String, fileName: String? = nil, mediaType: String? = nil) {
        self.name = name
        self.fileName = fileName
        self.mediaType = mediaType
    }

    init(headers: [Substring]) throws(MultipartParser.Fault) {
        var name: String?
        for header in headers {
            guard let colon = header.firstIndex(of: ":") else { throw .malformed("a part's header has no colon") }
            let value = header[header.index(after: colon)...]
            switch header[..<colon].trimmed.lowercased() {
            case "content-disposition":
                let disposition = HeaderParameters(value)
                guard disposition.value == "form-data" else { throw .malformed("a part is no form data") }
                name = disposition["name"]
                // `filename*` must not be used here (RFC 7578, 4.2).
                fileName = disposition["filename"]
            case "content-type":
                let type = HeaderParameters(value).value
                mediaType = type.isEmpty ? nil : type
            case "content-transfer-encoding":
                // RFC 7578, 4.7: not to be used any more. What leaves the bytes as they are does no harm.
                guard ["binary", "8bit", "7bit"].contains(value.trimmed.lowercased()) else {
                    throw .malformed("a part is encoded")
                }
            default: break
            }
        }
        guard let name else { throw .malformed("a part has no name") }
        self.name = name
    }
}

/// A header's value with its parameters, such as `form-data; name="file"`.
struct HeaderParameters: Equatable, Sendable {
    /// In lower case.
    let value: String
    private var parameters: [String: String] = [:]

    init(_ text: some StringProtocol) {
        let characters = Array(text.unicodeScalars)
        var place = characters.firstIndex(of: ";") ?? characters.count
        value = Self.text(characters[..<place]).trimmed.lowercased()
        while place < characters.count {
            place += 1
            let nameEnd = characters[place...].firstIndex { $0 == "=" || $0 == ";" } ?? characters.count
            let name = Self.text(characters[place..<nameEnd]).trimmed.lowercased()
            place = nameEnd
            guard place < characters.count, characters[place] == "=" else { continue }
            place += 1
            while place < characters.count, characters[place] == " " { place += 1 }
            var content = ""
            if place < characters.count, characters[place] == "\"" {
                place += 1
                while place < characters.count, characters[place] != "\"" {
                    // Browsers escape a quote as %22, others with a backslash; a backslash alone is one of a path.
                    if characters[place] == "\\", place + 1 < characters.count, characters[place + 1] == "\"" {
                        place += 1
                    }
                    content.unicodeScalars.append(characters[place])
                    place += 1
                }
                place = characters[place...].firstIndex(of: ";") ?? characters.count
            } else {
                let end = characters[place...].firstIndex(of: ";") ?? characters.count
                content = Self.text(characters[place..<end]).trimmed
                place = end
            }
            if !name.isEmpty, parameters[name] == nil { parameters[name] = content }
        }
    }

    subscript(name: String) -> String? { parameters[name] }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }
}
