/// Whether a remote service is worth asking, from how its last calls went. Pure: the time is passed in.
///
/// ```
///             half of 5 calls in a minute, or 3 failed connections
///    closed ──────────────────────────────────────────────────────▶ open ◀──┐ one failure: twice as long
///      ▲                                                             │       │
///      │ two calls that ended well                 its time is over ▼       │
///      └────────────────────────────────────────────────────────── halfOpen ─┘ one call at a time
///
///    an error that only an operator can mend ──▶ hardOpen ── ten minutes ──▶ halfOpen
/// ```
/// A service that asks to be left alone for a while (`cool`) is left alone, in whatever state.
public struct CircuitBreaker: Sendable, Equatable {
    public enum State: String, Sendable, Codable, CaseIterable {
        case closed, open
        case halfOpen = "half_open"
        case hardOpen = "hard_open"
    }

    /// How a call ended, as far as the breaker is concerned.
    public enum Outcome: Sendable, Equatable {
        case success
        /// It could not even be reached.
        case unreachable
        case failure
        /// Its key, bill or name is wrong: trying again is of no use.
        case needsOperator
        /// It is well and busy.
        case busy(retryAfterMilliseconds: Int64?)
        /// Nothing that tells of its health: a refused question, a caller that went away.
        case neutral
    }

    /// Calls that are looked at, and the time in which they must lie.
    static let window: Int64 = 60_000
    static let minimumCalls = 5
    static let failureShare = 0.5
    static let unreachableInARow = 3
    static let firstPause: Int64 = 15_000
    static let longestPause: Int64 = 300_000
    static let hardPause: Int64 = 600_000
    static let successesToClose = 2
    static let usualCooling: Int64 = 20_000
    static let longestCooling: Int64 = 120_000
    /// Calls that are remembered, at most.
    static let maximumCalls = 100

    private struct Call: Sendable, Equatable {
        var at: Timestamp
        var hasFailed: Bool
    }

    private var calls: [Call] = []
    private var unreachable = 0
    private var pause = Self.firstPause
    private var successes = 0
    private var isProbing = false
    private var stateNow = State.closed
    private var reopensAt: Timestamp?
    /// Until when it asked to be left alone.
    public private(set) var coolUntil: Timestamp?

    public init() {}

    public func state(at now: Timestamp) -> State {
        switch stateNow {
        case .open, .hardOpen: reopensAt.map { now >= $0 } ?? true ? .halfOpen : stateNow
        case .closed, .halfOpen: stateNow
        }
    }

    /// The right to make one call.
    public struct Admission: Sendable, Equatable {
        fileprivate var isProbe: Bool

        /// A call that is made although the breaker would not have it: there is nobody else to ask.
        public static let lastResort = Admission(isProbe: false)
    }

    /// Whether a call would be let through now.
    public func isAvailable(at now: Timestamp) -> Bool {
        var copy = self
        return copy.admit(at: now) != nil
    }

    /// Lets a call through, or not. Each that is let through must be followed by ``record(_:of:at:)``.
    public mutating func admit(at now: Timestamp) -> Admission? {
        if let coolUntil, now < coolUntil { return nil }
        switch state(at: now) {
        case .closed: return Admission(isProbe: false)
        case .open, .hardOpen: return nil
        case .halfOpen:
            guard !isProbing else { return nil }
            stateNow = .halfOpen
            isProbing = true
            return Admission(isProbe: true)
        }
    }

    public mutating func record(_ outcome: Outcome, of call: Admission, at now: Timestamp) {
        let wasProbing = call.isProbe
        if wasProbing { isProbing = false }
        switch outcome {
        case .neutral: return
        case .busy(let wait):
            coolUntil = now.adding(milliseconds: min(wait ?? Self.usualCooling, Self.longestCooling))
        case .needsOperator:
            stateNow = .hardOpen
            reopensAt = now.adding(milliseconds: Self.hardPause)
        case .success: succeeded(at: now, wasProbing: wasProbing)
        case .failure, .unreachable:
            unreachable = outcome == .unreachable ? unreachable + 1 : 0
            failed(at: now, wasProbing: wasProbing)
        }
    }

    private mutating func succeeded(at now: Timestamp, wasProbing: Bool) {
        coolUntil = nil
        unreachable = 0
        note(Call(at: now, hasFailed: false))
        // What an earlier call or a last resort brings says that it lives, too.
        guard stateNow != .closed else { return }
        successes += 1
        stateNow = .halfOpen
        reopensAt = nil
        if successes >= Self.successesToClose { self = CircuitBreaker() }
    }

    private mutating func failed(at now: Timestamp, wasProbing: Bool) {
        successes = 0
        if wasProbing { return open(at: now, for: min(pause * 2, Self.longestPause)) }
        note(Call(at: now, hasFailed: true))
        guard stateNow == .closed else { return }
        let failures = calls.count { $0.hasFailed }
        let isOften =
            calls.count >= Self.minimumCalls && Double(failures) >= Double(calls.count) * Self.failureShare
        if isOften || unreachable >= Self.unreachableInARow { open(at: now, for: Self.firstPause) }
    }

    private mutating func open(at now: Timestamp, for pause: Int64) {
        stateNow = .open
        self.pause = pause
        reopensAt = now.adding(milliseconds: pause)
        calls = []
        unreachable = 0
    }

    private mutating func note(_ call: Call) {
        calls.removeAll { $0.at.milliseconds <= call.at.milliseconds - Self.window }
        if calls.count >= Self.maximumCalls { calls.removeFirst() }
        calls.append(call)
    }
}
