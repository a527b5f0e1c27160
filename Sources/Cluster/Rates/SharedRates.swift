import DequeModule
public import Domain
public import NIOCore
import Synchronization

/// Rate limits that hold for all nodes together, without waiting for anybody.
///
/// Each node takes from a bucket of its own. What it took it tells the others by a counter, four times a second, and the
/// answer tells what they took, which is drained from its bucket. So a limit of the cluster holds with a lag of a quarter
/// of a second; without the others, or without counters, each node's own bucket holds.
///
/// A counter counts for a window of the time in which a bucket fills. A node that sees a key for the first time in a window
/// learns what was used in it and, by the share that is not yet made up for, in the one before.
public final class SharedRates<Key: Hashable & Sendable>: Sendable {
    /// Keys whose use is told at once; the others wait for the next turn.
    static var maximumReported: Int { 2048 }
    /// Bytes of a name; a key with a longer one is counted on this node only.
    static var maximumNameBytes: Int { 128 }
    /// A node is late with what it took, and its clock may differ from others': a window is no shorter than this.
    static var shortestWindow: Double { 1000 }
    static var longestWindow: Double { 3_600_000 }

    private struct Entry {
        var bucket: TokenBucket
        /// Taken here and not told yet.
        var untold: Int64 = 0
        /// What all nodes together had taken in a window, when this node asked last.
        var known: (window: Int64, total: Int64)?

        /// Milliseconds in which the bucket fills.
        var windowLength: Int64 {
            let length = bucket.burst / bucket.rate * 1000
            guard length.isFinite else { return Int64(SharedRates.longestWindow) }
            return Int64(min(SharedRates.longestWindow, max(SharedRates.shortestWindow, length)))
        }
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Keys with something untold, the oldest first.
        var untold: Deque<Key> = []
        var isTelling = false
    }

    private struct Report: Sendable {
        let key: Key
        let window: Int64
        let addition: CounterAddition
    }

    private let table: String
    private let name: @Sendable (Key) -> String?
    private let counters: (any SharedCounters)?
    private let clock: any WallClock
    private let capacity: Int
    private let state = Mutex(State())
    private let timer = Mutex<RepeatedTask?>(nil)

    /// - Parameters:
    ///   - table: parts these limits from others; the same on all nodes.
    ///   - counters: nil when there are no other nodes.
    ///   - capacity: buckets that are kept at once; one that is full again need not be.
    ///   - name: the key as all nodes write it. It becomes visible in Redis, so secrets and e-mail addresses must be hashed
    ///     (not with `Hasher`, which differs on each node). nil is counted on this node only.
    public init(
        table: String, counters: (any SharedCounters)?, clock: any WallClock, capacity: Int,
        name: @escaping @Sendable (Key) -> String?
    ) {
        self.table = table
        self.counters = counters
        self.clock = clock
        self.capacity = max(2, capacity)
        self.name = name
    }

    /// Takes one.
    ///
    /// - Parameters:
    ///   - rate: per second; 0 switches the limit off.
    ///   - burst: how many at once. Both are meant to be the same for a key at all times; a change begins anew.
    /// - Returns: nil when there was one, else the seconds until there is.
    public func take(_ key: Key, rate: Double, burst: Double) -> Double? {
        guard rate > 0 else { return nil }
        let now = clock.now()
        return state.withLock { state in
            let old = state.entries[key]
            var entry: Entry
            if let old, old.bucket.rate == rate, old.bucket.burst == burst {
                entry = old
            } else {
                entry = Entry(bucket: TokenBucket(rate: rate, burst: burst, now: now))
            }
            let wait = entry.bucket.take(at: now)
            if wait == nil, counters != nil {
                if entry.untold == 0 { state.untold.append(key) }
                entry.untold += 1
            }
            if old == nil, state.entries.count >= capacity { makeRoom(in: &state, now: now) }
            state.entries[key] = entry
            return wait
        }
    }

    /// Takes none.
    ///
    /// - Parameters: as ``take(_:rate:burst:)`` has them.
    /// - Returns: nil when there is one, else the seconds until there is.
    public func wait(for key: Key, rate: Double, burst: Double) -> Double? {
        guard rate > 0 else { return nil }
        let now = clock.now()
        return state.withLock { state in
            guard var bucket = state.entries[key]?.bucket, bucket.rate == rate, bucket.burst == burst else {
                return nil
            }
            return bucket.take(at: now)
        }
    }

    /// Buckets that are kept.
    public var count: Int { state.withLock { $0.entries.count } }

    /// Begins to tell the other nodes.
    public func run(on eventLoop: any EventLoop, every interval: TimeAmount = .milliseconds(250)) {
        guard counters != nil else { return }
        let task = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] task in
            guard let self else { return task.cancel() }
            self.tell()
        }
        let old = timer.withLock { timer in
            defer { timer = task }
            return timer
        }
        old?.cancel()
    }

    /// Ends ``run(on:every:)``.
    public func stop() {
        timer.withLock { timer in
            timer?.cancel()
            timer = nil
        }
    }

    /// Tells what was taken here, and learns what others took. Does nothing while the last answer is still awaited.
    func tell() {
        guard let counters else { return }
        let reports = state.withLock { state in makeReports(in: &state) }
        guard !reports.isEmpty else { return }
        counters.add(reports.map(\.addition)) { [weak self] totals in self?.learn(reports, totals) }
    }

    private func makeReports(in state: inout State) -> [Report] {
        guard !state.isTelling else { return [] }
        let now = clock.now()
        var reports: [Report] = []
        while reports.count < Self.maximumReported, let key = state.untold.popFirst() {
            guard var entry = state.entries[key], entry.untold > 0 else { continue }
            let amount = entry.untold
            entry.untold = 0
            state.entries[key] = entry
            guard let name = name(key), name.utf8.count <= Self.maximumNameBytes else { continue }
            let length = entry.windowLength
            let window = Self.window(of: now, length: length)
            // Asked once per window: the end of the last window, which others may have written since.
            let isFirst = entry.known?.window != window
            let addition = CounterAddition(
                key: "\(table).\(name).\(window)", amount: amount, lifetime: length * 2 + 5000,
                alsoRead: isFirst ? "\(table).\(name).\(window - 1)" : nil)
            reports.append(Report(key: key, window: window, addition: addition))
        }
        state.isTelling = !reports.isEmpty
        return reports
    }

    private func learn(_ reports: [Report], _ totals: [CounterTotals?]) {
        let now = clock.now()
        state.withLock { state in
            state.isTelling = false
            for (report, totals) in zip(reports, totals) {
                guard let totals, var entry = state.entries[report.key] else { continue }
                let known = entry.known
                let (before, wereBefore) = (
                    known?.window == report.window ? known?.total ?? 0 : 0,
                    known?.window == report.window - 1 ? known?.total ?? 0 : 0
                )
                // Of the window before, only what has not trickled in again since counts.
                let length = entry.windowLength
                let passed = min(1, Double(max(0, now.milliseconds - report.window * length)) / Double(length))
                let late = report.addition.alsoRead == nil ? 0 : Self.difference(totals.alsoRead, wereBefore)
                let others = Self.difference(totals.total, before) - Double(report.addition.amount)
                entry.bucket.drain(max(0, others) + late * (1 - passed), at: now)
                entry.known = (report.window, totals.total)
                state.entries[report.key] = entry
            }
        }
    }

    /// What was added since, when the counter was not lost meanwhile.
    private static func difference(_ total: Int64, _ before: Int64) -> Double {
        max(0, Double(total) - Double(before))
    }

    private static func window(of now: Timestamp, length: Int64) -> Int64 {
        now.milliseconds / max(1, length)
    }

    /// Forgets full buckets; when that frees little, any half: a flood of keys must not make every take walk the table,
    /// and whose bucket is lost only starts anew.
    private func makeRoom(in state: inout State, now: Timestamp) {
        state.entries = state.entries.filter { !$0.value.bucket.isFull(at: now) }
        if state.entries.count > capacity / 2 {
            state.entries = Dictionary(
                uniqueKeysWithValues: state.entries.prefix(capacity / 2).map { ($0.key, $0.value) })
        }
        let entries = state.entries
        state.untold.removeAll { entries[$0] == nil }
    }
}
