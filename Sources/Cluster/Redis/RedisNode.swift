import Logging
import NIOCore

/// A node's two connections to Redis, its subscriptions and its beat.
///
/// Everything in it must be used on its event loop, which is what makes the unchecked conformance sound.
final class RedisNode: @unchecked Sendable {
    typealias Handler = @Sendable (ByteBuffer) -> Void

    /// Channels that one `SUBSCRIBE` names.
    private static let channelsPerCommand = 512
    /// Beats between two `PING`s on the subscriber's connection, where nothing else is answered.
    private static let beatsPerPing: UInt64 = 4

    let eventLoop: any EventLoop
    private let installation: String
    private let outbox: RedisOutbox
    private let board: HealthBoard
    private let timing: RedisTiming
    private let logger: Logger
    private let beatTopic: Topic
    private let beatKey: String
    private var commands: RedisLink?
    private var subscriber: RedisLink?
    private var handlers: [ByteBuffer: Handler] = [:]
    private var subscriptions = ByteBuffer()
    private var heartbeat = Heartbeat()
    private var ticks: UInt64 = 0
    private var timer: RepeatedTask?
    private var loggedFault: RedisFault?
    private var loggedRefusal: String?
    private var isClosed = false

    init(
        installation: String, nodeId: String, outbox: RedisOutbox, board: HealthBoard, timing: RedisTiming,
        eventLoop: any EventLoop, logger: Logger
    ) {
        self.installation = installation
        self.outbox = outbox
        self.board = board
        self.timing = timing
        self.eventLoop = eventLoop
        self.logger = logger
        // Of this process alone: the beats of one that had the same name before must not be taken for ours.
        let incarnation = String(UInt64.random(in: 0 ... .max), radix: 36)
        beatTopic = Topic("beat.\(nodeId).\(incarnation)")
        beatKey = "\(installation):beat.\(nodeId)"
    }

    func start(dialer: RedisDialer, greeting: RedisGreeting) {
        guard commands == nil, !isClosed else { return }
        let (commands, subscriber) = (
            RedisLink(eventLoop: eventLoop, dialer: dialer, greeting: greeting, timing: timing),
            RedisLink(eventLoop: eventLoop, dialer: dialer, greeting: greeting, timing: timing)
        )
        commands.opened = { [weak self] in self?.commandsOpened($0) }
        commands.lost = { [weak self] in self?.commandsLost($0) }
        subscriber.opened = { [weak self] in self?.subscriberOpened($0) }
        subscriber.lost = { [weak self] in self?.linkLost($0) }
        (self.commands, self.subscriber) = (commands, subscriber)
        handlers[channel(of: beatTopic)] = { [weak self] in self?.heardBeat($0) }
        commands.start()
        subscriber.start()
        timer = eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: timing.beat) {
            [weak self] _ in self?.tick()
        }
    }

    func subscribe(to topic: Topic, _ handler: @escaping Handler) {
        let channel = channel(of: topic)
        guard !isClosed, handlers.updateValue(handler, forKey: channel) == nil else { return }
        change("SUBSCRIBE", channel)
    }

    func unsubscribe(from topic: Topic) {
        let channel = channel(of: topic)
        guard handlers.removeValue(forKey: channel) != nil else { return }
        change("UNSUBSCRIBE", channel)
    }

    /// Sends what the outbox holds.
    func drain() {
        guard let connection = commands?.connection else { return fail(outbox.take(), .outOfReach("not connected")) }
        let load = outbox.take()
        guard !load.replies.isEmpty else { return }
        connection.send(load.bytes, replies: load.replies)
    }

    func close() -> EventLoopFuture<Void> {
        isClosed = true
        timer?.cancel()
        let ends = [commands, subscriber].compactMap { $0?.close() }
        fail(outbox.close(), .closed)
        handlers = [:]
        heartbeat.lose("closed")
        board.set(heartbeat.health)
        return EventLoopFuture.andAllComplete(ends, on: eventLoop)
    }

    // MARK: - Connections

    private func commandsOpened(_ connection: RedisConnection) {
        connection.answered = { [outbox] in outbox.answered(replies: $0, bytes: $1) }
        connection.refused = { [weak self] in self?.publishRefused($0) }
        outbox.open()
        linkOpened()
    }

    private func commandsLost(_ fault: RedisFault) {
        fail(outbox.close(), fault)
        linkLost(fault)
    }

    private func subscriberOpened(_ connection: RedisConnection) {
        connection.push = { [weak self, weak connection] in self?.pushed($0, on: connection) ?? false }
        subscriptions.clear()
        let beat = channel(of: beatTopic)
        var channels = handlers.keys.filter { $0 != beat }.map { RedisArgument.bytes($0) }[...]
        while !channels.isEmpty {
            subscriptions.writeCommand(RedisCommand("SUBSCRIBE", Array(channels.prefix(Self.channelsPerCommand))))
            channels = channels.dropFirst(Self.channelsPerCommand)
        }
        // The last: whoever hears the beat hears everything else too.
        subscriptions.writeCommand(RedisCommand("SUBSCRIBE", .bytes(beat)))
        flushSubscriptions()
        linkOpened()
    }

    private func linkOpened() {
        guard commands?.connection != nil, subscriber?.connection != nil else { return }
        loggedFault = nil
        // Not only at the next tick: that would be a quarter of a second of polling more.
        sendBeat()
    }

    private func linkLost(_ fault: RedisFault) {
        heartbeat.lose(fault.reason)
        report()
        guard fault != loggedFault else { return }
        loggedFault = fault
        if case .misconfigured = fault {
            logger.error("redis cannot be used; trying on", metadata: ["reason": "\(fault.reason)"])
        } else {
            logger.debug("redis connection lost", metadata: ["reason": "\(fault.reason)"])
        }
    }

    private func fail(_ load: RedisOutbox.Load, _ fault: RedisFault) {
        for reply in load.replies { reply.batch?.fail(fault) }
    }

    private func publishRefused(_ refusal: String) {
        heartbeat.lose("the server refuses PUBLISH: \(refusal)")
        report()
        guard refusal != loggedRefusal else { return }
        loggedRefusal = refusal
        logger.error("redis refuses a payload", metadata: ["reason": "\(refusal)"])
    }

    // MARK: - The beat

    private func tick() {
        ticks &+= 1
        commands?.checkStall()
        subscriber?.checkStall()
        if outbox.takeOverflow() { heartbeat.lose("more is published than Redis takes") }
        if ticks % Self.beatsPerPing == 0, let connection = subscriber?.connection {
            connection.send([RedisCommand("PING")]) { _ in }
        }
        if commands?.connection != nil, subscriber?.connection != nil { sendBeat() }
        report()
    }

    /// Publishes to this node itself, and writes: a server without memory still publishes, but counts and caches nothing.
    private func sendBeat() {
        let number = heartbeat.beat()
        var publish = ByteBuffer()
        publish.writeString(String(number))
        let life = max(1, timing.beat.nanoseconds / 1_000_000 * 20)
        let beat = [
            RedisCommand("PUBLISH", .bytes(channel(of: beatTopic)), .bytes(publish)),
            RedisCommand("SET", .text(beatKey), .number(Int64(clamping: number)), "PX", .number(life)),
        ]
        send(beat) { [weak self] result in
            guard let self, case .success(let answers) = result else { return }
            self.heartbeat.written(
                refusal: answers.lazy.compactMap(\.refusal).first.map { "the server refuses writes: \($0)" })
            self.report()
        }
    }

    private func heardBeat(_ payload: ByteBuffer) {
        guard let number = UInt64(String(buffer: payload)) else { return }
        heartbeat.hear(number)
        report()
    }

    /// Tells the health as of now.
    private func report() {
        let health = heartbeat.health
        guard board.set(health) else { return }
        switch health {
        case .healthy: logger.info("redis is healthy")
        case .unhealthy(let reason): logger.warning("redis is unhealthy", metadata: ["reason": "\(reason)"])
        case .disabled: break
        }
    }

    // MARK: - Commands and pushes

    /// Sends commands on the loop.
    private func send(_ batch: [RedisCommand], completion: @escaping ReplyBatch.Completion) {
        let replies = ReplyBatch(count: batch.count, completion: completion)
        if case .refused(let fault) = outbox.send(batch, batch: replies) { return replies.fail(fault) }
        drain()
    }

    private func channel(of topic: Topic) -> ByteBuffer { ByteBuffer(string: "\(installation):\(topic.name)") }

    private func change(_ command: String, _ channel: ByteBuffer) {
        guard subscriber?.connection != nil else { return }
        let isFirst = subscriptions.readableBytes == 0
        subscriptions.writeCommand(RedisCommand(command, [.bytes(channel)]))
        // Together with all other changes of this tick.
        if isFirst { eventLoop.assumeIsolated().execute { self.flushSubscriptions() } }
    }

    private func flushSubscriptions() {
        guard let connection = subscriber?.connection, subscriptions.readableBytes > 0 else { return }
        connection.sendUnanswered(subscriptions)
        subscriptions = ByteBuffer()
    }

    private func pushed(_ value: RESPValue, on connection: RedisConnection?) -> Bool {
        switch value {
        case .error:
            // Which of the subscriptions was refused is not said.
            connection?.end(RedisFault(refusal: value.refusal ?? "", to: "SUBSCRIBE"))
            return true
        case .array(let elements):
            guard elements.count == 3, let kind = elements[0].bytes else { return false }
            guard kind.readableBytesView.elementsEqual("message".utf8) else {
                return kind.readableBytesView.elementsEqual("subscribe".utf8)
                    || kind.readableBytesView.elementsEqual("unsubscribe".utf8)
            }
            if let channel = elements[1].bytes, let payload = elements[2].bytes { handlers[channel]?(payload) }
            return true
        case .status, .integer, .bulk, .null: return false
        }
    }
}
