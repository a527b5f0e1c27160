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
        var block = [UInt8](repeating: 0, count: 16)
        block[0] = Entity.identifierTag
        for index in 0..<8 {
            block[8 + index] = UInt8(truncatingIfNeeded: identifier.rawValue >> Int64(56 - 8 * index))
        }
        // Fails only for a block or key of another length, and both are fixed above.
        try? AES.permute(&block, key: key)
        return "\(Entity.identifierPrefix)_\(Base32.encode(block))"
    }

    /// The row key behind `text`, or nil when it is not one of this kind and installation.
    public func identifier<Entity: PubliclyIdentified>(
        _ text: String, of _: Entity.Type = Entity.self
    ) -> Identifier<Entity>? {
        let prefix = Entity.identifierPrefix.utf8
        let bytes = Array(text.utf8)
        guard bytes.count == prefix.count + 27, bytes.starts(with: prefix), bytes[prefix.count] == UInt8(ascii: "_"),
            var block = Base32.decode(bytes[(prefix.count + 1)...]),
            (try? AES.inversePermute(&block, key: key)) != nil,
            block[0] == Entity.identifierTag, block[1..<8].allSatisfy({ $0 == 0 })
        else { return nil }
        return Identifier(block[8...].reduce(0) { $0 << 8 | Int64($1) })
    }
}

extension PublicIdentifiers {
    /// A place in a list as clients carry it: good for that list alone, and not to be made up.
    /// - Parameter list: names the list, with all that a place in it depends on. The block holds 56 bits of its digest.
    public func text(position: Int64, in list: String) -> String {
        var block = [UInt8](repeating: 0, count: 16)
        block.replaceSubrange(1..<8, with: Self.mark(of: list))
        block[0] = Self.positionTag
        for index in 0..<8 { block[8 + index] = UInt8(truncatingIfNeeded: position >> Int64(56 - 8 * index)) }
        try? AES.permute(&block, key: key)
        return Self.positionPrefix + Base32.encode(block)
    }

    /// The place behind `text`; nil when it was not given out for this list.
    public func position(_ text: String, in list: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == Self.positionPrefix.utf8.count + 26, text.hasPrefix(Self.positionPrefix),
            var block = Base32.decode(bytes[Self.positionPrefix.utf8.count...]),
            (try? AES.inversePermute(&block, key: key)) != nil,
            block[0] == Self.positionTag, block[1..<8].elementsEqual(Self.mark(of: list))
        else { return nil }
        return block[8...].reduce(0) { $0 << 8 | Int64($1) }
    }

    private static var positionPrefix: String { "cur_" }
    /// No kind of row has it.
    private static var positionTag: UInt8 { 255 }

    private static func mark(of list: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(list.utf8)).prefix(7))
    }
}

/// Crockford's base 32 in lower case: 16 bytes are 26 characters, the last of which carries 3 bits.
enum Base32 {
    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 8 + 4) / 5)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(digits[Int(buffer >> bits & 31)])
            }
        }
        if bits > 0 { text.append(digits[Int(buffer << (5 - bits) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: nil for other characters, and for a tail that no encoding makes, so that each value has one form.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 5 / 8)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for character in text {
            guard let value = digits.firstIndex(of: character) else { return nil }
            buffer = (buffer << 5 | UInt32(value)) & 0xFFFF
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        guard buffer & ((1 << bits) - 1) == 0 else { return nil }
        return bytes
    }
}
