import Synchronization

/// Makes row keys without asking the database, so that a key is known before its row is committed.
///
/// The layout is the usual one for time-ordered keys: 41 bits of milliseconds since 2024-01-01 UTC (until 2093),
/// 10 bits of node number, 12 bits of counter. Keys of one generator only ever grow, also when the clock jumps back:
/// new rows land at the end of their table, and a public identifier can be handed out before the commit
/// (an AI reply is announced before its message exists).
public final class IdentifierGenerator: Sendable {
    /// 2024-01-01T00:00:00Z in milliseconds.
    static let epochMilliseconds: Int64 = 1_704_067_200_000
    static let nodeBits: Int64 = 10
    static let counterBits: Int64 = 12

    private let clock: any WallClock
    private let node: Int64
    private let last: Mutex<Int64>

    /// - Parameters:
    ///   - node: number of this node in the cluster, 0…1023; other bits are ignored.
    ///   - highest: the highest key already in the database: the generator starts above it even if the clock is behind.
    public init(clock: any WallClock, node: Int = 0, highest: Int64 = 0) {
        self.clock = clock
        self.node = Int64(node) & ((1 << Self.nodeBits) - 1)
        let highestTime = highest >> (Self.nodeBits + Self.counterBits)
        self.last = Mutex((highestTime << Self.counterBits) | ((1 << Self.counterBits) - 1))
    }

    /// The least key of a row that was made at `time` or later.
    public static func first<Entity>(at time: Timestamp, of _: Entity.Type = Entity.self) -> Identifier<Entity> {
        let elapsed = min(max(0, time.milliseconds - epochMilliseconds), 1 << 41 - 1)
        return Identifier(elapsed << (nodeBits + counterBits))
    }

    /// A new key, greater than all that this generator gave before.
    public func next<Entity>(_ entity: Entity.Type = Entity.self) -> Identifier<Entity> {
        let elapsed = max(0, clock.now().milliseconds - Self.epochMilliseconds)
        // Time and counter are one number: when 4096 keys of one millisecond are used up, the next millisecond is borrowed.
        let tick = last.withLock { last in
            last = max(last + 1, elapsed << Self.counterBits)
            return last
        }
        let counterMask: Int64 = (1 << Self.counterBits) - 1
        let time = tick >> Self.counterBits
        return Identifier(
            (time << (Self.nodeBits + Self.counterBits)) | (node << Self.counterBits) | (tick & counterMask))
    }
}
