/// What one hash costs: the parameters N (as its logarithm), r and p of scrypt (RFC 7914).
public struct ScryptCost: Hashable, Sendable {
    /// N = 2 to this power.
    public let logarithm: Int
    /// r; a block has 128 · r bytes.
    public let blockSize: Int
    /// p; the passes, which run one after the other here and share their memory.
    public let parallelism: Int

    /// N = 2^14, r = 8, p = 5: 16 MiB for each hash that is being computed. One of the equivalent choices in OWASP's
    /// Password Storage Cheat Sheet, and the one of least memory that still fits a small host.
    public static let standard = ScryptCost(uncheckedLogarithm: 14, blockSize: 8, parallelism: 5)

    /// The most that is computed, in bytes of memory and in N · r · p: four times the memory and three times the work
    /// of ``standard``. Parameters stand in the rows beside the hashes; a forged row must not exhaust the process.
    public static let maximumMemory = 64 * 1024 * 1024
    static let maximumWork = 1 << 21

    /// Nil for parameters that scrypt does not have, or beyond ``maximumMemory``.
    public init?(logarithm: Int, blockSize: Int, parallelism: Int) {
        guard
            (1...20).contains(logarithm), (1...32).contains(blockSize), (1...16).contains(parallelism),
            // RFC 7914, 6: N < 2^(128 · r / 8).
            logarithm < 16 * blockSize
        else { return nil }
        self.init(uncheckedLogarithm: logarithm, blockSize: blockSize, parallelism: parallelism)
        guard memory <= Self.maximumMemory, rounds * blockSize * parallelism <= Self.maximumWork else { return nil }
    }

    private init(uncheckedLogarithm logarithm: Int, blockSize: Int, parallelism: Int) {
        self.logarithm = logarithm
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// N.
    var rounds: Int { 1 << logarithm }

    /// Bytes that a computation needs.
    public var memory: Int { 128 * rounds * blockSize }
}
