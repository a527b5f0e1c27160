import Cluster
import Domain
import Logging
import NIOCore
import Storage
import Wire

/// One open socket and its protocol: who the client is, what it reads, what it asks for, and how it ends.
///
/// Confined to its event loop; what needs the database runs in a task and comes back to the loop. What the frames do stands
/// in the extensions.
final class ChatConnection: SocketDelegate, DeadlineTarget {
    /// How often the server pings. Contract: 25 s ± 10 %.
    static let heartbeatSeconds = 25
    /// A socket silent for so long is closed.
    static let silenceLimit = TimeAmount.seconds(35)
    /// How long a client may take to say who it is.
    static let helloLimit = TimeAmount.seconds(5)
    static let maximumSubscribedPerFrame = 200
    /// Conversations that one staff socket may read at once.
    static let maximumSubscriptions = 2000
    /// Frames that may wait while the client is being recognised.
    static let maximumHeldFrames = 32
    /// More than this behind, a client reads a snapshot instead of a replay.
    static let maximumReplay: Int64 = 1000

    /// What the address of the socket says that it is for.
    enum Entrance: Sendable {
        case session(Identifier<ChatSession>)
        case agent
    }

    private enum Tag {
        static let hello = DeadlineTag(rawValue: 1)
        static let heartbeat = DeadlineTag(rawValue: 2)
        static let token = DeadlineTag(rawValue: 3)
    }

    private let number = UInt64.random(in: .min ... .max)
    let socket: Socket
    let hub: Hub
    let shard: LoopShard
    let entrance: Entrance
    let credentials: SocketCredentials
    private var seat: SocketCensus.Entry
    private(set) var access: Access?

    /// Feeds by conversation: one for a contact, many for staff.
    var feeds: [Identifier<Conversation>: ConversationFeed] = [:]
    /// Which list it shows. Aside, because few sockets show one.
    var viewFilter: ViewFilter?
    /// Rows of the list to be read, and whether this socket may have seen one before it changed.
    var changedRows: [Identifier<Conversation>: Bool] = [:]
    var isReadingRows = false
    /// What the client may do is being read, and has changed once more since.
    var isReadingRights = false
    var haveRightsChanged = false
    /// Language of the visit.
    var locale: String?
    var lastTypingAt: NIODeadline?
    /// `reply.sync` frames that wait for the node that makes the reply.
    var awaitedSyncs: [Identifier<Message>: ClientFrame] = [:]
    private(set) var isClosing = false

    private var outbound = OutboundQueue()
    private var heldFrames: [ByteBuffer]? = []
    private var hasSaidHello = false
    private var bucket: TokenBucket?
    private var strikes: [Timestamp] = []
    /// The session that this socket is counted for in the directory.
    private var heldSession: Identifier<ChatSession>?
    private var lastHeard: NIODeadline
    private var nextPing: NIODeadline
    private var heartbeat: TimerWheel.Deadline?
    private var helloDeadline: TimerWheel.Deadline?
    private var tokenDeadline: TimerWheel.Deadline?

    init(
        socket: Socket, hub: Hub, shard: LoopShard, entrance: Entrance, credentials: SocketCredentials,
        seat: SocketCensus.Entry, credential: SocketCredential?
    ) {
        self.socket = socket
        self.hub = hub
        self.shard = shard
        self.entrance = entrance
        self.credentials = credentials
        self.seat = seat
        lastHeard = socket.eventLoop.now
        nextPing = socket.eventLoop.now
        if let credential { recognise(credential) }
    }

    /// In `ready` and in the logs.
    var id: String { "con-" + String(number, radix: 36) }
    var eventLoop: any EventLoop { socket.eventLoop }
    var serverFrames: ServerFrames { hub.serverFrames }
    private var now: Timestamp { hub.store.clock.now() }

    // MARK: Life

    func opened() {
        shard.add(self)
        lastHeard = eventLoop.now
        // Spread over a tenth, so that sockets that came together do not ping together.
        nextPing = eventLoop.now + Self.pingInterval()
        heartbeat = socket.loop.deadlines.set(Tag.heartbeat, after: nextPing - eventLoop.now, for: self)
        if access == nil {
            helloDeadline = socket.loop.deadlines.set(Tag.hello, after: Self.helloLimit, for: self)
        } else {
            heldFrames = nil
            begin(resume: nil, requestId: nil)
        }
    }

    func closed(_ end: SocketEnd) {
        isClosing = true
        for deadline in [heartbeat, helloDeadline, tokenDeadline].compactMap({ $0 }) {
            socket.loop.deadlines.cancel(deadline)
        }
        for feed in feeds.values { feed.stop() }
        feeds = [:]
        shard.remove(self)
        hub.census.leave(seat)
        if let heldSession { hub.directory?.leave(heldSession) }
    }

    /// Ends the socket with a code that tells the client what to do.
    func close(_ reason: CloseReason) {
        guard !isClosing else { return }
        isClosing = true
        for feed in feeds.values { feed.stop() }
        feeds = [:]
        socket.close(reason.code, reason: reason.text)
        socket.flushSoon()
    }

    func announceDrain(reconnectIn seconds: Int) {
        // Each client comes back at a time of its own.
        send(serverFrames.drain(reconnectInSeconds: Int.random(in: 1...max(1, seconds))))
    }

    // MARK: Deadlines

    private static func pingInterval() -> TimeAmount {
        .milliseconds(Int64.random(in: 22_500...27_500))
    }

    func heard() { lastHeard = eventLoop.now }

    func deadlinePassed(_ tag: DeadlineTag) {
        guard !isClosing else { return }
        switch tag {
        case Tag.hello: close(.helloTimeout)
        case Tag.token: close(.tokenExpired)
        case Tag.heartbeat: beat()
        default: break
        }
    }

    private func beat() {
        let now = eventLoop.now
        let silentAt = lastHeard + Self.silenceLimit
        guard now < silentAt else { return close(.heartbeatTimeout) }
        if now >= nextPing {
            var payload = ByteBuffer()
            if case .session = entrance, let feed = feeds.values.first {
                payload.writeString("{\"head_seq\":\(feed.head)}")
            }
            socket.ping(payload)
            socket.flushSoon()
            nextPing = now + Self.pingInterval()
        }
        heartbeat = socket.loop.deadlines.set(Tag.heartbeat, after: min(nextPing, silentAt) - now, for: self)
    }

    // MARK: Who it is

    private func recognise(_ credential: SocketCredential) {
        access = credential.access
        if let session = credential.access.contact?.sessionId, heldSession == nil {
            heldSession = session
            hub.directory?.enter(session)
        }
        let isStaff = credential.access.staff != nil
        let rate = isStaff ? hub.settings.staffFramesPerSecond : hub.settings.contactFramesPerSecond
        bucket = TokenBucket(rate: rate, burst: rate * 2, now: now)
        setTokenEnd(credential.expiresAt)
    }

    /// The client goes on under what it may do by now; what it may not read any more is not sent from here on.
    func adopt(_ access: Access) {
        self.access = access
        for feed in feeds.values { feed.adopt(access) }
    }

    /// The socket must show a newer token by `expiresAt`.
    func setTokenEnd(_ expiresAt: Timestamp?) {
        if let tokenDeadline { socket.loop.deadlines.cancel(tokenDeadline) }
        tokenDeadline = expiresAt.map {
            let left = max(0, $0.milliseconds - now.milliseconds)
            return socket.loop.deadlines.set(Tag.token, after: .milliseconds(left), for: self)
        }
    }

    /// Whether a principal may come in where this socket is.
    static func mayEnter(_ access: Access, _ entrance: Entrance) -> Bool {
        switch entrance {
        case .session(let id): access.contact?.sessionId == id
        case .agent: access.staff?.role.isStaff == true
        }
    }

    private func authenticate(_ token: String, resume: HelloData.Resume?, requestId: String?) {
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        let (credentials, eventLoop) = (credentials, eventLoop)
        Task(executorPreference: socket.loop.executor) {
            let result: Result<SocketCredential, any Error>
            do {
                result = .success(try await credentials.bearer(token))
            } catch {
                result = .failure(error)
            }
            eventLoop.execute { connection.value.authenticated(result, resume: resume, requestId: requestId) }
        }
    }

    private func authenticated(
        _ result: Result<SocketCredential, any Error>, resume: HelloData.Resume?, requestId: String?
    ) {
        guard !isClosing else { return }
        switch result {
        case .success(let credential):
            if let access {
                guard credential.access.isSameSignIn(as: access) else { return close(.authFailed) }
            } else {
                guard Self.mayEnter(credential.access, entrance) else { return close(.forbidden) }
                guard hub.census.identify(&seat, as: credential.access, limit: hub.settings.socketsPerPrincipal) else {
                    return close(.tooManyConnections)
                }
                recognise(credential)
                if let helloDeadline { socket.loop.deadlines.cancel(helloDeadline) }
            }
            begin(resume: resume, requestId: requestId)
            let held = heldFrames ?? []
            heldFrames = nil
            for text in held where !isClosing { receive(text) }
        case .failure(CredentialRefusal.unavailable): close(.internalError)
        case .failure: close(.authFailed)
        }
    }

    // MARK: Inbound

    func received(_ message: InboundMessage) {
        guard !isClosing else { return }
        switch message {
        case .text(let text): receive(text)
        case .ping, .pong:
            // Control frames count too: they cost as much to read.
            _ = isWithinRate()
        }
    }

    private func receive(_ text: ByteBuffer) {
        if access == nil, hasSaidHello {
            // The token is being looked at; what follows waits its turn.
            guard (heldFrames?.count ?? 0) < Self.maximumHeldFrames else { return close(.protocolError) }
            heldFrames?.append(text)
            return
        }
        do {
            let frame = try ClientFrame(text)
            if access == nil, frame.type != "hello" { return close(.protocolError) }
            if let seconds = isWithinRate() {
                return answer(frame, with: SocketError(.rateLimited, "too many frames", retryInSeconds: seconds))
            }
            do {
                try handle(frame)
            } catch {
                answer(frame, with: SocketError(error))
            }
        } catch {
            if access == nil { return close(.protocolError) }
            _ = isWithinRate()
            send(
                serverFrames.error(error.error, requestId: error.requestId, conversationId: error.conversationId))
        }
    }

    /// Takes a frame from the rate.
    /// - Returns: nil when there was room, else the seconds until there is. The third second over the rate within a
    ///   minute closes the socket.
    private func isWithinRate() -> Double? {
        let now = now
        guard let seconds = bucket?.take(at: now) else { return nil }
        if strikes.last.map({ now.milliseconds - $0.milliseconds >= 1000 }) ?? true {
            strikes.append(now)
            strikes.removeAll { now.milliseconds - $0.milliseconds > 60_000 }
            if strikes.count >= 3 { close(.rateLimited) }
        }
        return seconds
    }

    func hello(_ frame: ClientFrame) throws {
        let data = try frame.decoded(HelloData.self)
        if let resume = data.resume, resume.seq < 0 {
            throw SocketError(.invalid, "resume.seq is negative")
        }
        if let token = data.token {
            hasSaidHello = true
            authenticate(token, resume: data.resume, requestId: frame.requestId)
        } else if access == nil {
            close(.authFailed)
        } else {
            begin(resume: data.resume, requestId: frame.requestId)
        }
    }

    // MARK: Outbound

    /// Sends a frame that must arrive: an answer, or a durable event.
    func send(_ frame: TextFrame) {
        guard !isClosing, !sendsAtOnce(frame) else { return }
        if !outbound.append(frame) { close(.slowConsumer) }
    }

    /// Sends a frame unless others wait or the socket is full.
    /// - Parameter inBulk: whether it goes to so many sockets that those with other frames are flushed first.
    /// - Returns: whether it did.
    func sendsAtOnce(_ frame: TextFrame, inBulk: Bool = false) -> Bool {
        guard !isClosing, outbound.isEmpty, socket.isWritable else { return false }
        socket.send(frame)
        socket.flushSoon(inBulk: inBulk)
        return true
    }

    func pass(_ frame: PassingFrame, in conversationId: Identifier<Conversation>) {
        guard !isClosing, let viewer = access?.viewer else { return }
        if outbound.isEmpty, socket.isWritable {
            socket.send(frame.frame(for: viewer))
            socket.flushSoon()
        } else {
            outbound.append(frame, in: conversationId, for: viewer) { [frames = hub.frames] delta in
                frames.delta(delta, in: conversationId)
            }
        }
    }

    func answer(_ frame: ClientFrame, with error: SocketError) {
        send(serverFrames.error(error, requestId: frame.requestId, conversationId: frame.conversationId))
    }

    func writabilityChanged(to isWritable: Bool) {
        guard isWritable, !isClosing else { return }
        while socket.isWritable, let frame = outbound.next() { socket.send(frame) }
        socket.flushSoon()
        guard takesReplay else { return }
        for feed in feeds.values { feed.resume() }
    }

    var takesReplay: Bool { outbound.isEmpty && socket.isWritable }
}
