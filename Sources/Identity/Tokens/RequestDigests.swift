import Crypto
import Foundation

/// Digests by which a request is known to be the same as an earlier one.
///
/// They are kept with what the request did, and a request may hold a password that people have chosen. Without the
/// server's secret, which does not lie in the database, nobody finds it by trying.
public struct RequestDigests: Sendable {
    private let key: SymmetricKey

    /// - Parameter secret: what the key is derived from; the same on every node.
    init(secret: SymmetricKey) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Data("chat-api request digests 1".utf8), outputByteCount: 32)
    }

    /// Of `parts`, none of which runs into the next.
    public func digest(of parts: [some Collection<UInt8>]) -> [UInt8] {
        var hash = HMAC<SHA256>(key: key)
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { hash.update(data: Data($0)) }
            hash.update(data: Data(part))
        }
        return Array(hash.finalize())
    }
}
