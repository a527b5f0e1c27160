import Domain
import NIOCore
import Wire

/// The event loops and their readers: carries what is to be read to the loops that have readers for it, in order.
final class Fanout: Sendable {
    let interest = Interest()
    /// A loop for timers that belong to no socket.
    let timer: any EventLoop
    private let shards: [LoopShard]
    private let indexes: [ObjectIdentifier: Int]

    init(group: any EventLoopGroup) {
        let interest = interest
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

    /// Sends committed events to their readers. Calls must come in commit order.
    func deliver(_ events: [SharedEvent]) {
        let (readers, viewers) = interest.loops(of: events.map(\.event.conversationId))
        for shard in shards {
            let bit: UInt64 = 1 << UInt64(shard.index)
            let concerned = zip(events, readers).filter { $1 & bit != 0 }.map(\.0)
            if !concerned.isEmpty {
                shard.eventLoop.execute { for event in concerned { shard.deliver(event) } }
            }
            if viewers & bit != 0 {
                let rows = events.map { ($0.event.workspaceId, $0.event.conversationId) }
                shard.eventLoop.execute { shard.rowsChanged(rows) }
            }
        }
    }

    /// Sends what is not kept to the readers of a conversation.
    func pass(_ frame: PassingFrame, in conversationId: Identifier<Conversation>) {
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
