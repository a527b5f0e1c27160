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
        fill(at: now)
        guard tokens >= 1 else { return (1 - tokens) / rate }
        tokens -= 1
        return nil
    }

    /// Takes what was used elsewhere on the same allowance. The bucket may come to owe tokens, at most a burst: what
    /// several places allow at the same time is made up for by all of them.
    public mutating func drain(_ used: Double, at now: Timestamp) {
        guard rate > 0, used > 0 else { return }
        fill(at: now)
        tokens = max(-burst, tokens - used)
    }

    private mutating func fill(at now: Timestamp) {
        // A clock that jumps back fills nothing and takes nothing away.
        let seconds = max(0, Double(now.milliseconds - filledAt.milliseconds) / 1000)
        tokens = min(burst, tokens + seconds * rate)
        filledAt = max(filledAt, now)
    }

    /// Whether the bucket is full by `now`, and so need not be remembered.
    public func isFull(at now: Timestamp) -> Bool {
        tokens + max(0, Double(now.milliseconds - filledAt.milliseconds) / 1000) * rate >= burst
    }
}
