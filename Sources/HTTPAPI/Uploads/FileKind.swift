/// What a file is by its own bytes. Anything else is not taken: what nobody can name, nobody should be sent.
///
/// Nothing that a browser would run is among them: HTML, SVG, XML and scripts are refused, whatever they are called.
enum FileKind: String, Sendable, CaseIterable {
    case png = "image/png"
    case jpeg = "image/jpeg"
    case gif = "image/gif"
    case webp = "image/webp"
    case pdf = "application/pdf"
    case mp3 = "audio/mpeg"
    case wav = "audio/wav"
    case ogg = "audio/ogg"
    case mp4 = "video/mp4"
    case m4a = "audio/mp4"
    case docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    case xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    case pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    case odt = "application/vnd.oasis.opendocument.text"
    case ods = "application/vnd.oasis.opendocument.spreadsheet"
    case odp = "application/vnd.oasis.opendocument.presentation"
    /// UTF-8 without control characters: notes, tables, JSON.
    case text = "text/plain"

    /// Bytes of a file's beginning that are looked at. In it an office document names its first parts.
    static let prefixBytes = 8192

    var mediaType: String { rawValue }

    /// Whether a browser may show it in the page: it is drawn and never run.
    static func isShownInline(_ mediaType: String) -> Bool {
        [Self.png, .jpeg, .gif, .webp].contains { $0.mediaType == mediaType }
    }

    /// The kind by a file's beginning: its first ``prefixBytes``, or all of it. Text is only a guess until ``TextCheck`` has
    /// seen the rest.
    init?(prefix: [UInt8]) {
        func has(_ text: StaticString, at offset: Int = 0) -> Bool {
            let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            return prefix.count >= offset + wanted.count && prefix[offset...].starts(with: wanted)
        }
        func begins(_ bytes: [UInt8]) -> Bool { prefix.starts(with: bytes) }

        if begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if begins([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if has("GIF87a") || has("GIF89a") {
            self = .gif
        } else if has("RIFF"), has("WEBP", at: 8) {
            self = .webp
        } else if has("RIFF"), has("WAVE", at: 8) {
            self = .wav
        } else if has("%PDF-") {
            self = .pdf
        } else if has("OggS") {
            self = .ogg
        } else if has("ID3") || Self.isMPEGFrame(prefix) {
            self = .mp3
        } else if has("ftyp", at: 4), let kind = Self.mp4(brand: prefix[8...].prefix(4)) {
            self = kind
        } else if begins([0x50, 0x4B, 0x03, 0x04]) {
            guard let kind = ZIPBeginning(prefix).kind else { return nil }
            self = kind
        } else if TextCheck.looksLikeText(prefix) {
            self = .text
        } else {
            return nil
        }
    }

    /// The head of an MPEG audio frame, layer III (ISO 11172-3, 2.4.1.3): 11 bits of sync, no reserved version, bit rate or
    /// sample rate.
    private static func isMPEGFrame(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 else { return false }
        return bytes[1] & 0x18 != 0x08 && bytes[1] & 0x06 == 0x02 && bytes[2] & 0xF0 != 0xF0 && bytes[2] & 0x0C != 0x0C
    }

    private static func mp4(brand: ArraySlice<UInt8>) -> FileKind? {
        switch String(decoding: brand, as: UTF8.self) {
        case "M4A ", "M4B ": .m4a
        case "isom", "iso2", "iso3", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "dash", "M4V ", "MSNV", "3gp4",
            "3gp5":
            .mp4
        default: nil
        }
    }

    // MARK: What a client claims

    /// Whether what a client says of the file is true. Nothing said, and what says nothing, is.
    func agrees(withClaim mediaType: String?) -> Bool {
        guard let mediaType, mediaType != self.mediaType else { return true }
        return mediaType == "application/octet-stream" || mediaType == "binary/octet-stream"
            || aliases.contains(mediaType)
    }

    /// Other names that programs have for it.
    private var aliases: Set<String> {
        switch self {
        case .png: ["image/x-png"]
        case .jpeg: ["image/jpg", "image/pjpeg"]
        case .pdf: ["application/x-pdf"]
        case .mp3: ["audio/mp3", "audio/x-mp3", "audio/mpeg3", "audio/x-mpeg"]
        case .wav: ["audio/wave", "audio/x-wav", "audio/vnd.wave"]
        case .ogg: ["application/ogg", "video/ogg", "audio/opus", "audio/vorbis"]
        case .mp4: ["audio/mp4", "video/x-m4v", "video/3gpp", "audio/3gpp", "application/mp4"]
        case .m4a: ["video/mp4", "audio/m4a", "audio/x-m4a", "audio/aac", "application/mp4"]
        case .docx, .xlsx, .pptx, .odt, .ods, .odp: ["application/zip", "application/x-zip-compressed"]
        // Windows calls a table with commas what opens it.
        case .text:
            [
                "text/csv", "application/csv", "application/vnd.ms-excel", "application/json", "text/json",
                "text/markdown",
                "text/x-markdown", "text/tab-separated-values", "text/x-log", "application/x-ndjson",
            ]
        case .gif, .webp: []
        }
    }

    /// Whether a name's ending, in lower case, may stand on such a file. Endings of other kinds and of what machines run may
    /// not: who opens the file later goes by its name.
    func agrees(withEnding ending: String) -> Bool {
        if endings.contains(ending) { return true }
        return !Self.runnable.contains(ending) && !Self.allCases.contains { $0.endings.contains(ending) }
    }

    /// The first is given to files whose name has none.
    var endings: [String] {
        switch self {
        case .png: ["png"]
        case .jpeg: ["jpg", "jpeg", "jpe", "jfif"]
        case .gif: ["gif"]
        case .webp: ["webp"]
        case .pdf: ["pdf"]
        case .mp3: ["mp3"]
        case .wav: ["wav", "wave"]
        case .ogg: ["ogg", "oga", "ogv", "opus"]
        case .mp4: ["mp4", "m4v", "3gp", "m4a"]
        case .m4a: ["m4a", "m4b", "mp4", "aac"]
        case .docx: ["docx"]
        case .xlsx: ["xlsx"]
        case .pptx: ["pptx"]
        case .odt: ["odt"]
        case .ods: ["ods"]
        case .odp: ["odp"]
        case .text: ["txt", "csv", "json", "md", "log", "tsv", "text"]
        }
    }

    /// Endings that browsers, shells and desktops take for programs or pages.
    private static let runnable: Set<String> = [
        "html", "htm", "xhtml", "xht", "shtml", "mht", "mhtml", "svg", "svgz", "xml", "xsl", "xslt", "hta", "js", "mjs",
        "cjs",
        "jse", "vbs", "vbe", "wsf", "wsh", "ps1", "psm1", "bat", "cmd", "com", "exe", "dll", "msi", "msp", "scr", "pif",
        "cpl",
        "jar", "jnlp", "apk", "app", "dmg", "pkg", "deb", "rpm", "sh", "bash", "zsh", "csh", "command", "desktop",
        "lnk",
        "url", "reg", "inf", "swf", "php", "phtml", "asp", "aspx", "jsp", "cgi", "pl", "py", "rb", "docm", "xlsm",
        "pptm",
        "dotm", "xltm", "iso", "img", "vhd", "vhdx", "chm", "hlp", "scf", "gadget", "application", "appref-ms",
        "webloc",
    ]
}

/// The entries of a ZIP file that its beginning shows.
private struct ZIPBeginning {
    private var names: [String] = []
    /// Of the first entry, when it lies there as it is.
    private var firstContent = ""

    /// Local file headers (APPNOTE 4.3.7), wherever one begins: many writers put the sizes, by which one would go from one to
    /// the next, behind the content.
    init(_ bytes: [UInt8]) {
        func number(_ offset: Int, _ count: Int) -> Int? {
            guard offset + count <= bytes.count else { return nil }
            return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        for place in bytes.indices where bytes[place] == 0x50 && number(place, 4) == 0x0403_4B50 {
            guard let size = number(place + 18, 4), let nameLength = number(place + 26, 2),
                let extraLength = number(place + 28, 2), place + 30 + nameLength <= bytes.count
            else { return }
            names.append(String(decoding: bytes[place + 30..<place + 30 + nameLength], as: UTF8.self))
            let content = place + 30 + nameLength + extraLength
            if place == 0, content + size <= bytes.count {
                firstContent = String(decoding: bytes[content..<content + size], as: UTF8.self)
            }
        }
    }

    /// An OpenDocument begins with its own type; Office Open XML names its parts in any order. Programs are ZIP files too.
    var kind: FileKind? {
        if names.first == "mimetype" {
            return [FileKind.odt, .ods, .odp].first { $0.mediaType == firstContent }
        }
        guard !names.contains(where: { $0.hasPrefix("META-INF/") || $0 == "AndroidManifest.xml" }) else { return nil }
        for (folder, kind) in [("word/", FileKind.docx), ("xl/", .xlsx), ("ppt/", .pptx)] {
            if names.contains(where: { $0.hasPrefix(folder) }) { return kind }
        }
        return nil
    }
}

/// Whether bytes are plain text, while they arrive: UTF-8 without control characters, and not what a browser or a shell
/// would take for its own.
struct TextCheck: Sendable {
    private var pending: [UInt8] = []

    /// - Returns: false as soon as it is none.
    mutating func push(_ bytes: [UInt8]) -> Bool {
        let all = pending + bytes
        let whole = all.count - Self.unfinished(all)
        pending = Array(all[whole...])
        return Self.isText(all[..<whole])
    }

    /// Whether the last character has ended.
    var isWhole: Bool { pending.isEmpty }

    static func looksLikeText(_ prefix: [UInt8]) -> Bool {
        guard isText(prefix[..<(prefix.count - unfinished(prefix))]) else { return false }
        var start = prefix[...]
        if start.starts(with: [0xEF, 0xBB, 0xBF]) { start = start.dropFirst(3) }
        start = start.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        if start.starts(with: Array("#!".utf8)) { return false }
        guard start.first == UInt8(ascii: "<") else { return true }
        // A tag, a declaration, a comment: markup of some kind.
        let next = start.dropFirst().first ?? UInt8(ascii: " ")
        return
            !(next == UInt8(ascii: "!") || next == UInt8(ascii: "?") || next == UInt8(ascii: "/")
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(next | 0x20))
    }

    private static func isText(_ bytes: ArraySlice<UInt8>) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
            && !bytes.contains { ($0 < 0x20 && !(0x09...0x0D).contains($0)) || $0 == 0x7F }
    }

    /// Bytes at the end that begin a character of which the rest is to come.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let byte = bytes[bytes.count - length]
            if byte & 0xC0 == 0x80 { continue }
            let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return needed > length ? length : 0
        }
        return 0
    }
}
