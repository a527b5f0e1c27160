public import Cluster
public import Domain
public import Logging
import Metrics
public import NIOCore
public import Storage
import Synchronization
public import Wire

/// Where committed events meet their readers.
///
/// Commits come in on the writer's thread and go out to the event loops that have readers, in commit order. Each loop passes
/// them to its own sockets without locks.
public final class Hub: CommitObserver {
    public let liveReplies: LiveReplies
    public let settings: RealtimeSettings
    let store: ChatStore
    let encoder: EventEncoder
    let frames: PassingFrames
    let serverFrames: ServerFrames
    let fanout: Fanout
    private let settlements: Settlements
    let census = SocketCensus()
    /// The last notices that were told: more than there are in the time that the looks for them overlap.
    static let maximumNotices = 256
    let notices = Mutex<[Identifier<AuditEntry>]>([])
    /// To other nodes; nil on a node that is alone.
    let link: ClusterLink?
    /// What the nodes know of sessions; nil on a node that is alone.
    let directory: (any SessionDirectory)?
    private let onRightsEnded: @Sendable (EndedRights) -> Void
    /// From a commit of this node to its being handed to every loop that reads it.
    private let deliveryTime = Timer(label: "chat.delivery.duration")
    let logger: Logger
    /// Contacts' messages per minute, over sockets and HTTP alike.
    public let messageRates: MessageRates
    /// What goes with a customer's wish for a human.
    let handoffWording: HandoffWording

    /// - Parameters:
    ///   - group: the loops that sockets live on; at most 64 are used.
    ///   - link: to the other nodes; nil on a node that is alone.
    ///   - sharing: by what the nodes count messages together.
    ///   - directory: what the nodes know of sessions.
    ///   - onRightsEnded: told of sessions, sign-ins and rights that have ended, on whichever node.
    public init(
        store: ChatStore, group: any EventLoopGroup, link: ClusterLink? = nil, encoder: EventEncoder,
        settings: RealtimeSettings, sharing: RateSharing? = nil, directory: (any SessionDirectory)? = nil,
        onRightsEnded: @escaping @Sendable (EndedRights) -> Void = { _ in },
        handoffWording: @escaping HandoffWording, logger: Logger
    ) {
        messageRates = MessageRates(
            perMinute: settings.contactMessagesPerMinute, clock: store.clock, sharing: sharing)
        self.directory = directory
        self.onRightsEnded = onRightsEnded
        self.handoffWording = handoffWording
        self.store = store
        self.encoder = encoder
        self.settings = settings
        self.logger = logger
        serverFrames = ServerFrames(views: encoder.views)
        frames = PassingFrames(identifiers: encoder.views.identifiers)
        self.link = link
        fanout = Fanout(group: group, link: link)
        settlements = Settlements(loops: fanout.loops)
        liveReplies = LiveReplies(frames: frames, fanout: fanout)
    }

    public func durable(_ batch: CommittedBatch) {
        // Behind whatever follows here: those whose rights have ended learn that before anybody is told of the commit.
        defer { settlements.begin() }
        for session in batch.endedSessions { directory?.remove(session.id, of: session.contactId) }
        let ended = EndedRights(
            sessions: batch.endedSessions.map(\.id), movedSessions: batch.movedSessions, logins: batch.endedLogins,
            keys: batch.endedKeys,
            users: Dictionary(batch.changedUsers.map { ($0.userId, $0.version) }, uniquingKeysWith: { max($0, $1) }))
        guard !ended.isEmpty else { return }
        rightsEnded(ended)
        if let link, link.isShared { link.tell(.ended(ended)) }
    }

    public func committed(_ batch: CommittedBatch) {
        var told = settlements.end()
        // Runs of events between those that change what a live reply may show: the order between both is the promise.
        var run: [SharedEvent] = []
        for event in batch.events {
            let shared = SharedEvent(event, encoder: encoder)
            if let epoch = shared.facts.ownerEpoch {
                publish(run, telling: &told)
                run = []
                liveReplies.ownerChanged(in: event.conversationId, toEpoch: epoch)
            }
            run.append(shared)
            if case .messageCreated(let message) = event.body, let goOn = liveReplies.created(message) {
                publish(run, telling: &told)
                run = []
                goOn()
            }
        }
        publish(run, telling: &told)
        for notice in batch.notices {
            deliver(notice)
            if let link, link.isShared { link.tell(.notice(notice)) }
        }
        if !batch.events.isEmpty, let start = batch.committedAt {
            deliveryTime.record(duration: start.duration(to: .now))
        }
    }

    /// Does on the event loop of a shard what follows from the outcome of a command: before the events that it made.
    func tell(on shard: LoopShard, _ body: @escaping @Sendable () -> Void) {
        if !settlements.add(body, on: shard.index) { shard.eventLoop.execute(body) }
    }

    /// To the readers here and on other nodes; before that, to the senders.
    private func publish(_ run: [SharedEvent], telling told: inout [[Settlements.Telling]]) {
        fanout.deliver(run, telling: told)
        told = []
        guard !run.isEmpty else { return }
        if let link, link.isShared { link.tell(.events(run.map(\.rung))) }
    }

    /// Tells the others in a conversation that somebody types.
    func typing(in conversationId: Identifier<Conversation>, by actor: Actor) {
        fanout.pass(frames.typing(in: conversationId, by: actor), in: conversationId)
    }

    /// Tells the others in a conversation how far somebody has read.
    public func receipt(in conversationId: Identifier<Conversation>, of actor: Actor, seq: Int64) {
        fanout.pass(frames.receipt(in: conversationId, of: actor, seq: seq), in: conversationId)
    }

    /// Closes the sockets and streams of those who may not go on. Those whose rights are others now learn them.
    public func rightsEnded(_ ended: EndedRights) {
        onRightsEnded(ended)
        let revoked = RevokedAccess(ended)
        fanout.onEachShard { $0.rightsEnded(revoked) }
    }

    /// Asks for an AI reply to be stopped.
    /// - Returns: false when no such reply is under way on this node in the conversation.
    public func cancelReply(_ id: Identifier<Message>, in conversationId: Identifier<Conversation>) -> Bool {
        liveReplies.cancel(id, in: conversationId)
    }

    /// Open sockets of this node.
    public var openSockets: Int { census.total }

    /// Ends every stream, so that the requests that carry them end too.
    public func endStreams() {
        fanout.onEachShard { $0.endStreams() }
    }

    /// Announces the stop to every client, then closes their sockets in slices, so that they do not all come back at once.
    /// - Parameter sleep: waits between slices.
    public func drain(sleep: (TimeAmount) async -> Void) async {
        let reconnect = settings.drainReconnectSeconds
        fanout.onEachShard { $0.announceDrain(reconnectIn: reconnect) }
        // At least 5 % of the sockets each 100 ms: two seconds in all.
        let slice = max(50, openSockets / 20)
        while await fanout.gather({ $0.closeForDrain(upTo: slice) }).reduce(0, +) > 0 {
            await sleep(.milliseconds(100))
        }
    }
}

/// What the realtime side needs to know of the configuration.
public struct RealtimeSettings: Sendable {
    public var nodeId: String
    /// Names the log's incarnation.
    public var logEpoch: String
    public var contactFramesPerSecond: Double
    public var staffFramesPerSecond: Double
    /// 0 switches a limit off.
    public var contactMessagesPerMinute: Double
    public var socketsPerPrincipal: Int
    public var socketsPerAddress: Int
    /// Life of an access token: a socket opened by ticket must show a newer token after this.
    public var accessTokenSeconds: Int64
    /// Upper end of the time over which clients of a stopping node come back.
    public var drainReconnectSeconds: Int
    /// Origins of pages that staff work on: `PUBLIC_URL` and `CORS_ORIGINS`. `*` allows all.
    public var staffOrigins: [String]

    public init(
        nodeId: String, logEpoch: String, contactFramesPerSecond: Double = 10, staffFramesPerSecond: Double = 50,
        contactMessagesPerMinute: Double = 60, socketsPerPrincipal: Int = 20, socketsPerAddress: Int = 200,
        accessTokenSeconds: Int64 = 3600, drainReconnectSeconds: Int = 10, staffOrigins: [String] = []
    ) {
        self.nodeId = nodeId
        self.logEpoch = logEpoch
        self.contactFramesPerSecond = contactFramesPerSecond
        self.staffFramesPerSecond = staffFramesPerSecond
        self.contactMessagesPerMinute = contactMessagesPerMinute
        self.socketsPerPrincipal = socketsPerPrincipal
        self.socketsPerAddress = socketsPerAddress
        self.accessTokenSeconds = accessTokenSeconds
        self.drainReconnectSeconds = drainReconnectSeconds
        self.staffOrigins = staffOrigins
    }
}
