import NIOCore

/// A connection that is made anew whenever it is lost, for ever, with pauses between.
///
/// Everything in it must be used on its event loop, which is what makes the unchecked conformance sound.
final class RedisLink: @unchecked Sendable {
    private enum State {
        case idle
        case greeting(RedisConnection)
        case open(RedisConnection, since: NIODeadline)
        case pausing
        case closed
    }

    /// Called with each connection that is ready.
    var opened: ((RedisConnection) -> Void)?
    /// Called when a connection was lost, or an attempt failed.
    var lost: ((RedisFault) -> Void)?

    private let eventLoop: any EventLoop
    private let dialer: RedisDialer
    private let greeting: RedisGreeting
    private let timing: RedisTiming
    private var backoff: Backoff
    private var state = State.idle
    private var channel: (any Channel)?
    private var attempts = 0

    init(eventLoop: any EventLoop, dialer: RedisDialer, greeting: RedisGreeting, timing: RedisTiming) {
        self.eventLoop = eventLoop
        self.dialer = dialer
        self.greeting = greeting
        self.timing = timing
        backoff = Backoff(first: timing.firstPause, longest: timing.longestPause)
    }

    /// The connection, when it is ready.
    var connection: RedisConnection? {
        guard case .open(let connection, _) = state else { return nil }
        return connection
    }

    /// Connects.
    func start() {
        guard case .idle = state else { return }
        attempt()
    }

    /// Gives up a connection on which an answer is overdue.
    func checkStall() {
        guard let connection, connection.isStalled(since: eventLoop.now - timing.reply) else { return }
        connection.end(.outOfReach("no answer for \(timing.reply.seconds) s"))
    }

    /// Ends the connection for good.
    func close() -> EventLoopFuture<Void> {
        let last = state
        state = .closed
        (opened, lost) = (nil, nil)
        switch last {
        case .greeting(let connection), .open(let connection, _): connection.end(.closed)
        case .idle, .pausing, .closed: break
        }
        return channel?.closeFuture ?? eventLoop.makeSucceededVoidFuture()
    }

    private func attempt() {
        attempts += 1
        let (attempt, loop) = (attempts, eventLoop.assumeIsolated())
        let connection = RedisConnection(eventLoop: eventLoop)
        state = .greeting(connection)
        connection.ended = { [weak self] in self?.ended($0, attempt: attempt) }
        loop.scheduleTask(in: timing.connect) { [weak self, weak connection] in
            guard let self, let connection, case .greeting = self.state, self.attempts == attempt else { return }
            connection.end(Self.silence(of: connection, within: self.timing.connect))
        }
        dialer.dial(connection).assumeIsolated().whenComplete { [weak self] result in
            switch result {
            case .failure(let error): connection.end(RedisFault(error))
            case .success(let channel):
                guard let self, self.attempts == attempt, case .greeting = self.state else {
                    return channel.close(promise: nil)
                }
                self.channel = channel
                self.greet(connection)
            }
        }
    }

    private func greet(_ connection: RedisConnection) {
        greeting.say(on: connection) { [weak self, weak connection] fault in
            guard let self, let connection else { return }
            if let fault { return connection.end(fault) }
            guard case .greeting = self.state else { return }
            self.state = .open(connection, since: self.eventLoop.now)
            self.opened?(connection)
        }
    }

    private func ended(_ fault: RedisFault, attempt: Int) {
        guard attempt == attempts else { return }
        if case .closed = state { return }
        // One that is accepted and thrown out again has not proved good, and must not be tried in a tight loop.
        if case .open(_, let since) = state, eventLoop.now - since >= timing.longestPause { backoff.reset() }
        state = .pausing
        lost?(fault)
        guard case .pausing = state else { return }
        var random = SystemRandomNumberGenerator()
        eventLoop.assumeIsolated().scheduleTask(in: backoff.pause(using: &random)) { [weak self] in
            guard let self, case .pausing = self.state else { return }
            self.attempt()
        }
    }

    /// What it means that a server does not greet in time.
    static func silence(of connection: RedisConnection, within time: TimeAmount) -> RedisFault {
        connection.hasHeardFragment
            ? .misconfigured("the server speaks another protocol than Redis's")
            : .outOfReach("no answer within \(time.seconds) s")
    }
}

extension TimeAmount {
    /// Whole and tenths of seconds, for one to read.
    var seconds: String {
        let tenths = nanoseconds / 100_000_000
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
