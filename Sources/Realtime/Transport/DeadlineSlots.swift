/// The core of a timer wheel, in ticks and without a clock: deadlines hashed into slots by their tick, each slot a
/// doubly linked list threaded through one array, so that setting, moving and cancelling are O(1) and cost no
/// allocation beyond that array.
///
/// A deadline further away than one turn of the wheel stays in its slot and is passed over once per turn.
/// Memory is bounded by the highest number of deadlines that were pending at the same time, and is given back when
/// the last one is gone.
struct DeadlineSlots<Payload> {
    /// Names a pending deadline. Stale ones are recognised, also after their place has been reused.
    struct Key: Equatable {
        fileprivate let index: Int32
        fileprivate let stamp: UInt32
    }

    private struct Entry {
        var payload: Payload?
        var tick: UInt64
        var previous: Int32
        var next: Int32
        var stamp: UInt32
    }

    private static var none: Int32 { -1 }
    /// Entries that are kept for reuse when the wheel runs empty; more go back to the allocator.
    private static var retainedEntries: Int { 256 }

    private var entries: [Entry] = []
    private var heads: [Int32]
    private var free = Self.none
    private var lastStamp: UInt32 = 0
    private let mask: UInt64
    /// Number of pending deadlines.
    private(set) var count = 0
    /// The last tick that has been swept.
    private(set) var now: UInt64 = 0

    /// - Parameter slots: Rounded up to a power of two.
    init(slots: Int) {
        var size = 1
        while size < slots, size < 1 << 16 { size <<= 1 }
        heads = Array(repeating: Self.none, count: size)
        mask = UInt64(size - 1)
    }

    // MARK: Setting

    /// Sets a deadline; one at or before the last swept tick falls due with the next tick.
    mutating func insert(_ payload: Payload, at tick: UInt64) -> Key {
        lastStamp &+= 1
        let entry = Entry(
            payload: payload, tick: max(tick, now &+ 1), previous: Self.none, next: Self.none, stamp: lastStamp)
        let index: Int32
        if free != Self.none {
            index = free
            free = entries[Int(index)].next
            entries[Int(index)] = entry
        } else {
            index = Int32(truncatingIfNeeded: entries.count)
            entries.append(entry)
        }
        link(index)
        count += 1
        return Key(index: index, stamp: entry.stamp)
    }

    /// Moves a pending deadline.
    ///
    /// - Returns: `false` when it is no longer pending.
    mutating func move(_ key: Key, to tick: UInt64) -> Bool {
        guard isPending(key) else { return false }
        unlink(key.index)
        entries[Int(key.index)].tick = max(tick, now &+ 1)
        link(key.index)
        return true
    }

    /// Takes a pending deadline out.
    @discardableResult
    mutating func remove(_ key: Key) -> Payload? {
        guard isPending(key) else { return nil }
        let payload = entries[Int(key.index)].payload
        unlink(key.index)
        count -= 1
        if count == 0 {
            if entries.count > Self.retainedEntries { entries = [] } else { entries.removeAll(keepingCapacity: true) }
            free = Self.none
        } else {
            entries[Int(key.index)].payload = nil
            entries[Int(key.index)].next = free
            free = key.index
        }
        return payload
    }

    func isPending(_ key: Key) -> Bool {
        guard entries.indices.contains(Int(key.index)) else { return false }
        let entry = entries[Int(key.index)]
        return entry.stamp == key.stamp && entry.payload != nil
    }

    // MARK: Sweeping

    /// Moves on to `tick` and lists what fell due on the way. What is listed stays pending until it is taken, so that
    /// the handling of one deadline may still cancel or move another.
    mutating func sweep(to tick: UInt64, into due: inout [Key]) {
        guard tick > now else { return }
        let turns = min(tick &- now, mask &+ 1)
        for step in 1...turns {
            var index = heads[Int((now &+ step) & mask)]
            while index != Self.none {
                let entry = entries[Int(index)]
                if entry.tick <= tick { due.append(Key(index: index, stamp: entry.stamp)) }
                index = entry.next
            }
        }
        now = tick
    }

    /// Takes out a deadline that a sweep has listed, unless it was cancelled or moved since.
    mutating func takeDue(_ key: Key) -> Payload? {
        guard isPending(key), entries[Int(key.index)].tick <= now else { return nil }
        return remove(key)
    }

    /// Skips the time that passed while nothing was pending.
    mutating func skip(to tick: UInt64) {
        if count == 0, tick > now { now = tick }
    }

    /// The next tick that has a slot in use: nothing falls due before it. `nil` when nothing is pending.
    var nextOccupiedTick: UInt64? {
        guard count > 0 else { return nil }
        for step in 1...(mask &+ 1) where heads[Int((now &+ step) & mask)] != Self.none {
            return now &+ step
        }
        return nil
    }

    // MARK: Lists

    private mutating func link(_ index: Int32) {
        let slot = Int(entries[Int(index)].tick & mask)
        let head = heads[slot]
        entries[Int(index)].previous = Self.none
        entries[Int(index)].next = head
        if head != Self.none { entries[Int(head)].previous = index }
        heads[slot] = index
    }

    private mutating func unlink(_ index: Int32) {
        let entry = entries[Int(index)]
        if entry.previous != Self.none {
            entries[Int(entry.previous)].next = entry.next
        } else {
            heads[Int(entry.tick & mask)] = entry.next
        }
        if entry.next != Self.none { entries[Int(entry.next)].previous = entry.previous }
    }
}
