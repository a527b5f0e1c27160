/// A rate with a burst: tokens trickle in at `rate` per second up to `burst`, and each request takes one.
public struct TokenBucket: Sendable, Equatable {
    /// Tokens per second. 0 switches the limit off.
    public let rate: Double
    public let burst: Double
    private var tokens: Double
    private var filledAt: Timestamp

    public init(rate: Double, burst: Double, now: Timestamp) {
        self.rate = rate
        self.burst = burst
        tokens = burst
        filledAt = now
    }

    /// Takes a token.
    /// - Returns: nil when there was one, else the seconds until there is.
    public mutating func take(at now: Timestamp) -> Double? {
        guard rate > 0 else { return nil }
        // A clock that jumps back fills nothing and takes nothing away.
        let seconds = max(0, Double(now.milliseconds - filledAt.milliseconds) / 1000)
        tokens = min(burst, tokens + seconds * rate)
        filledAt = max(filledAt, now)
        guard tokens >= 1 else { return (1 - tokens) / rate }
        tokens -= 1
        return nil
    }

    /// Whether the bucket is full by `now`, and so need not be remembered.
    public func isFull(at now: Timestamp) -> Bool {
        tokens + max(0, Double(now.milliseconds - filledAt.milliseconds) / 1000) * rate >= burst
    }
}
