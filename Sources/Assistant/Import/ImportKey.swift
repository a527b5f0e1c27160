/// The parts of an article's source: the path of its file, and what it is known by inside the file.
enum ImportKey {
    /// Scalars of a path. With the key inside the file it stays below ``ArticleLimits/maximumSource``.
    private static let pathScalars = 180
    private static let keyScalars = 100

    /// `path` with `/` between its parts, without steps up or to nowhere. Paths of browsers have backslashes.
    static func path(_ path: String) -> String {
        let parts = path.split { $0 == "/" || $0 == "\\" }.filter { $0 != "." && $0 != ".." }
        return shortened(visible(parts.joined(separator: "/")), to: pathScalars)
    }

    /// The source of what is known by `key` in the file at `path`; of the file's only article without one.
    static func source(_ path: String, _ key: String? = nil) -> String {
        guard let key else { return path }
        return path + "#" + shortened(visible(key), to: keyScalars)
    }

    /// The end says more than the beginning; what was left out is told apart by a checksum.
    private static func shortened(_ text: String, to limit: Int) -> String {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count > limit else { return text }
        let sum = String(checksum(text.utf8), radix: 36)
        return sum + "~" + String(String.UnicodeScalarView(scalars.suffix(limit - sum.utf8.count - 1)))
    }

    private static func visible(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }

    /// FNV-1a, 64 bits.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
