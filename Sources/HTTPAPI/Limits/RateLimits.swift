public import Domain
import Synchronization

/// Every rate limit of the HTTP side, in one table of bounded size.
public final class RateLimits: Sendable {
    /// What is counted, and for whom.
    enum Subject: Hashable, Sendable {
        /// A sign-in to an account from an address. The account is a hash, so that no e-mail stays in memory.
        case login(account: Int, address: String)
        /// A new chat session from an address.
        case session(address: String)
        /// A request under a token, of which only a hash is kept.
        case request(token: Int)
    }

    /// Buckets that are kept, some 10 MB when full. A bucket that has filled up again need not be.
    static let maximumBuckets = 65_536

    private let clock: any WallClock
    private let rates: HTTPSettings.Rates
    private let capacity: Int
    private let buckets = Mutex<[Subject: TokenBucket]>([:])

    public convenience init(rates: HTTPSettings.Rates, clock: any WallClock) {
        self.init(rates: rates, clock: clock, capacity: Self.maximumBuckets)
    }

    init(rates: HTTPSettings.Rates, clock: any WallClock, capacity: Int) {
        self.rates = rates
        self.clock = clock
        self.capacity = max(2, capacity)
    }

    /// Counts one.
    /// - Throws: 429 with the seconds to wait.
    func count(_ subject: Subject) throws(Problem) {
        guard let wait = take(subject) else { return }
        throw Problem(.rateLimited, retryAfter: wait)
    }

    private func take(_ subject: Subject) -> Double? {
        let now = clock.now()
        guard let fresh = bucket(for: subject, now: now) else { return nil }
        return buckets.withLock { buckets in
            var bucket = buckets[subject] ?? fresh
            let wait = bucket.take(at: now)
            if buckets[subject] == nil, buckets.count >= capacity { makeRoom(in: &buckets, now: now) }
            buckets[subject] = bucket
            return wait
        }
    }

    var count: Int { buckets.withLock { $0.count } }

    /// Forgets full buckets; when that frees little, any half: a flood of addresses must not make every request walk
    /// the table, and whose bucket is lost only starts anew.
    private func makeRoom(in buckets: inout [Subject: TokenBucket], now: Timestamp) {
        buckets = buckets.filter { !$0.value.isFull(at: now) }
        guard buckets.count > capacity / 2 else { return }
        buckets = Dictionary(uniqueKeysWithValues: buckets.prefix(capacity / 2).map { ($0.key, $0.value) })
    }

    private func bucket(for subject: Subject, now: Timestamp) -> TokenBucket? {
        func perMinute(_ count: Int) -> TokenBucket {
            TokenBucket(rate: Double(count) / 60, burst: Double(count), now: now)
        }
        return switch subject {
        case .login: rates.loginsPerMinute.map(perMinute)
        case .session: rates.sessionsPerMinute.map(perMinute)
        // Twice the rate at once: a page that loads asks for many things together.
        case .request:
            rates.requestsPerSecond.map { TokenBucket(rate: Double($0), burst: Double($0) * 2, now: now) }
        }
    }
}
