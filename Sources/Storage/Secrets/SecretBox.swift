import Crypto
import Foundation

/// Encrypts secrets that the server must be able to read again, before they go into rows: AES-256-GCM under keys that are
/// derived from `ENCRYPTION_KEY`.
///
/// A sealed secret is one byte of version, four of the key's id, the nonce (12), the ciphertext and the tag (16). Its row
/// and column are authenticated with it, so that one row's cannot be put in another's place. Several keys can be known:
/// the first seals, all open.
public struct SecretBox: Sendable {
    /// What a secret is for. Each has keys of its own, so that what is broken of one says nothing of another.
    public enum Purpose: String, Sendable, CaseIterable {
        case inboxSecret = "inbox secret"
    }

    /// Where a secret stands.
    public struct Place: Sendable {
        fileprivate let text: String

        init(table: StaticString, row: Int64, column: StaticString) {
            text = "\(table)/\(row)/\(column)"
        }
    }

    /// What can be told of a stored secret without opening it.
    public enum Form: Sendable, Equatable {
        /// As nobody writes it any more.
        case plain
        case sealed(SecretKeyId)
    }

    /// Why a sealed secret does not open.
    public enum Failure: Error, Sendable, Equatable {
        /// It was sealed with a key that is not among ours.
        case unknownKey(SecretKeyId)
        /// It was changed, or belongs to another row.
        case damaged
    }

    private struct Key: Sendable {
        var id: SecretKeyId
        var derived: [Purpose: SymmetricKey]
    }

    /// Of ``Form/sealed(_:)``. No secret that was ever stored plain begins with it: those are ASCII text.
    private static let version: UInt8 = 1
    private static let headerBytes = 1 + SecretKeyId.byteCount
    private static let minimumBytes = headerBytes + 12 + 16
    private static let salt = Array("chat-api secrets at rest".utf8)

    private let current: Key
    private let all: [Key]

    /// - Parameters:
    ///   - key: seals, and opens.
    ///   - former: open only.
    public init(key: [UInt8], former: [[UInt8]] = []) {
        current = Self.derive(key)
        all = [current] + former.map(Self.derive)
    }

    /// One with a key that nobody keeps: for a store whose secrets no other process has to read.
    public static func ephemeral() -> SecretBox {
        SecretBox(key: SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) })
    }

    /// Of the key that seals.
    public var keyId: SecretKeyId { current.id }

    public static func form(of stored: [UInt8]) -> Form {
        guard stored.first == version, stored.count >= minimumBytes else { return .plain }
        return .sealed(SecretKeyId(bytes: Array(stored[1..<headerBytes])))
    }

    /// - Throws: `CryptoKitError`, which it does for no key of ours.
    public func seal(_ secret: [UInt8], for purpose: Purpose, at place: Place) throws -> [UInt8] {
        guard let key = current.derived[purpose] else { throw Failure.damaged }
        let sealed = try AES.GCM.seal(secret, using: key, nonce: AES.GCM.Nonce(), authenticating: Data(place.text.utf8))
        return [Self.version] + current.id.bytes + Array(sealed.nonce) + sealed.ciphertext + sealed.tag
    }

    /// - Throws: ``Failure``, ``Failure/damaged`` also for a plain secret.
    public func open(_ stored: [UInt8], for purpose: Purpose, at place: Place) throws(Failure) -> [UInt8] {
        guard case .sealed(let id) = Self.form(of: stored) else { throw .damaged }
        // Two keys may have the same id, however unlikely.
        let keys = all.filter { $0.id == id }
        guard !keys.isEmpty else { throw .unknownKey(id) }
        for key in keys {
            guard let derived = key.derived[purpose],
                let box = try? AES.GCM.SealedBox(combined: stored.dropFirst(Self.headerBytes)),
                let opened = try? AES.GCM.open(box, using: derived, authenticating: Data(place.text.utf8))
            else { continue }
            return Array(opened)
        }
        throw .damaged
    }

    private static func derive(_ key: [UInt8]) -> Key {
        let input = SymmetricKey(data: key)
        func derived(_ use: String, _ bytes: Int) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: input, salt: salt, info: Array(use.utf8), outputByteCount: bytes)
        }
        let id = derived("key id", SecretKeyId.byteCount).withUnsafeBytes { Array($0) }
        return Key(
            id: SecretKeyId(bytes: id),
            derived: Dictionary(uniqueKeysWithValues: Purpose.allCases.map { ($0, derived($0.rawValue, 32)) }))
    }
}

/// Tells keys apart without telling anything of them.
public struct SecretKeyId: Sendable, Hashable, CustomStringConvertible {
    static let byteCount = 4

    let bytes: [UInt8]

    /// Eight hexadecimal digits.
    public var description: String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
