import Cluster
public import Domain
import NIOCore
import Storage
import Wire

/// Who reads a conversation through a ``ConversationFeed``: a socket or a stream. On the feed's event loop only.
protocol FeedReceiver: AnyObject {
    /// Whether a further page of replay may be read.
    var takesReplay: Bool { get }
    /// The next durable event, in order.
    func feed(_ feed: ConversationFeed, event frame: TextFrame, of facts: EventFacts)
    /// The next durable events, in order.
    func feed(_ feed: ConversationFeed, run: EventRun)
    func feed(_ feed: ConversationFeed, passing frame: PassingFrame)
    /// Everything that there was when the feed began has been passed on. Called once.
    func feedSynced(_ feed: ConversationFeed, at seq: Int64)
    /// The change that takes the conversation beyond what the reader may see has been passed on, and nothing follows it.
    func feedLeftScope(_ feed: ConversationFeed)
    /// The log could not be read, or the reader may not read it any more.
    func feedFailed(_ feed: ConversationFeed, _ error: any Error)
}

/// What a receiver may want to know of an event whose bytes it passes on.
public struct FeedEventKind: Sendable {
    /// The event's own kind, also where the reader sees it as `event.hidden`.
    public var kind: Event.Kind
    public var seq: Int64
    /// The message that it is about, and who sent that.
    public var message: (id: Identifier<Message>, status: Message.Status, sender: Actor.Kind)?
    public var changesOwner: Bool
    /// The reader learns only that there was an event.
    public var isHidden: Bool

    init(_ facts: EventFacts, to viewer: Viewer) {
        isHidden = viewer == .contact && facts.isHiddenFromContacts
        kind = facts.kind
        seq = facts.seq
        message = facts.message.map { ($0.id, $0.status, $0.sender) }
        changesOwner = facts.ownerEpoch != nil
    }
}

/// One reader's view of one conversation: live events and replay from the log, joined without gap or repetition.
///
/// Confined to its event loop.
final class ConversationFeed {
    /// Events of a page of replay. Contract: at most 100.
    static let pageLimit = 100
    /// How long is waited before the log is asked again for an event that it did not have: a database which was set back,
    /// or whose copies lag behind, must not be asked without end.
    static let emptyPagePause = TimeAmount.milliseconds(250)
    /// How long an answer about a reply is waited for before it is asked for again.
    static let askPause = TimeAmount.milliseconds(500)
    /// Ended replies whose late words are known as such. A bus that stood still lets them all out at once when it goes on.
    static let maximumEnded = 8
    /// How often is asked. A subscription takes effect some time after it was asked for, so the first answer may be missed.
    static let maximumAsks = 3

    let conversationId: Identifier<Conversation>
    private(set) var access: Access
    private(set) var viewer: Viewer
    /// Where it stands in its shard's list.
    var slot = -1
    private(set) var cursor = FeedCursor()
    private unowned let hub: Hub
    private let shard: LoopShard
    /// Until ``stop()``, with which every receiver ends its feeds before it goes.
    private var receiver: (any FeedReceiver)?
    /// Newest owner epoch that the reader has been told of.
    private var ownerEpoch: Int64 = 0
    /// The owner epoch of the head that the feed began with.
    private var startEpoch: Int64 = 0
    /// Newest event of the head that the feed began with: up to there the reader's right was looked at with the head.
    private var startSeq: Int64 = 0
    /// Who answers, as far as the reader has been told; nil before the start.
    private var owner: Owner?
    /// Counts what was begun anew: what was read before is thrown away.
    private var lookNumber = 0
    private var isSynced = false
    private var waitsForReceiver = false
    /// What a snapshot has told the reader of a reply in the making.
    private var covered: LiveReplies.Snapshot?
    /// The reply in the making, as far as the log tells: only its pieces are passed on, because those of any other are late.
    private var streamingReply: Identifier<Message>?
    /// The reply whose text so far another node was asked for.
    private var awaitedReply: Identifier<Message>?
    /// The newest run of a reply that the reader was told of.
    private var newestRun: (id: Identifier<Message>, generation: Int64)?
    /// The last replies that have ended, as the log tells.
    private var endedReplies: [Identifier<Message>] = []

    init(
        of conversationId: Identifier<Conversation>, access: Access, on shard: LoopShard, hub: Hub,
        receiver: any FeedReceiver
    ) {
        self.conversationId = conversationId
        self.access = access
        viewer = access.viewer
        self.shard = shard
        self.hub = hub
        self.receiver = receiver
    }

    /// Whether the reader's right to read has been looked at.
    var isStarted: Bool { !cursor.isStarting }

    /// Newest `seq` that exists as far as this node knows.
    var head: Int64 { cursor.target }

    /// Begins to pass on events behind `seq`. The feed has been added to its shard before the head was read.
    /// - Parameter head: read from the log after that.
    func start(after seq: Int64, head: ConversationHead) {
        // An event that raised the epoch meanwhile is behind the head and will be passed on.
        startEpoch = head.owner.epoch
        ownerEpoch = seq < head.seq ? 0 : startEpoch
        streamingReply = head.shownReply
        startSeq = head.seq
        owner = head.owner
        let step = cursor.start(after: seq, head: head.seq)
        // The rights may have changed while the head was being read.
        guard !isBeyondScope else { return lookAgain() }
        take(step)
    }

    /// Ends the feed. Pages under way are thrown away.
    func stop() {
        receiver = nil
        shard.remove(self)
    }

    /// The reader may do other things now.
    func adopt(_ access: Access) {
        self.access = access
        viewer = access.viewer
        if isStarted, isBeyondScope { lookAgain() }
    }

    /// Whether the reader may not see what follows, by what it has been told.
    private var isBeyondScope: Bool {
        guard access.staff != nil, let owner else { return false }
        return !access.allows(.conversationsRead, on: owner)
    }

    private func leaveScope() {
        guard let receiver else { return }
        stop()
        receiver.feedLeftScope(self)
    }

    /// Nothing is passed on until the database has said whether the reader may go on: the owner may have changed together with
    /// the rights, and the event of that be still on its way.
    private func lookAgain() {
        guard receiver != nil else { return }
        cursor.hold()
        waitsForReceiver = false
        lookNumber += 1
        let (number, id, access, store, eventLoop) = (lookNumber, conversationId, access, hub.store, shard.eventLoop)
        let feed = NIOLoopBound(self, eventLoop: eventLoop)
        Task {
            let head: Result<ConversationHead, any Error>
            do {
                head = .success(try await store.read { try $0.head(of: id, by: access) })
            } catch {
                head = .failure(error)
            }
            eventLoop.execute {
                guard feed.value.lookNumber == number else { return }
                feed.value.looked(head)
            }
        }
    }

    private func looked(_ head: Result<ConversationHead, any Error>) {
        guard let receiver else { return }
        switch head {
        case .success(let head):
            // Who may read the conversation may read all of it: what has come meanwhile too.
            startSeq = max(startSeq, head.seq)
            owner = head.owner
            take(cursor.pageEnded(head: head.seq))
        case .failure(let error):
            guard error as? Refusal == nil else { return leaveScope() }
            receiver.feedFailed(self, error)
        }
    }

    /// The receiver can take replay again.
    func resume() {
        guard waitsForReceiver else { return }
        waitsForReceiver = false
        readPage()
    }

    func receive(_ run: EventRun) {
        guard run.isPlain, cursor.takes(run.firstSeq, through: run.lastSeq) else {
            for event in run.events { receive(event) }
            return
        }
        if run.concernsReplies { for event in run.events { noteReply(event.facts) } }
        receiver?.feed(self, run: run)
    }

    private func receive(_ shared: SharedEvent) {
        switch cursor.live(shared.facts.seq) {
        case .deliver: deliver(shared.facts, frame: shared.frame(for: viewer))
        case .read: readPage()
        case .ignore, .caughtUp: break
        }
    }

    /// The reader was told that its own message has this `seq`: no head that it is told later may be behind it.
    func acknowledged(_ seq: Int64) { cursor.acknowledged(seq) }

    /// There are events up to `seq`: what is not on its way already is read.
    func ring(_ seq: Int64) {
        if cursor.rung(seq) == .read { readPage() }
    }

    func receive(_ passing: PassingFrame) {
        // While events are missing, what passes would be out of place.
        guard !cursor.isStarting, !cursor.isReading, let receiver else { return }
        if let epoch = passing.ownerEpoch, epoch < ownerEpoch { return }
        switch passing.kind {
        case .delta(let delta):
            guard delta.messageId == streamingReply, isOfNewestRun(passing.kind), covered?.holds(delta) != true
            else { return }
        case .reset(let id, let generation):
            guard id == streamingReply, covered?.holdsReset(of: id, generation) != true, isOfNewestRun(passing.kind)
            else { return }
        case .snapshot(let snapshot):
            // For those who asked; the others have the pieces.
            guard awaitedReply == snapshot.messageId, isOfNewestRun(passing.kind) else { return }
            awaitedReply = nil
            cover(snapshot)
        default:
            guard isOfNewestRun(passing.kind) else { return }
        }
        if let excluded = passing.excluded, excluded.kind == access.actor.kind, excluded.id == access.actor.id {
            return
        }
        receiver.feed(self, passing: passing)
    }

    /// Whether it is not the late word of a run that another has overtaken, or of a reply that has ended: a node that stood
    /// still may go on for a moment where it was.
    private func isOfNewestRun(_ kind: PassingFrame.Kind) -> Bool {
        guard let run = kind.run else { return true }
        guard !endedReplies.contains(run.id) else { return false }
        if let newestRun, newestRun.id == run.id, run.generation < newestRun.generation { return false }
        newestRun = run
        return true
    }

    /// The reader is about to be told the text of a reply so far: pieces of it that are still on their way are not passed on.
    func cover(_ snapshot: LiveReplies.Snapshot) {
        covered = snapshot
        newestRun = (snapshot.messageId, snapshot.generation)
    }

    private func deliver(_ facts: EventFacts, frame: TextFrame) {
        if let epoch = facts.ownerEpoch { ownerEpoch = max(ownerEpoch, epoch) }
        noteReply(facts)
        receiver?.feed(self, event: frame, of: facts)
        // What lies before the head that the feed began with may tell of owners under whom the reader saw nothing.
        if let owners = facts.owners, facts.seq > startSeq {
            owner = owners.new
            // Decided here and now: an answer of the database would come behind the next event.
            if isBeyondScope { leaveScope() }
        }
    }

    /// Knows which reply is in the making, as far as the log tells.
    private func noteReply(_ facts: EventFacts) {
        guard let message = facts.message, message.sender == .ai else { return }
        if message.status == .streaming {
            streamingReply = message.id
        } else {
            if !endedReplies.contains(message.id) {
                endedReplies.append(message.id)
                if endedReplies.count > Self.maximumEnded { endedReplies.removeFirst() }
            }
            if streamingReply == message.id { streamingReply = nil }
        }
    }

    private func take(_ step: FeedCursor.Step) {
        switch step {
        case .read: readPage()
        case .caughtUp:
            if !isSynced {
                isSynced = true
                // Everything up to the head has been passed on, and with it, before this feed or in it, its owner.
                ownerEpoch = max(ownerEpoch, startEpoch)
                receiver?.feedSynced(self, at: cursor.delivered)
            }
            // What was said of a reply in the making while the log was read has passed this reader by.
            if let live = hub.liveReplies.snapshot(in: conversationId) {
                guard live.ownerEpoch >= ownerEpoch else { return }
                cover(live)
                receiver?.feed(self, passing: hub.frames.snapshot(live, in: conversationId))
            } else if let streamingReply {
                ask(for: streamingReply, times: Self.maximumAsks)
            }
        case .deliver, .ignore: break
        }
    }

    /// Asks for a reply that is in the making until it is answered.
    private func ask(for id: Identifier<Message>, times: Int) {
        guard times > 0, receiver != nil, askForReply(id) else { return }
        let feed = NIOLoopBound(self, eventLoop: shard.eventLoop)
        shard.eventLoop.scheduleTask(in: Self.askPause) {
            guard feed.value.awaitedReply == id, feed.value.streamingReply == id else { return }
            feed.value.ask(for: id, times: times - 1)
        }
    }

    /// Asks whichever node makes a reply for its text so far. The answer comes as a snapshot in its place among the pieces.
    /// - Returns: false when there is no other node to ask.
    @discardableResult
    func askForReply(_ id: Identifier<Message>) -> Bool {
        guard let link = hub.link, link.isShared else { return false }
        awaitedReply = id
        link.tell(.wantsReply(id, in: conversationId))
        return true
    }

    private func readPage() {
        guard let receiver else { return }
        guard receiver.takesReplay else {
            waitsForReceiver = true
            return
        }
        let eventLoop = shard.eventLoop
        let feed = NIOLoopBound(self, eventLoop: eventLoop)
        let reading = ReplayPage.Reading(
            store: hub.store, encoder: hub.encoder, conversationId: conversationId, access: access,
            after: cursor.delivered)
        let (delivered, number) = (cursor.delivered, lookNumber)
        Task {
            let page = await reading.page()
            eventLoop.execute {
                guard feed.value.lookNumber == number else { return }
                feed.value.pageRead(page, behind: delivered)
            }
        }
    }

    private func pageRead(_ page: Result<ReplayPage, any Error>, behind delivered: Int64) {
        guard let receiver else { return }
        switch page {
        case .success(let page):
            for entry in page.entries where cursor.replayed(entry.facts.seq) == .deliver {
                // It may be that nobody has told this node of it.
                if let epoch = entry.facts.ownerEpoch {
                    hub.liveReplies.ownerChanged(in: conversationId, toEpoch: epoch)
                }
                deliver(entry.facts, frame: entry.frame)
                guard self.receiver != nil else { return }
            }
            let step = cursor.pageEnded(head: page.head)
            guard step == .read, cursor.delivered == delivered else { return take(step) }
            let (feed, number) = (NIOLoopBound(self, eventLoop: shard.eventLoop), lookNumber)
            shard.eventLoop.scheduleTask(in: Self.emptyPagePause) {
                if feed.value.lookNumber == number { feed.value.readPage() }
            }
        case .failure(let error):
            cursor.pageFailed()
            receiver.feedFailed(self, error)
        }
    }
}

/// A page of the log, encoded for its reader away from the event loop.
private struct ReplayPage: Sendable {
    var entries: [(facts: EventFacts, frame: TextFrame)]
    var head: Int64

    /// What is needed to read the next page.
    struct Reading: Sendable {
        var store: ChatStore
        var encoder: EventEncoder
        var conversationId: Identifier<Conversation>
        var access: Access
        var after: Int64

        func page() async -> Result<ReplayPage, any Error> {
            do {
                let slice = try await store.read { [conversationId, access, after] in
                    try $0.replay(
                        of: conversationId, SeqPage(.after(after), limit: ConversationFeed.pageLimit), by: access)
                }
                let entries = slice.items.map {
                    (facts: EventFacts($0), frame: TextFrame(json: encoder.json($0, for: access.viewer)))
                }
                return .success(ReplayPage(entries: entries, head: slice.headSeq))
            } catch {
                return .failure(error)
            }
        }
    }
}
