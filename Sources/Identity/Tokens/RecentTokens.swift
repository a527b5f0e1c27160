import Synchronization

/// Tokens that were verified lately, so that a busy client's is not verified with each request. Keyed by digests: the
/// tokens themselves are not kept in memory.
///
/// Two generations, of which the older is dropped when the younger is full: all of a least-recently-used order that
/// matters, without its bookkeeping.
final class RecentTokens: Sendable {
    private struct Generations {
        var young: [TokenDigest: VerifiedToken] = [:]
        var old: [TokenDigest: VerifiedToken] = [:]
    }

    private let generations = Mutex(Generations())
    private let generationSize: Int

    /// - Parameter capacity: tokens held at most.
    init(capacity: Int) {
        generationSize = max(1, capacity / 2)
    }

    func token(_ digest: TokenDigest) -> VerifiedToken? {
        generations.withLock { generations in
            if let token = generations.young[digest] { return token }
            guard let token = generations.old[digest] else { return nil }
            insert(token, digest, &generations)
            return token
        }
    }

    func remember(_ token: VerifiedToken, _ digest: TokenDigest) {
        generations.withLock { insert(token, digest, &$0) }
    }

    var count: Int {
        generations.withLock { $0.young.count + $0.old.count }
    }

    private func insert(_ token: VerifiedToken, _ digest: TokenDigest, _ generations: inout Generations) {
        if generations.young.count >= generationSize {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[digest] = token
    }
}
