public import Logging
public import NIOCore

/// The bus of several nodes, over Redis's publish and subscribe.
///
/// Two connections: one for commands, one that listens. Both are made anew for ever when they are lost; what is published
/// meanwhile is dropped. Topics and keys begin with the installation's name, so that several installations can share one
/// Redis.
public final class RedisBus: MessageBus {
    private let settings: RedisSettings
    private let timing: RedisTiming
    private let eventLoop: any EventLoop
    private let outbox: RedisOutbox
    private let board: HealthBoard
    private let node: RedisNode
    let installation: String

    /// A bus that does nothing before ``connect()``.
    ///
    /// - Parameters:
    ///   - installation: parts this installation from others on the same Redis; the same on all its nodes. Rights in
    ///     Redis can be given by it: keys `~name:*` and channels `&name:*`.
    ///   - eventLoop: does all the work, and calls all handlers.
    public init(
        settings: RedisSettings, installation: String, nodeId: String, eventLoop: any EventLoop,
        timing: RedisTiming = RedisTiming(), logger: Logger
    ) {
        self.settings = settings
        // Its end must be found: no name may be the beginning of another with its colon.
        let installation = installation.replacing("%", with: "%25").replacing(":", with: "%3A")
        self.installation = installation
        self.timing = timing
        self.eventLoop = eventLoop
        outbox = RedisOutbox(installation: installation)
        board = HealthBoard(.unhealthy("not connected yet"), eventLoop: eventLoop)
        node = RedisNode(
            installation: installation, nodeId: nodeId, outbox: outbox, board: board, timing: timing,
            eventLoop: eventLoop, logger: logger)
    }

    /// Connects, and keeps connecting from now on, unless the settings are wrong.
    ///
    /// - Returns: `connected` when the bus is healthy; `outOfReach` when it is not within ``RedisTiming/connect``, and joins
    ///   later; `misconfigured` when it never would be: then nothing was begun.
    public func connect() async -> RedisReach {
        let reach = await probe()
        if case .misconfigured = reach { return reach }
        let dialer: RedisDialer
        do {
            dialer = try RedisDialer(settings, eventLoop: eventLoop, timing: timing)
        } catch {
            return error.reach
        }
        start(dialer: dialer)
        guard reach == .connected else { return reach }
        return await untilHealthy()
    }

    /// Tries everything that a node needs, on a connection of its own: sign-in, rights, publishing, writing.
    public func probe() async -> RedisReach {
        await RedisProbe(settings: settings, installation: installation, eventLoop: eventLoop, timing: timing).run()
    }

    public func publish(_ payload: ByteBuffer, to topic: Topic) {
        if case .first = outbox.publish(payload, to: topic) { wake() }
    }

    public func subscribe(to topic: Topic, _ handler: @escaping @Sendable (ByteBuffer) -> Void) {
        eventLoop.execute { [node] in node.subscribe(to: topic, handler) }
    }

    public func unsubscribe(from topic: Topic) {
        eventLoop.execute { [node] in node.unsubscribe(from: topic) }
    }

    public var health: BusHealth { board.health }

    public func observeHealth(_ observer: @escaping @Sendable (BusHealth) -> Void) { board.observe(observer) }

    public func close() async {
        try? await ended().get()
    }

    func ended() -> EventLoopFuture<Void> { eventLoop.flatSubmit { [node] in node.close() } }

    /// Payloads since the start that were handed to Redis, and that were dropped because it was out of reach or too slow.
    public var figures: (published: UInt64, dropped: UInt64) { outbox.figures }

    func start(dialer: RedisDialer) {
        let greeting = RedisGreeting(settings)
        eventLoop.execute { [node] in node.start(dialer: dialer, greeting: greeting) }
    }

    /// Sends commands and hands their answers to `completion`, once, on the event loop.
    /// - Parameter time: after which the answers are given up, though the commands may be carried out.
    func send(_ commands: [RedisCommand], within time: TimeAmount, completion: @escaping ReplyBatch.Completion) {
        guard !commands.isEmpty else { return eventLoop.execute { completion(.success([])) } }
        let batch = ReplyBatch(count: commands.count, completion: completion)
        switch outbox.send(commands, batch: batch) {
        case .refused(let fault): return eventLoop.execute { batch.fail(fault) }
        case .first: wake()
        case .queued: break
        }
        eventLoop.scheduleTask(in: time) { batch.fail(.late) }
    }

    /// Sends commands and waits for their answers.
    func ask(_ commands: [RedisCommand], within time: TimeAmount) async -> Result<[RESPValue], RedisFault> {
        await withCheckedContinuation { continuation in
            send(commands, within: time) { continuation.resume(returning: $0) }
        }
    }

    /// The command that ``publish(_:to:)`` sends, for where an order among other commands matters.
    func publishing(_ payload: ByteBuffer, to topic: Topic) -> RedisCommand {
        RedisCommand("PUBLISH", .text("\(installation):\(topic.name)"), .bytes(payload))
    }

    /// Runs `body` on the event loop, again and again.
    func repeatedly(every interval: TimeAmount, _ body: @escaping @Sendable (RepeatedTask) -> Void) -> RepeatedTask {
        eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { body($0) }
    }

    private func wake() { eventLoop.execute { [node] in node.drain() } }

    private func untilHealthy() async -> RedisReach {
        let healthy = eventLoop.makePromise(of: RedisReach.self)
        let wait = HealthWait(healthy)
        board.observe { health in if health == .healthy { wait.end(.connected) } }
        let deadline = eventLoop.scheduleTask(in: timing.connect) { [board] in
            if case .unhealthy(let reason) = board.health {
                wait.end(.outOfReach(reason))
            } else {
                wait.end(.connected)
            }
        }
        defer { deadline.cancel() }
        return (try? await healthy.futureResult.get()) ?? .outOfReach("the event loop is shut down")
    }
}

/// A promise that is kept once. Used on the event loop only, which is what makes the unchecked conformance sound.
private final class HealthWait: @unchecked Sendable {
    private var promise: EventLoopPromise<RedisReach>?

    init(_ promise: EventLoopPromise<RedisReach>) { self.promise = promise }

    func end(_ reach: RedisReach) {
        promise?.succeed(reach)
        promise = nil
    }
}
