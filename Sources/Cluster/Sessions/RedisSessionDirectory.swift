public import Domain
public import NIOCore
import Synchronization

/// The directory in Redis. While Redis is away every look answers "unknown" at once, or after its deadline.
///
/// Keys, all with an end: `s.<session>` the session, `x.<session>` its removal, `c.<contact>` the contact's sessions by their
/// end, `n.<session>` the nodes that hold sockets of it by the end of their claim.
public final class RedisSessionDirectory: SessionDirectory {
    /// Sessions of a contact that are told at the most.
    static let maximumOfContact: Int64 = 1000
    /// Removals that wait to be told; when Redis is away so long that there are more, sessions have run out there by then.
    static let maximumUntold = 20_000
    /// Commands that are sent at once to renew claims or to tell removals.
    private static let batch = 500

    private struct State {
        var removed = RemovedSessions()
        var untold: [Identifier<ChatSession>: Identifier<Contact>] = [:]
        var held: [Identifier<ChatSession>: Int] = [:]
        var toRenew: [Identifier<ChatSession>] = []
        var renewalsPerTick = 0
        var observers: [@Sendable (Identifier<ChatSession>) -> Void] = []
        var timer: RepeatedTask?
    }

    private static let removals = Topic("sessions.removed")

    private let bus: RedisBus
    private let nodeId: String
    private let clock: any WallClock
    private let renewal: TimeAmount
    private let deadline: TimeAmount
    private let state = Mutex(State())

    /// - Parameters:
    ///   - renewal: time between two renewals of this node's claims; a claim lasts 15 s.
    ///   - deadline: time for an answer; the database would have answered by then.
    public init(
        bus: RedisBus, nodeId: String, clock: any WallClock, renewal: TimeAmount = .seconds(5),
        deadline: TimeAmount = .milliseconds(50)
    ) {
        self.bus = bus
        self.nodeId = nodeId
        self.clock = clock
        self.renewal = renewal
        self.deadline = deadline
    }

    /// Begins to listen and to renew. Call once.
    public func start() {
        bus.subscribe(to: Self.removals) { [weak self] payload in
            var payload = payload
            if let id = payload.readInteger(as: Int64.self) { self?.heardRemoval(Identifier(id)) }
        }
        bus.observeHealth { [weak self] health in
            guard health == .healthy, let self else { return }
            // Redis may have come back empty, or without what was removed meanwhile.
            self.tellRemovals()
            self.state.withLock { self.renewAll(in: &$0) }
        }
        let slice = TimeAmount.nanoseconds(max(1, renewal.nanoseconds / 20))
        let timer = bus.repeatedly(every: slice) { [weak self] task in
            guard let self else { return task.cancel() }
            self.tick()
        }
        state.withLock { $0.timer = timer }
    }

    public func put(_ session: KnownSession) {
        let now = clock.now()
        guard
            session.expiresAt > now, session.state.readableBytes <= KnownSession.maximumStateBytes,
            !state.withLock({ $0.removed.contains(session.id, now: now) })
        else { return }
        let rest = session.expiresAt.milliseconds - now.milliseconds
        let (contact, id) = (key("c", session.contactId.rawValue), RedisArgument.number(session.id.rawValue))
        tell([
            RedisCommand(
                "SET", key("s", session.id.rawValue), .bytes(session.bytes), "PX",
                .number(min(rest, SessionMemory.session))),
            RedisCommand("ZADD", contact, .number(session.expiresAt.milliseconds), id),
            RedisCommand("ZREMRANGEBYSCORE", contact, "-inf", .number(now.milliseconds)),
            // All sessions live equally long from their last activity, so the one that is put last ends last.
            RedisCommand("PEXPIRE", contact, .number(rest)),
        ])
    }

    public func session(_ id: Identifier<ChatSession>) async -> SessionLookup {
        let now = clock.now()
        if state.withLock({ $0.removed.contains(id, now: now) }) { return .removed }
        let keys = RedisCommand("MGET", key("s", id.rawValue), key("x", id.rawValue))
        guard let found = await ask(keys)?.elements, found.count == 2 else { return .unknown }
        if found[1] != .null { return .removed }
        guard
            let bytes = found[0].bytes, let session = KnownSession(bytes: bytes), session.id == id,
            session.expiresAt > now, !state.withLock({ $0.removed.contains(id, now: now) })
        else { return .unknown }
        return .found(session)
    }

    public func sessions(of contact: Identifier<Contact>) async -> Set<Identifier<ChatSession>>? {
        let now = clock.now()
        let command = RedisCommand(
            "ZRANGEBYSCORE", key("c", contact.rawValue), .text("(\(now.milliseconds)"), "+inf", "LIMIT", "0",
            .number(Self.maximumOfContact))
        guard let found = await ask(command)?.elements else { return nil }
        let ids = found.compactMap { $0.text.flatMap(Int64.init).map(Identifier<ChatSession>.init) }
        return state.withLock { state in Set(ids.filter { !state.removed.contains($0, now: now) }) }
    }

    public func remove(_ id: Identifier<ChatSession>, of contact: Identifier<Contact>) {
        let now = clock.now()
        state.withLock { state in
            state.removed.insert(id, now: now)
            if state.untold.count < Self.maximumUntold { state.untold[id] = contact }
        }
        tellRemoval(id, of: contact)
    }

    public func observeRemovals(_ observer: @escaping @Sendable (Identifier<ChatSession>) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    public func enter(_ id: Identifier<ChatSession>) {
        state.withLock { state in
            state.held[id, default: 0] += 1
            // Sent within the lock: a claim and its end must leave in the order in which they were made.
            if state.held[id] == 1 { tell(claim(id)) }
        }
    }

    public func leave(_ id: Identifier<ChatSession>) {
        state.withLock { state in
            guard let count = state.held[id] else { return }
            state.held[id] = count > 1 ? count - 1 : nil
            if count == 1 { tell([RedisCommand("ZREM", key("n", id.rawValue), .text(nodeId))]) }
        }
    }

    public func nodes(holding id: Identifier<ChatSession>) async -> Set<String>? {
        let now = clock.now()
        let command = RedisCommand("ZRANGEBYSCORE", key("n", id.rawValue), .text("(\(now.milliseconds)"), "+inf")
        guard let found = await ask(command)?.elements else { return nil }
        return Set(found.compactMap(\.text))
    }

    public func close() async {
        let held = state.withLock { state in
            state.timer?.cancel()
            state.timer = nil
            let held = Array(state.held.keys)
            (state.held, state.toRenew, state.observers) = ([:], [], [])
            return held
        }
        bus.unsubscribe(from: Self.removals)
        for start in stride(from: 0, to: held.count, by: Self.batch) {
            let commands = held[start...].prefix(Self.batch).map {
                RedisCommand("ZREM", key("n", $0.rawValue), .text(nodeId))
            }
            _ = await bus.ask(commands, within: .milliseconds(500))
        }
    }

    /// Renews the next of this node's claims: all of them once per renewal, spread over it.
    func tick() {
        tellRemovals()
        state.withLock { state in
            if state.toRenew.isEmpty { renewAll(in: &state) }
            let next = state.toRenew.suffix(state.renewalsPerTick)
            state.toRenew.removeLast(next.count)
            let claims = next.filter { state.held[$0] != nil }.flatMap { claim($0) }
            if !claims.isEmpty { tell(claims) }
        }
    }

    private func renewAll(in state: inout State) {
        state.toRenew = Array(state.held.keys)
        state.renewalsPerTick = max(50, (state.toRenew.count + 19) / 20)
    }

    private func claim(_ id: Identifier<ChatSession>) -> [RedisCommand] {
        let (now, key) = (clock.now(), key("n", id.rawValue))
        return [
            RedisCommand(
                "ZADD", key, .number(now.adding(milliseconds: SessionMemory.holding).milliseconds), .text(nodeId)),
            RedisCommand("ZREMRANGEBYSCORE", key, "-inf", .number(now.milliseconds)),
            RedisCommand("PEXPIRE", key, .number(SessionMemory.holding)),
        ]
    }

    // MARK: - Removals

    /// Tells removals that Redis has not confirmed yet.
    private func tellRemovals() {
        guard bus.health == .healthy else { return }
        let untold = state.withLock { Array($0.untold.prefix(Self.batch)) }
        for (id, contact) in untold { tellRemoval(id, of: contact) }
    }

    private func tellRemoval(_ id: Identifier<ChatSession>, of contact: Identifier<Contact>) {
        var payload = ByteBuffer()
        payload.writeInteger(id.rawValue)
        let commands = [
            RedisCommand("SET", key("x", id.rawValue), "1", "PX", .number(SessionMemory.removal)),
            RedisCommand("DEL", key("s", id.rawValue)),
            RedisCommand("ZREM", key("c", contact.rawValue), .number(id.rawValue)),
            // After the mark: who hears it finds the mark.
            bus.publishing(payload, to: Self.removals),
        ]
        bus.send(commands, within: .seconds(1)) { [weak self] result in
            guard case .success(let answers) = result, answers.allSatisfy({ $0.refusal == nil }) else { return }
            self?.state.withLock { $0.untold[id] = nil }
        }
    }

    private func heardRemoval(_ id: Identifier<ChatSession>) {
        let now = clock.now()
        let observers = state.withLock { state in
            state.removed.insert(id, now: now)
            return state.observers
        }
        for observer in observers { observer(id) }
    }

    // MARK: - Commands

    private func key(_ kind: String, _ id: Int64) -> RedisArgument { .text("\(bus.installation):\(kind).\(id)") }

    /// Sends what nobody waits for.
    private func tell(_ commands: [RedisCommand]) {
        bus.send(commands, within: .seconds(1)) { _ in }
    }

    private func ask(_ command: RedisCommand) async -> RESPValue? {
        guard
            bus.health == .healthy,
            case .success(let answers) = await bus.ask([command], within: deadline)
        else { return nil }
        return answers.first
    }
}
