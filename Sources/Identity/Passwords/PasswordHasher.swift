import Crypto
import CryptoExtras

/// Hashes and verifies passwords with scrypt, off the event loops and the cooperative pool, a bounded number at a time.
///
/// A wrong password, a password of an account that does not exist, and an account whose row is damaged all cost the
/// same computation, so that time does not tell who has an account.
public final class PasswordHasher: Sendable {
    /// Too many hashes wait already: 429 or 503, to be tried again.
    public struct Busy: Error, Hashable, Sendable {
        public init() {}
    }

    /// An empty or an over-long password, which ``PasswordRules`` refuse before.
    public struct Unhashable: Error, Hashable, Sendable {}

    /// The library could not compute, which it only does when memory is out.
    public struct DerivationFailure: Error, Hashable, Sendable {}

    /// Bytes of a password. Long enough for any passphrase, short enough to cost nothing.
    public static let maximumPasswordBytes = 1024
    /// Hashes computed at a time: more would not be faster on small hosts, and each takes 16 MiB.
    public static let defaultThreads = 2
    /// Hashes that wait. At about 0.1 s each the last one is done after some seconds, which is as long as a person
    /// waits for a login.
    public static let defaultMaximumWaiting = 64

    private let cost: ScryptCost
    private let threads: HashingThreads
    /// Stands in for the hash of an account that does not exist. No password has it.
    private let dummy: StoredPassword

    /// - Parameter cost: of new hashes; stored ones are verified at their own. Tests take a cheap one.
    public init(
        cost: ScryptCost = .standard, threads: Int = PasswordHasher.defaultThreads,
        maximumWaiting: Int = PasswordHasher.defaultMaximumWaiting
    ) {
        self.cost = cost
        self.threads = HashingThreads(count: threads, maximumWaiting: maximumWaiting)
        dummy = StoredPassword(
            cost: cost, salt: Self.randomBytes(StoredPassword.saltBytes),
            hash: Self.randomBytes(StoredPassword.hashBytes))
    }

    /// The PHC string to store for `password`, with a fresh salt.
    ///
    /// - Throws: ``Busy``, ``Unhashable`` or ``DerivationFailure``.
    public func hash(_ password: String) async throws -> String {
        let password = Array(password.utf8)
        guard Self.isHashable(password) else { throw Unhashable() }
        let cost = cost
        let salt = Self.randomBytes(StoredPassword.saltBytes)
        let hash = try await threads.run {
            Self.derive(password, salt: salt, bytes: StoredPassword.hashBytes, cost: cost)
        }
        guard let hash else { throw DerivationFailure() }
        return StoredPassword(cost: cost, salt: salt, hash: hash).text
    }

    /// Whether `password` is the one that `stored` was made of. With `stored` nil, for an account that does not
    /// exist, or unreadable, the answer is no, after as much work.
    ///
    /// - Throws: ``Busy`` or ``DerivationFailure``.
    public func verify(_ password: String, against stored: String?) async throws -> Bool {
        let password = Array(password.utf8)
        guard Self.isHashable(password) else { return false }
        let known = stored.flatMap(StoredPassword.init)
        let expected = known ?? dummy
        let hash = try await threads.run {
            Self.derive(password, salt: expected.salt, bytes: expected.hash.count, cost: expected.cost)
        }
        guard let hash else { throw DerivationFailure() }
        return Self.isEqual(hash, expected.hash) && known != nil
    }

    /// The work of ``verify(_:against:)`` for an account that does not exist.
    ///
    /// - Throws: ``Busy`` or ``DerivationFailure``.
    public func verifyDummy(_ password: String) async throws {
        _ = try await verify(password, against: nil)
    }

    /// Whether a hash was made at another cost than today's and should be replaced at the next login.
    public func needsRehash(_ stored: String) -> Bool {
        guard let stored = StoredPassword(stored) else { return true }
        return stored.cost != cost || stored.hash.count != StoredPassword.hashBytes
    }

    /// The library takes the address of the password's bytes, which an empty one does not have: it would trap.
    private static func isHashable(_ password: [UInt8]) -> Bool {
        (1...maximumPasswordBytes).contains(password.count)
    }

    private static func derive(_ password: [UInt8], salt: [UInt8], bytes: Int, cost: ScryptCost) -> [UInt8]? {
        let key = try? KDF.Scrypt.deriveKey(
            from: password, salt: salt, outputByteCount: bytes, rounds: cost.rounds, blockSize: cost.blockSize,
            parallelism: cost.parallelism)
        return key?.withUnsafeBytes { Array($0) }
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in generator.next() }
    }

    /// In a time that does not depend on where the first difference is.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 } == 0
    }
}
