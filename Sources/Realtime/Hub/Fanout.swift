import Cluster
import Domain
import NIOCore
import Synchronization
import Wire

/// The event loops and their readers: carries what is to be read to the loops that have readers for it, in order.
final class Fanout: Sendable {
    let interest: Interest
    /// To the readers on other nodes; nil on a node that is alone.
    private let link: ClusterLink?
    /// A loop for timers that belong to no socket.
    let timer: any EventLoop
    private let shards: [LoopShard]
    private let indexes: [ObjectIdentifier: Int]
    /// What lists were told of.
    private let listed = Mutex(RecentHeads())

    /// That there is an event, and what it means for lists.
    struct Head: Sendable {
        var workspaceId: Identifier<Workspace>
        var conversationId: Identifier<Conversation>
        var seq: Int64
        var owners: OwnerChange?
    }

    init(group: any EventLoopGroup, link: ClusterLink?) {
        let interest = Interest(link: link)
        self.interest = interest
        self.link = link
        // One bit of a word per loop; no machine that this runs on has more.
        let loops = Array(group.makeIterator().prefix(64))
        shards = loops.enumerated().map { LoopShard(eventLoop: $1, index: $0, interest: interest) }
        indexes = Dictionary(
            loops.enumerated().map { (ObjectIdentifier($1), $0) }, uniquingKeysWith: { first, _ in first })
        timer = group.any()
    }

    /// The shard of a loop of the group; of any other loop, none.
    func shard(of eventLoop: any EventLoop) -> LoopShard? {
        indexes[ObjectIdentifier(eventLoop)].map { shards[$0] }
    }

    /// Any shard, for readers that have no loop of their own.
    func anyShard() -> LoopShard? { shards.randomElement() }

    /// How many loops there are.
    var loops: Int { shards.count }

    /// Sends committed events to their readers. Calls must come in commit order.
    /// - Parameter told: what is to be done before that, by number of the loop.
    func deliver(_ events: [SharedEvent], telling told: [[Settlements.Telling]] = []) {
        guard !events.isEmpty || !told.isEmpty else { return }
        let (readers, viewers) = interest.loops(of: events.map(\.facts.conversationId))
        let rows =
            viewers == 0 ? [] : news(events.map { Head($0.facts) })
        for shard in shards {
            let bit: UInt64 = 1 << UInt64(shard.index)
            let concerned = zip(events, readers).filter { $1 & bit != 0 }.map(\.0)
            let shown = viewers & bit != 0 ? rows : []
            let first = told.indices.contains(shard.index) ? told[shard.index] : []
            guard !concerned.isEmpty || !shown.isEmpty || !first.isEmpty else { continue }
            shard.eventLoop.execute {
                for tell in first { tell() }
                for run in EventRun.runs(of: concerned) { shard.deliver(run) }
                if !shown.isEmpty { shard.rowsChanged(shown) }
            }
        }
    }

    /// Tells the readers of conversations that there are events, which they then read from the log unless they have them.
    /// Calls must come in the order of the feed.
    func ring(_ heads: [Head]) {
        guard !heads.isEmpty else { return }
        let (readers, viewers) = interest.loops(of: heads.map(\.conversationId))
        let rows = viewers == 0 ? [] : news(heads)
        for shard in shards {
            let bit: UInt64 = 1 << UInt64(shard.index)
            let concerned = zip(heads, readers).filter { $1 & bit != 0 }.map(\.0)
            if !concerned.isEmpty {
                shard.eventLoop.execute { for head in concerned { shard.ring(head.conversationId, seq: head.seq) } }
            }
            if viewers & bit != 0, !rows.isEmpty { shard.eventLoop.execute { shard.rowsChanged(rows) } }
        }
    }

    /// The rows that lists have not been told of since these events.
    private func news(_ heads: [Head]) -> [ChangedRow] {
        listed.withLock { listed in
            var places: [Identifier<Conversation>: Int] = [:]
            var rows: [ChangedRow] = []
            for head in heads {
                let isNews = listed.isNews(head.seq, in: head.conversationId)
                // A change of owner is told whatever came before it: of two nodes the later may be heard first, and nothing else
                // says that the row has left somebody's scope.
                guard isNews || head.owners?.old != nil else { continue }
                let place = places[head.conversationId] ?? rows.count
                if place == rows.count {
                    places[head.conversationId] = place
                    rows.append(
                        ChangedRow(
                            workspaceId: head.workspaceId, conversationId: head.conversationId, formerOwners: []))
                }
                if let old = head.owners?.old { rows[place].formerOwners.append(old) }
            }
            return rows
        }
    }

    /// Sends what is not kept to the readers of a conversation, on this node and on others.
    func pass(_ frame: PassingFrame, in conversationId: Identifier<Conversation>) {
        passHere(frame, in: conversationId)
        passElsewhere(frame, in: conversationId)
    }

    /// Sends what is not kept to the readers of a conversation on other nodes.
    func passElsewhere(_ frame: PassingFrame, in conversationId: Identifier<Conversation>) {
        guard let link, link.isShared else { return }
        link.pass(frame.passed(in: conversationId))
    }

    /// Sends what is not kept to the readers of a conversation on this node.
    func passHere(_ frame: PassingFrame, in conversationId: Identifier<Conversation>) {
        guard let loops = interest.loops(of: [conversationId]).readers.first, loops != 0 else { return }
        for shard in shards where loops & (1 << UInt64(shard.index)) != 0 {
            shard.eventLoop.execute { shard.deliver(frame, in: conversationId) }
        }
    }

    /// Runs `body` on every loop.
    func onEachShard(_ body: @escaping @Sendable (LoopShard) -> Void) {
        for shard in shards { shard.eventLoop.execute { body(shard) } }
    }

    /// Runs `body` on every loop and gathers what it returns.
    func gather<Value: Sendable>(_ body: @escaping @Sendable (LoopShard) -> Value) async -> [Value] {
        var values: [Value] = []
        for shard in shards {
            if let value = try? await shard.eventLoop.submit({ body(shard) }).get() { values.append(value) }
        }
        return values
    }
}

extension Fanout.Head {
    init(_ facts: EventFacts) {
        self.init(
            workspaceId: facts.workspaceId, conversationId: facts.conversationId, seq: facts.seq, owners: facts.owners)
    }
}
