public import Domain
import Synchronization

/// Messages per contact and minute, over all its sockets and requests. Bounded: full buckets are forgotten.
public final class MessageRates: Sendable {
    /// Contacts that are remembered at once; about 10 MB at the most.
    static let maximumRemembered = 100_000

    private let perMinute: Double
    private let clock: any WallClock
    private let buckets = Mutex<[Identifier<Contact>: TokenBucket]>([:])

    init(perMinute: Double, clock: any WallClock) {
        self.perMinute = perMinute
        self.clock = clock
    }

    /// Counts a message.
    /// - Returns: nil when there was room, else the seconds until there is.
    public func take(_ contact: Identifier<Contact>) -> Double? {
        guard perMinute > 0 else { return nil }
        let now = clock.now()
        return buckets.withLock { buckets in
            if buckets.count >= Self.maximumRemembered {
                buckets = buckets.filter { !$0.value.isFull(at: now) }
            }
            var bucket =
                buckets[contact] ?? TokenBucket(rate: perMinute / 60, burst: perMinute, now: now)
            defer { buckets[contact] = bucket }
            return bucket.take(at: now)
        }
    }
}
