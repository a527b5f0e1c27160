#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How the bytes of a file stand for text.
enum TextEncoding: String, CaseIterable {
    case utf8 = "UTF-8"
    case utf16LittleEndian = "UTF-16LE"
    case utf16BigEndian = "UTF-16BE"
    /// Chinese, and a superset of GB2312 and GBK, so that files that call themselves one of them are read as this.
    case gb18030 = "GB18030"
    case big5 = "BIG5-HKSCS"
    /// Western European; what calls itself ISO 8859-1 is read as this (WHATWG Encoding, 4.2).
    case windows1252 = "CP1252"
    case shiftJIS = "CP932"
    case eucKorean = "CP949"

    /// By the name that a file gives (WHATWG Encoding, 4.2); nil for one that is not known here.
    init?(label: String) {
        let label = label.lowercased().filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" }
        switch label {
        case "utf-8", "utf8", "unicode-1-1-utf-8": self = .utf8
        case "utf-16", "utf-16le": self = .utf16LittleEndian
        case "utf-16be": self = .utf16BigEndian
        case "gbk", "gb2312", "gb18030", "gb_2312-80", "x-gbk", "cp936", "chinese", "hz-gb-2312": self = .gb18030
        case "big5", "big5-hkscs", "x-x-big5": self = .big5
        case "iso-8859-1", "iso8859-1", "latin1", "windows-1252", "cp1252", "us-ascii", "ascii": self = .windows1252
        case "shift_jis", "shift-jis", "sjis", "windows-31j", "ms_kanji": self = .shiftJIS
        case "euc-kr", "ks_c_5601-1987", "windows-949", "korean": self = .eucKorean
        default: return nil
        }
    }

    /// The text of a file.
    ///
    /// A byte order mark decides, then UTF-8 that is UTF-8 (text of another encoding hardly ever is), then what the file
    /// says of itself, then a look at the bytes.
    /// - Parameter declared: the encoding that the file names.
    /// - Throws: an ``ImportProblem`` when it is no text.
    static func text(of bytes: [UInt8], declared: TextEncoding? = nil) throws(ImportProblem) -> String {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return try text(of: bytes[3...], in: .utf8) }
        if bytes.starts(with: [0xFF, 0xFE]) { return try text(of: bytes[2...], in: .utf16LittleEndian) }
        if bytes.starts(with: [0xFE, 0xFF]) { return try text(of: bytes[2...], in: .utf16BigEndian) }
        if let text = String(validating: bytes, as: UTF8.self) { return try clean(text) }
        if let declared, declared != .utf8 { return try text(of: bytes[...], in: declared) }
        return try text(of: bytes[...], in: guess(bytes))
    }

    private static func text(of bytes: ArraySlice<UInt8>, in encoding: TextEncoding) throws(ImportProblem) -> String {
        if encoding == .utf8 {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ImportProblem(line: 1, "the file begins as UTF-8 and is not")
            }
            return try clean(text)
        }
        guard let text = encoding.convert(bytes) else {
            throw ImportProblem("the file is neither UTF-8 nor \(encoding.rawValue); save it as UTF-8")
        }
        return try clean(text)
    }

    /// Between the two that files without a name for their encoding are usually in. In GB 18030 nearly all bytes above
    /// ASCII stand in pairs of two such bytes; in a Western European text they stand alone between letters.
    private static func guess(_ bytes: [UInt8]) -> TextEncoding {
        var paired = 0
        var alone = 0
        var index = 0
        while index < bytes.count {
            guard bytes[index] >= 0x80 else {
                index += 1
                continue
            }
            if index + 1 < bytes.count, bytes[index + 1] >= 0x80 {
                paired += 1
                index += 2
            } else {
                alone += 1
                index += 1
            }
        }
        return paired > alone ? .gb18030 : .windows1252
    }

    /// Control characters mean that it is no text. What else nobody sees is taken out where texts are compared, not here.
    private static func clean(_ text: String) throws(ImportProblem) -> String {
        var line = 1
        for byte in text.utf8 {
            if byte == 0x0A { line += 1 }
            if byte == 0 { throw ImportProblem(line: line, "the file is no text") }
        }
        return text
    }

    /// - Returns: nil when the bytes are not of this encoding.
    private func convert(_ bytes: ArraySlice<UInt8>) -> String? {
        guard let converter = Converter(from: rawValue) else { return nil }
        return converter.text(of: bytes)
    }
}

/// `iconv` of the C library.
private struct Converter: ~Copyable {
    private let descriptor: iconv_t

    init?(from name: String) {
        guard let descriptor = iconv_open("UTF-8", name), Int(bitPattern: descriptor) != -1 else { return nil }
        self.descriptor = descriptor
    }

    deinit { iconv_close(descriptor) }

    func text(of bytes: ArraySlice<UInt8>) -> String? {
        var input = bytes.map { CChar(bitPattern: $0) }
        var result: [UInt8] = []
        result.reserveCapacity(input.count * 2)
        var piece = [CChar](repeating: 0, count: 64 * 1024)
        var done = 0
        while done < input.count {
            let count = input.count
            let (status, consumed, produced, error) = input.withUnsafeMutableBufferPointer { input in
                piece.withUnsafeMutableBufferPointer { piece -> (Int, Int, Int, Int32) in
                    var from = input.baseAddress.map { $0 + done }
                    var left = count - done
                    var to = piece.baseAddress
                    var room = piece.count
                    let status = iconv(descriptor, &from, &left, &to, &room)
                    return (status == -1 ? -1 : 0, count - done - left, piece.count - room, errno)
                }
            }
            done += consumed
            result += piece[..<produced].map { UInt8(bitPattern: $0) }
            // A full piece is emptied and filled again; anything else is no such text.
            guard status == 0 || (error == E2BIG && produced > 0) else { return nil }
        }
        return String(validating: result, as: UTF8.self)
    }
}
