import Domain
public import Logging

/// Providers in the order in which they are asked.
///
/// Those that are not worth asking at the moment are passed over; when none is, the one that failed longest ago is asked all
/// the same. While nothing was shown a failing provider is replaced silently. Once text was shown the failure is thrown,
/// together with the provider to go on with: only whoever shows the text can take it back.
public struct ProviderChain: Sendable {
    /// What became of one call of one provider.
    public struct Attempt: Sendable {
        public var provider: String
        public var model: String
        /// Nil when it gave the reply.
        public var failure: ProviderFailure?
        /// From the call to the first token.
        public var firstToken: Duration?
        public var duration: Duration
        public var usage: TokenUsage
        /// Unicode scalars of text that it delivered.
        public var deliveredScalars: Int
    }

    /// A reply, and how it came about.
    public struct Reply: Sendable {
        public var finish: ReplyFinish
        /// In order; the last one gave the reply.
        public var attempts: [Attempt]
    }

    /// No (whole) reply.
    public struct Failed: Error, Sendable {
        public var failure: ProviderFailure
        public var attempts: [Attempt]
        /// Unicode scalars of text that were delivered before the failure. Above zero the text has to be taken back
        /// (`reply.reset`) before the next provider is asked.
        public var deliveredScalars: Int
        /// Where to go on, see ``reply(to:startingAt:within:deliver:)``; nil when nobody is left.
        public var next: Int?
    }

    /// How long providers may take.
    public struct Limits: Sendable, Equatable {
        public var deadlines: ReplyDeadlines
        /// First token of the last provider, which nobody comes after: `AI_LAST_CANDIDATE_SECONDS`.
        public var lastCandidate: Duration

        /// The contract's defaults.
        public static let standard = Limits(deadlines: .standard, lastCandidate: .seconds(20))

        public init(deadlines: ReplyDeadlines, lastCandidate: Duration) {
            self.deadlines = deadlines
            self.lastCandidate = lastCandidate
        }
    }

    private let providers: [any ReplyProvider]
    private let board: ProviderBoard
    private let limits: Limits
    private let clock: any Clock<Duration>
    private let logger: Logger

    /// Before the last provider is asked a second time.
    static let retryWait = Duration.milliseconds(250)

    /// - Parameter board: what is known of the providers; those that are not worth asking are passed over.
    public init(
        providers: [any ReplyProvider], board: ProviderBoard, limits: Limits = .standard,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.providers = providers
        self.board = board
        self.limits = limits
        self.clock = clock
        self.logger = logger
    }

    /// Streams one reply from the first provider that gives one.
    ///
    /// - Parameters:
    ///   - start: the provider to begin with; ``Failed/next`` after a failure in mid-text.
    ///   - whole: what is left for the whole reply when it is less than the limit, after such a failure.
    ///   - deliver: see ``ReplyProvider/reply(to:within:deliver:)``. Space before the first text is left out.
    /// - Throws: ``Failed``, `CancellationError`, or what `deliver` threw.
    public func reply(
        to prompt: ReplyPrompt, startingAt start: Int = 0, within whole: Duration? = nil,
        deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> Reply {
        let stopwatch = Stopwatch(clock)
        let whole = min(whole ?? limits.deadlines.whole, limits.deadlines.whole)
        var attempts: [Attempt] = []
        var failure = ProviderFailure(.config, provider: "none", code: "no_provider")
        var index = max(start, 0)
        var isRetry = false
        let lastResort = isAnybodyAvailable(from: index) ? nil : leastRecentlyFailed(from: index)
        if let lastResort { index = lastResort }
        while index < providers.count, whole > stopwatch.elapsed() {
            let forced: CircuitBreaker.Admission? = isRetry || lastResort == index ? .lastResort : nil
            guard let admission = forced ?? board.admit(providers[index].name) else {
                index += 1
                continue
            }
            let isLast = !isAnybodyAvailable(from: index + 1)
            var deadlines = limits.deadlines
            deadlines.whole = whole - stopwatch.elapsed()
            if isLast { deadlines.firstToken = max(deadlines.firstToken, limits.lastCandidate) }
            let tally = DeliveryTally(stopwatch, deliver: deliver)
            do {
                let finish = try await ask(providers[index], prompt, deadlines, tally)
                let attempt = tally.attempt(providers[index], failure: nil)
                board.record(attempt, of: admission)
                return Reply(finish: finish, attempts: attempts + [attempt])
            } catch let failed as ProviderFailure {
                failure = failed
            } catch {
                board.abandon(providers[index].name, admission)
                throw error
            }
            let attempt = tally.attempt(providers[index], failure: failure)
            board.record(attempt, of: admission)
            attempts.append(attempt)
            report(failure, model: providers[index].model, delivered: tally.deliveredScalars)
            let following = failure.mayTryNext && !isLast ? index + 1 : nil
            if tally.deliveredScalars > 0 || !failure.mayTryNext {
                throw Failed(
                    failure: failure, attempts: attempts, deliveredScalars: tally.deliveredScalars, next: following)
            }
            if isLast, failure.mayRetry, !isRetry {
                // Nobody else is left, and a customer waits.
                isRetry = true
                try await clock.sleep(for: failure.retryAfter ?? Self.retryWait)
            } else if isLast {
                break
            } else {
                index += 1
            }
        }
        throw Failed(failure: failure, attempts: attempts, deliveredScalars: 0, next: nil)
    }

    private func isAnybodyAvailable(from start: Int) -> Bool {
        providers.dropFirst(start).contains { board.isAvailable($0.name) }
    }

    private func leastRecentlyFailed(from start: Int) -> Int? {
        board.leastRecentlyFailed(of: providers.dropFirst(start).map(\.name)).map { start + $0 }
    }

    /// Streams one whole reply, beginning anew with the next provider when one breaks off in mid-text.
    ///
    /// - Parameters:
    ///   - limit: for all providers together.
    ///   - restart: awaited before each new beginning: what was delivered is void.
    ///   - deliver: as above.
    /// - Returns: with the attempts of all beginnings.
    /// - Throws: as above, and what `restart` threw.
    public func reply(
        to prompt: ReplyPrompt, within limit: Duration, restart: @escaping @Sendable () async throws -> Void,
        deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> Reply {
        let stopwatch = Stopwatch(clock)
        var attempts: [Attempt] = []
        var start = 0
        while true {
            do {
                var reply = try await reply(
                    to: prompt, startingAt: start, within: limit - stopwatch.elapsed(), deliver: deliver)
                reply.attempts = attempts + reply.attempts
                return reply
            } catch let failed as Failed {
                attempts += failed.attempts
                guard let next = failed.next, failed.deliveredScalars > 0, stopwatch.elapsed() < limit else {
                    throw failed
                }
                try await restart()
                start = next
            }
        }
    }

    private func ask(
        _ provider: any ReplyProvider, _ prompt: ReplyPrompt, _ deadlines: ReplyDeadlines, _ tally: DeliveryTally
    ) async throws -> ReplyFinish {
        let finish = try await provider.reply(to: prompt, within: deadlines) { try await tally.pass($0) }
        // A reply without a word is none, however well it ended.
        guard tally.deliveredScalars > 0 else {
            throw ProviderFailure(.server, provider: provider.name, code: "empty_reply")
        }
        return finish
    }

    private func report(_ failure: ProviderFailure, model: String, delivered: Int) {
        logger.warning(
            "provider failed",
            metadata: [
                "provider": "\(failure.provider)", "model": "\(model)", "kind": "\(failure.kind.rawValue)",
                "status": "\(failure.status.map(String.init) ?? "-")", "code": "\(failure.code ?? "-")",
                "provider_request_id": "\(failure.requestId ?? "-")", "delivered_scalars": "\(delivered)",
            ])
    }
}
