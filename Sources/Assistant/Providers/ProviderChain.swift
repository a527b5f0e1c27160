import Domain
public import Logging

/// Providers in the order in which they are asked.
///
/// Those that are not worth asking at the moment are passed over; when none is, the one that failed longest ago is asked all
/// the same. While nothing was shown a failing provider is replaced silently. Once text was shown it has to be taken back in
/// sight of the customer before the next provider begins, which happens once in a turn at most: somebody who has seen two
/// beginnings vanish is better served by a human.
///
/// A provider is asked at most twice in a turn, the second time only where that is likely to help and soon. There is no
/// further limit on the number of calls: it would leave the last provider unasked, which often is the built-in one and needs
/// no network. The time for the whole turn bounds it.
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
        /// Broken off by us.
        public var isCancelled = false
    }

    /// Takes note of every call as soon as it has ended, also of one that was broken off.
    public struct AttemptLog: Sendable {
        let note: @Sendable (Attempt) -> Void

        public init(note: @escaping @Sendable (Attempt) -> Void) {
            self.note = note
        }
    }

    /// A reply, and how it came about.
    public struct Reply: Sendable {
        public var finish: ReplyFinish
        /// In order, those before a restart included; the last one gave the reply.
        public var attempts: [Attempt]
    }

    /// No (whole) reply.
    public struct Failed: Error, Sendable {
        public var failure: ProviderFailure
        /// In order, those before a restart included.
        public var attempts: [Attempt]
        /// Unicode scalars of text that were delivered before the failure, since the last restart. Above zero the text has
        /// to be taken back (`reply.reset`) before the next provider is asked.
        public var deliveredScalars: Int
        /// Where to go on, see ``reply(to:order:startingAt:within:deliver:)``; nil when nobody is left.
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
    private let figures: ReplyFigures

    /// Before the same provider is asked a second time, when it did not say how long to wait.
    static let retryWait = Duration.milliseconds(250)
    /// A provider that took longer to say that it failed will take as long again: then the next one is asked.
    static let quickFailure = Duration.seconds(1)
    /// Beginnings that are taken back in one turn.
    static let maximumRestarts = 1

    /// - Parameters:
    ///   - providers: each with a name of its own, in the order in which they are asked unless a call says otherwise.
    ///   - board: what is known of the providers; those that are not worth asking are passed over.
    public init(
        providers: [any ReplyProvider], board: ProviderBoard, limits: Limits = .standard,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.providers = providers
        self.board = board
        self.limits = limits
        self.clock = clock
        self.logger = logger
        figures = ReplyFigures(of: providers)
    }

    /// Streams one whole reply, beginning anew with the next provider when one breaks off in mid-text.
    ///
    /// - Parameters:
    ///   - order: names of the providers to ask, in this order; names of which there is none are skipped. Nil: all, as
    ///     configured. An order of which nothing is left asks nobody: a workspace that wants its conversations at one
    ///     provider alone must not find them at another.
    ///   - limit: for all providers together.
    ///   - restart: awaited before the new beginning: what was delivered is void.
    ///   - deliver: see ``ReplyProvider/reply(to:within:deliver:)``. Space before the first text is left out. Tool calls come
    ///     after all text, and only of a reply that ended well.
    /// - Throws: ``Failed``, `CancellationError`, or what `deliver` or `restart` threw.
    public func reply(
        to prompt: ReplyPrompt, order: [String]? = nil, within limit: Duration, log: AttemptLog? = nil,
        restart: @escaping @Sendable () async throws -> Void,
        deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> Reply {
        let stopwatch = Stopwatch(clock)
        let candidates = candidates(order)
        var turn = Turn()
        var start = 0
        var restarts = 0
        while true {
            do {
                return try await run(
                    prompt, candidates, from: start, within: limit - stopwatch.elapsed(), &turn, log, deliver)
            } catch let failed as Failed {
                guard let next = failed.next, failed.deliveredScalars > 0, restarts < Self.maximumRestarts,
                    stopwatch.elapsed() < limit
                else {
                    figures.gaveUp(turn.lost)
                    throw failed
                }
                try await restart()
                figures.reset()
                restarts += 1
                start = next
            }
        }
    }

    /// Streams one reply from the first provider that gives one. A failure in mid-text is the caller's to mend.
    ///
    /// - Parameters:
    ///   - order: as above.
    ///   - start: the place in the order to begin at; ``Failed/next`` after a failure in mid-text.
    ///   - whole: what is left for the whole reply when it is less than the limit, after such a failure.
    ///   - deliver: as above.
    /// - Throws: ``Failed``, `CancellationError`, or what `deliver` threw.
    public func reply(
        to prompt: ReplyPrompt, order: [String]? = nil, startingAt start: Int = 0, within whole: Duration? = nil,
        deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> Reply {
        var turn = Turn()
        do {
            return try await run(
                prompt, candidates(order), from: max(start, 0), within: whole ?? limits.deadlines.whole, &turn, nil,
                deliver)
        } catch let failed as Failed {
            figures.gaveUp(turn.lost)
            throw failed
        }
    }

    // MARK: One turn

    /// What a turn has come to so far, restarts included.
    private struct Turn {
        var attempts: [Attempt] = []
        /// The failure after which somebody else is to be asked.
        var lost: ReplyFigures.Loss?
    }

    /// The models that a call with this order may ask.
    func models(in order: [String]?) -> [CallEstimate.Candidate] {
        candidates(order).map { CallEstimate.Candidate(provider: $0.name, model: $0.model) }
    }

    private func candidates(_ order: [String]?) -> [any ReplyProvider] {
        guard let order else { return providers }
        var names: Set<String> = []
        return order.compactMap { name in
            names.insert(name).inserted ? providers.first { $0.name == name } : nil
        }
    }

    private func run(
        _ prompt: ReplyPrompt, _ candidates: [any ReplyProvider], from start: Int, within whole: Duration,
        _ turn: inout Turn, _ log: AttemptLog?,
        _ deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> Reply {
        let stopwatch = Stopwatch(clock)
        let whole = min(whole, limits.deadlines.whole)
        var failure = turn.lost?.failure ?? ProviderFailure(.config, provider: "none", code: "no_provider")
        var index = start
        var isRepeated = false
        let lastResort =
            isAnybodyAvailable(candidates, from: index) ? nil : leastRecentlyFailed(candidates, from: index)
        if let lastResort { index = lastResort }
        while index < candidates.count, whole > stopwatch.elapsed() {
            let provider = candidates[index]
            let forced: CircuitBreaker.Admission? = isRepeated || lastResort == index ? .lastResort : nil
            guard let admission = forced ?? board.admit(provider.name) else {
                index += 1
                continue
            }
            let isLast = !isAnybodyAvailable(candidates, from: index + 1)
            var deadlines = limits.deadlines
            deadlines.whole = whole - stopwatch.elapsed()
            if isLast { deadlines.firstToken = max(deadlines.firstToken, limits.lastCandidate) }
            let tally = DeliveryTally(stopwatch, deliver: deliver)
            figures.goesOn(after: turn.lost, with: provider)
            turn.lost = nil
            var finish: ReplyFinish?
            do {
                finish = try await ask(provider, prompt, deadlines, tally)
            } catch let failed as ProviderFailure {
                failure = failed
            } catch {
                board.abandon(provider.name, admission)
                var attempt = tally.attempt(provider, failure: nil)
                attempt.isCancelled = true
                figures.cancelled(attempt)
                log?.note(attempt)
                throw error
            }
            let attempt = tally.attempt(provider, failure: finish == nil ? failure : nil)
            note(attempt, of: admission, &turn, log)
            if let finish {
                for call in tally.toolCalls { try await deliver(.toolCall(call)) }
                return Reply(finish: finish, attempts: turn.attempts)
            }
            report(failure, attempt)
            turn.lost = ReplyFigures.Loss(
                provider: provider.name, failure: failure, wasVisible: attempt.deliveredScalars > 0)
            if attempt.deliveredScalars > 0 || !failure.mayTryNext {
                throw Failed(
                    failure: failure, attempts: turn.attempts, deliveredScalars: attempt.deliveredScalars,
                    next: failure.mayTryNext && !isLast ? index + 1 : nil)
            }
            if !isRepeated, let wait = waitBeforeRepetition(after: attempt, failure, isLast: isLast) {
                isRepeated = true
                try await clock.sleep(for: wait)
            } else if isLast {
                break
            } else {
                isRepeated = false
                index += 1
            }
        }
        throw Failed(failure: failure, attempts: turn.attempts, deliveredScalars: 0, next: nil)
    }

    /// How long to wait before a provider that showed nothing is asked once more, or nil when it is not.
    private func waitBeforeRepetition(
        after attempt: Attempt, _ failure: ProviderFailure, isLast: Bool
    ) -> Duration? {
        let wait = failure.retryAfter ?? Self.retryWait
        switch failure.kind {
        case .rateLimit where failure.mayRetry: return wait
        // Nobody else is left, and a customer waits.
        case _ where isLast: return failure.mayRetry ? wait : nil
        case .server:
            let isQuick = attempt.duration < Self.quickFailure && wait < Self.quickFailure
            return isQuick && board.isAvailable(attempt.provider) ? wait : nil
        default: return nil
        }
    }

    private func isAnybodyAvailable(_ candidates: [any ReplyProvider], from start: Int) -> Bool {
        candidates.dropFirst(start).contains { board.isAvailable($0.name) }
    }

    private func leastRecentlyFailed(_ candidates: [any ReplyProvider], from start: Int) -> Int? {
        board.leastRecentlyFailed(of: candidates.dropFirst(start).map(\.name)).map { start + $0 }
    }

    private func ask(
        _ provider: any ReplyProvider, _ prompt: ReplyPrompt, _ deadlines: ReplyDeadlines, _ tally: DeliveryTally
    ) async throws -> ReplyFinish {
        let finish = try await provider.reply(to: prompt, within: deadlines) { try await tally.pass($0) }
        // A reply without a word, and without a wish, is none, however well it ended.
        guard tally.deliveredScalars > 0 || !tally.toolCalls.isEmpty else {
            throw ProviderFailure(.server, provider: provider.name, code: "empty_reply")
        }
        return finish
    }

    private func note(
        _ attempt: Attempt, of admission: CircuitBreaker.Admission, _ turn: inout Turn, _ log: AttemptLog?
    ) {
        log?.note(attempt)
        board.record(attempt, of: admission)
        figures.ended(attempt)
        turn.attempts.append(attempt)
    }

    private func report(_ failure: ProviderFailure, _ attempt: Attempt) {
        logger.warning(
            "provider failed",
            metadata: [
                "provider": "\(failure.provider)", "model": "\(attempt.model)", "kind": "\(failure.kind.rawValue)",
                "status": "\(failure.status.map(String.init) ?? "-")", "code": "\(failure.code ?? "-")",
                "provider_request_id": "\(failure.requestId ?? "-")",
                "delivered_scalars": "\(attempt.deliveredScalars)",
            ])
    }
}
