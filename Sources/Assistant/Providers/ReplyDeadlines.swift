import Synchronization

/// How long a provider may take. Only tokens count: keep-alive comments do not, else a provider that pings would never be
/// late.
public struct ReplyDeadlines: Sendable, Equatable {
    /// From the call to the first token, reasoning included.
    public var firstToken: Duration
    /// Between two tokens.
    public var idle: Duration
    /// The whole reply.
    public var whole: Duration

    /// The contract's defaults: `AI_FIRST_TOKEN_SECONDS`, `AI_IDLE_TOKEN_SECONDS`, `AI_REPLY_SECONDS`.
    public static let standard = ReplyDeadlines(firstToken: .seconds(8), idle: .seconds(10), whole: .seconds(75))

    public init(firstToken: Duration, idle: Duration, whole: Duration) {
        self.firstToken = firstToken
        self.idle = idle
        self.whole = whole
    }
}

/// Time since a reply began, on any clock.
struct Stopwatch: Sendable {
    /// Time since the start.
    let elapsed: @Sendable () -> Duration
    /// Sleeps until that much time has passed since the start.
    let sleep: @Sendable (_ until: Duration) async throws -> Void

    init(_ clock: any Clock<Duration>) {
        self = Self.started(on: clock)
    }

    private init(
        elapsed: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.elapsed = elapsed
        self.sleep = sleep
    }

    private static func started<C: Clock>(on clock: C) -> Stopwatch where C.Duration == Duration {
        let start = clock.now
        return Stopwatch(
            elapsed: { start.duration(to: clock.now) },
            sleep: { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) })
    }
}

/// Watches one reply against its deadlines.
final class TokenWatch: Sendable {
    private struct State {
        var hasToken = false
        /// When the provider's time began to count: the start, or the end of the last delivery.
        var waitsSince: Duration? = .zero
        /// The reply is complete, and what may still come is not worth waiting for beyond this time.
        var ended: (finish: ReplyFinish, until: Duration)?
    }

    private let deadlines: ReplyDeadlines
    private let stopwatch: Stopwatch
    private let state = Mutex(State())

    init(_ deadlines: ReplyDeadlines, clock: any Clock<Duration>) {
        self.deadlines = deadlines
        stopwatch = Stopwatch(clock)
    }

    var elapsed: Duration { stopwatch.elapsed() }

    /// A token came, which is now delivered to a reader whose time is not the provider's.
    func tokenArrived() {
        state.withLock {
            $0.hasToken = true
            $0.waitsSince = nil
        }
    }

    /// The reader took it: the provider's time counts again.
    func tokenDelivered() {
        let now = stopwatch.elapsed()
        state.withLock { $0.waitsSince = now }
    }

    /// Whether any token came.
    var hasToken: Bool { state.withLock { $0.hasToken } }

    /// The reply is complete; only its usage may still come.
    func replyEnded(_ finish: ReplyFinish, patience: Duration) {
        let until = stopwatch.elapsed() + patience
        state.withLock { $0.ended = $0.ended ?? (finish, until) }
    }

    /// A deadline passed.
    struct Expired: Error {
        var kind: ProviderFailure.Kind
        /// Set when the reply was complete all the same.
        var finish: ReplyFinish?
    }

    /// Returns only by throwing: ``Expired``, or cancellation.
    private func expire() async throws -> Never {
        while true {
            let (expired, deadline) = next()
            let now = stopwatch.elapsed()
            if now >= deadline { throw expired }
            // A token may bring the deadline forward, though never to earlier than `idle` from now.
            try await stopwatch.sleep(min(deadline, now + min(deadlines.idle, Self.glance)))
        }
    }

    /// How often the watch looks up at least.
    private static let glance = Duration.seconds(1)

    private func next() -> (Expired, Duration) {
        let state = state.withLock { $0 }
        if let ended = state.ended { return (Expired(kind: .idleTimeout, finish: ended.finish), ended.until) }
        guard let since = state.waitsSince else {
            // Being delivered: the time is the reader's. Only the whole reply has its limit then.
            return (Expired(kind: .replyTimeout), deadlines.whole)
        }
        let own = state.hasToken ? since + deadlines.idle : deadlines.firstToken
        if own >= deadlines.whole { return (Expired(kind: .replyTimeout), deadlines.whole) }
        return (Expired(kind: state.hasToken ? .idleTimeout : .firstTokenTimeout), own)
    }

    /// Runs `operation` and lets it be cancelled by a deadline.
    ///
    /// - Throws: ``Expired`` when a deadline passed first, else what `operation` threw.
    static func run<Result: Sendable>(
        _ watch: TokenWatch, _ operation: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask(operation: operation)
            group.addTask { try await watch.expire() }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }
}
