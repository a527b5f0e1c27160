public import Domain
import Synchronization

/// What this node knows of its providers: whether they are worth asking, and how the last calls went.
public final class ProviderBoard: Sendable {
    /// A failure as operators see it.
    public struct PastFailure: Sendable {
        public var at: Timestamp
        public var failure: ProviderFailure
    }

    /// How a provider is.
    public struct Standing: Sendable {
        public var state: CircuitBreaker.State
        /// Until when it asked to be left alone.
        public var coolUntil: Timestamp?
        /// Calls since the node started, and those of them that failed.
        public var calls = 0
        public var failures = 0
        public var lastSuccessAt: Timestamp?
        /// To the first token, of the last call that had one.
        public var lastFirstToken: Duration?
        /// Newest first.
        public var recentFailures: [PastFailure] = []
    }

    /// Failures that are remembered of each provider.
    static let maximumFailures = 10

    private struct Record {
        var breaker = CircuitBreaker()
        var standing = Standing(state: .closed)
    }

    private let clock: any WallClock
    private let records = Mutex<[String: Record]>([:])

    public init(clock: any WallClock) {
        self.clock = clock
    }

    public func standing(of provider: String) -> Standing {
        let now = clock.now()
        return records.withLock { records in
            guard let record = records[provider] else { return Standing(state: .closed) }
            var standing = record.standing
            standing.state = record.breaker.state(at: now)
            standing.coolUntil = record.breaker.coolUntil.flatMap { $0 > now ? $0 : nil }
            return standing
        }
    }

    /// Whether a call of `provider` would be let through now.
    func isAvailable(_ provider: String) -> Bool {
        let now = clock.now()
        return records.withLock { $0[provider]?.breaker.isAvailable(at: now) ?? true }
    }

    /// The right to call `provider`, or nil while it is not worth asking.
    func admit(_ provider: String) -> CircuitBreaker.Admission? {
        let now = clock.now()
        return records.withLock { $0[provider, default: Record()].breaker.admit(at: now) }
    }

    /// The one of `providers` that failed longest ago: whom to ask when none is available.
    func leastRecentlyFailed(of providers: [String]) -> Int? {
        records.withLock { records in
            providers.indices.min { left, right in
                let (left, right) = (records[providers[left]], records[providers[right]])
                let never = Timestamp(milliseconds: 0)
                return (left?.standing.recentFailures.first?.at ?? never)
                    < (right?.standing.recentFailures.first?.at ?? never)
            }
        }
    }

    /// Notes how a call went.
    func record(_ attempt: ProviderChain.Attempt, of call: CircuitBreaker.Admission) {
        let now = clock.now()
        records.withLock { records in
            var record = records[attempt.provider] ?? Record()
            record.standing.calls += 1
            if let first = attempt.firstToken { record.standing.lastFirstToken = first }
            if let failure = attempt.failure {
                record.standing.failures += 1
                record.standing.recentFailures.insert(PastFailure(at: now, failure: failure), at: 0)
                if record.standing.recentFailures.count > Self.maximumFailures {
                    record.standing.recentFailures.removeLast()
                }
            } else {
                record.standing.lastSuccessAt = now
            }
            record.breaker.record(attempt.failure?.breakerOutcome ?? .success, of: call, at: now)
            records[attempt.provider] = record
        }
    }

    /// Gives an admission back whose call was broken off by us.
    func abandon(_ provider: String, _ call: CircuitBreaker.Admission) {
        let now = clock.now()
        records.withLock { $0[provider]?.breaker.record(.neutral, of: call, at: now) }
    }
}

extension ProviderFailure {
    /// What it says of the provider's health.
    var breakerOutcome: CircuitBreaker.Outcome {
        switch kind {
        case .connect: .unreachable
        case .firstTokenTimeout, .idleTimeout, .replyTimeout, .truncated, .server: .failure
        case .rateLimit: .busy(retryAfterMilliseconds: retryAfter?.wholeMilliseconds)
        case .account, .config: .needsOperator
        case .contextOverflow, .contentFilter, .badRequest: .neutral
        }
    }
}
