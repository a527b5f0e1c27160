import Crypto
import CryptoExtras
public import Domain

/// A kind of row that clients can name.
public protocol PubliclyIdentified {
    /// Goes in front of the opaque part, so that people see what an id is of.
    static var identifierPrefix: String { get }
    /// Distinct number of the kind inside the encrypted block. Never change or reuse one.
    static var identifierTag: UInt8 { get }
}

extension Workspace: PubliclyIdentified {
    public static var identifierPrefix: String { "wsp" }
    public static var identifierTag: UInt8 { 1 }
}
extension Inbox: PubliclyIdentified {
    public static var identifierPrefix: String { "inb" }
    public static var identifierTag: UInt8 { 2 }
}
extension User: PubliclyIdentified {
    public static var identifierPrefix: String { "usr" }
    public static var identifierTag: UInt8 { 3 }
}
extension Contact: PubliclyIdentified {
    public static var identifierPrefix: String { "con" }
    public static var identifierTag: UInt8 { 4 }
}
extension ChatSession: PubliclyIdentified {
    public static var identifierPrefix: String { "ses" }
    public static var identifierTag: UInt8 { 5 }
}
extension Conversation: PubliclyIdentified {
    public static var identifierPrefix: String { "cnv" }
    public static var identifierTag: UInt8 { 6 }
}
extension Message: PubliclyIdentified {
    public static var identifierPrefix: String { "msg" }
    public static var identifierTag: UInt8 { 7 }
}
extension Event: PubliclyIdentified {
    public static var identifierPrefix: String { "evt" }
    public static var identifierTag: UInt8 { 8 }
}
extension Login: PubliclyIdentified {
    public static var identifierPrefix: String { "lgn" }
    public static var identifierTag: UInt8 { 9 }
}
extension Article: PubliclyIdentified {
    public static var identifierPrefix: String { "art" }
    public static var identifierTag: UInt8 { 10 }
}
extension Role: PubliclyIdentified {
    public static var identifierPrefix: String { "rol" }
    public static var identifierTag: UInt8 { 11 }
}
extension Team: PubliclyIdentified {
    public static var identifierPrefix: String { "tem" }
    public static var identifierTag: UInt8 { 12 }
}
extension APIKey: PubliclyIdentified {
    public static var identifierPrefix: String { "key" }
    public static var identifierTag: UInt8 { 13 }
}
extension Invitation: PubliclyIdentified {
    public static var identifierPrefix: String { "inv" }
    public static var identifierTag: UInt8 { 14 }
}
extension Attachment: PubliclyIdentified {
    public static var identifierPrefix: String { "att" }
    public static var identifierTag: UInt8 { 15 }
}
extension AuditEntry: PubliclyIdentified {
    public static var identifierPrefix: String { "aud" }
    public static var identifierTag: UInt8 { 16 }
}
extension AssistantPrice: PubliclyIdentified {
    public static var identifierPrefix: String { "prc" }
    public static var identifierTag: UInt8 { 17 }
}

/// Maps row keys to the opaque strings that clients see, and back, without a column or an index for it.
///
/// One AES-128 block holds the kind, the key and 56 zero bits; 26 characters of lower-case Crockford base 32 after a
/// prefix make 30 in all. Without the installation's key nobody can make one that decodes (1 in 2⁵⁶ of guesses has the
/// right zeros), nor tell from two of them how many rows lie between. The key lies in the database, so identifiers move with
/// the data.
public struct PublicIdentifiers: Sendable {
    /// Bytes of the installation's key.
    public static let keyBytes = 16

    fileprivate let key: SymmetricKey

    /// - Parameter key: ``keyBytes`` bytes.
    /// - Returns: nil for a key of another length.
    public init?(key: [UInt8]) {
        guard key.count == Self.keyBytes else { return nil }
        self.key = SymmetricKey(data: key)
    }

    public func text<Entity: PubliclyIdentified>(_ identifier: Identifier<Entity>) -> String {
        let block = block(of: identifier)
        let prefix = Entity.identifierPrefix
        return String(unsafeUninitializedCapacity: prefix.utf8.count + 1 + Base32.digitsPerBlock) { buffer in
            var position = 0
            for byte in prefix.utf8 {
                buffer.initializeElement(at: position, to: byte)
                position += 1
            }
            buffer.initializeElement(at: position, to: UInt8(ascii: "_"))
            Base32.write(block, to: UnsafeMutableBufferPointer(rebasing: buffer[(position + 1)...]))
            return position + 1 + Base32.digitsPerBlock
        }
    }

    /// Writes ``text(_:)`` as a JSON string.
    public func write<Entity: PubliclyIdentified>(_ identifier: Identifier<Entity>, to writer: inout JSONWriter) {
        writer.text("\"")
        writer.plain(Entity.identifierPrefix)
        writer.text("_")
        writer.base32(block(of: identifier))
        writer.text("\"")
    }

    private func block<Entity: PubliclyIdentified>(of identifier: Identifier<Entity>) -> AESBlock {
        var block = AESBlock(
            high: UInt64(Entity.identifierTag) << 56, low: UInt64(bitPattern: identifier.rawValue))
        block.encrypt(key)
        return block
    }

    /// The row key behind `text`, or nil when it is not one of this kind and installation.
    public func identifier<Entity: PubliclyIdentified>(
        _ text: String, of _: Entity.Type = Entity.self
    ) -> Identifier<Entity>? {
        var text = text
        return text.withUTF8 { bytes in
            let prefix = Entity.identifierPrefix.utf8
            guard bytes.count == prefix.count + 1 + Base32.digitsPerBlock, bytes.starts(with: prefix),
                bytes[prefix.count] == UInt8(ascii: "_"),
                var block = Base32.block(UnsafeBufferPointer(rebasing: bytes[(prefix.count + 1)...]))
            else { return nil }
            block.decrypt(key)
            guard block.high == UInt64(Entity.identifierTag) << 56 else { return nil }
            return Identifier(Int64(bitPattern: block.low))
        }
    }
}

extension PublicIdentifiers {
    /// A place in a list as clients carry it: good for that list alone, and not to be made up.
    /// - Parameter list: names the list, with all that a place in it depends on. The block holds 56 bits of its digest.
    public func text(position: Int64, in list: String) -> String {
        var block = AESBlock(
            high: UInt64(Self.positionTag) << 56 | Self.mark(of: list), low: UInt64(bitPattern: position))
        block.encrypt(key)
        return Self.positionPrefix
            + String(unsafeUninitializedCapacity: Base32.digitsPerBlock) { buffer in
                Base32.write(block, to: buffer)
                return Base32.digitsPerBlock
            }
    }

    /// The place behind `text`; nil when it was not given out for this list.
    public func position(_ text: String, in list: String) -> Int64? {
        guard text.hasPrefix(Self.positionPrefix) else { return nil }
        var digits = String(text.dropFirst(Self.positionPrefix.count))
        guard var block = digits.withUTF8({ Base32.block($0) }) else { return nil }
        block.decrypt(key)
        guard block.high == UInt64(Self.positionTag) << 56 | Self.mark(of: list) else { return nil }
        return Int64(bitPattern: block.low)
    }

    private static var positionPrefix: String { "cur_" }
    /// No kind of row has it.
    private static var positionTag: UInt8 { 255 }

    private static func mark(of list: String) -> UInt64 {
        SHA256.hash(data: Array(list.utf8)).prefix(7).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// 16 bytes as two numbers, the first byte the most significant.
struct AESBlock: Equatable {
    var high: UInt64
    var low: UInt64

    fileprivate mutating func encrypt(_ key: SymmetricKey) {
        // Fails only for a block or key of another length, and both are fixed.
        try? AES.permute(&self, key: key)
    }

    fileprivate mutating func decrypt(_ key: SymmetricKey) {
        try? AES.inversePermute(&self, key: key)
    }
}

/// AES takes any collection of bytes, and from another module as one whose type it does not know: of all of them this one
/// costs the least.
extension AESBlock: MutableCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { 16 }
    var count: Int { 16 }

    func index(after index: Int) -> Int { index + 1 }

    subscript(index: Int) -> UInt8 {
        get { UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> Self.shift(index)) }
        set {
            let mask = UInt64(0xFF) << Self.shift(index)
            let bits = UInt64(newValue) << Self.shift(index)
            if index < 8 { high = high & ~mask | bits } else { low = low & ~mask | bits }
        }
    }

    private static func shift(_ index: Int) -> UInt64 { UInt64(56 - 8 * (index & 7)) }

    mutating func withContiguousMutableStorageIfAvailable<Result>(
        _ body: (inout UnsafeMutableBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        var bytes = (high.bigEndian, low.bigEndian)
        defer { (high, low) = (UInt64(bigEndian: bytes.0), UInt64(bigEndian: bytes.1)) }
        return try withUnsafeMutableBytes(of: &bytes) { raw in
            try raw.withMemoryRebound(to: UInt8.self) { bytes in
                var bytes = bytes
                return try body(&bytes)
            }
        }
    }
}

/// Crockford's base 32 in lower case: 16 bytes are 26 characters, the last of which carries 3 bits.
enum Base32 {
    /// Characters of a block.
    static let digitsPerBlock = 26

    private static let digits: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"

    /// Fills the first ``digitsPerBlock`` bytes of `buffer`, which has room for them.
    static func write(_ block: AESBlock, to buffer: UnsafeMutableBufferPointer<UInt8>) {
        guard buffer.count >= digitsPerBlock else { return }
        let digits = digits.utf8Start
        // 12 characters and four bits from the first half; one bit, 12 characters and three bits from the second.
        for index in 0..<12 {
            let shift = UInt64(59 - 5 * index)
            buffer.initializeElement(at: index, to: digits[Int(block.high >> shift & 31)])
        }
        buffer.initializeElement(at: 12, to: digits[Int((block.high & 15) << 1 | block.low >> 63)])
        for index in 13..<25 {
            let shift = UInt64(58 - 5 * (index - 13))
            buffer.initializeElement(at: index, to: digits[Int(block.low >> shift & 31)])
        }
        buffer.initializeElement(at: 25, to: digits[Int((block.low & 7) << 2)])
    }

    /// - Returns: nil for other characters or another number of them, and for a tail that no encoding makes, so that each
    ///   value has one form.
    static func block(_ text: UnsafeBufferPointer<UInt8>) -> AESBlock? {
        guard text.count == digitsPerBlock else { return nil }
        var block = AESBlock(high: 0, low: 0)
        for byte in text.dropLast() {
            guard let value = value(of: byte) else { return nil }
            block.high = block.high << 5 | block.low >> 59
            block.low = block.low << 5 | value
        }
        guard let last = value(of: text[digitsPerBlock - 1]), last & 3 == 0 else { return nil }
        block.high = block.high << 3 | block.low >> 61
        block.low = block.low << 3 | last >> 2
        return block
    }

    private static func value(of byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "h"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "j")...UInt8(ascii: "k"): UInt64(byte - UInt8(ascii: "j") + 18)
        case UInt8(ascii: "m")...UInt8(ascii: "n"): UInt64(byte - UInt8(ascii: "m") + 20)
        case UInt8(ascii: "p")...UInt8(ascii: "t"): UInt64(byte - UInt8(ascii: "p") + 22)
        case UInt8(ascii: "v")...UInt8(ascii: "z"): UInt64(byte - UInt8(ascii: "v") + 27)
        default: nil
        }
    }
}
