/// A short fingerprint of a text, the same on every machine. Not against an attacker who may choose both texts.
enum TextDigest {
    /// FNV-1a of the UTF-8 bytes, 64 bits.
    static func value(of text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Sixteen hexadecimal digits.
    static func hex(of text: String) -> String {
        let digits = String(value(of: text), radix: 16)
        return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
    }
}
