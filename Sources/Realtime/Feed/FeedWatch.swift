import Cluster
import Domain
public import Logging
import NIOCore
import Storage
import Synchronization

/// Finds in the database what the doorbell did not ring for: events that other nodes committed, and ended rights.
///
/// While the bus is healthy it is a safety net that is looked into now and then; while it is silent it is how events get
/// here. What it finds is only ever a reason to look: a reader that has an event already ignores it.
public final class FeedWatch: Sendable {
    /// Between two looks while the bus is silent. With the sequencer's own interval it keeps delivery under a second.
    static let silentInterval = Duration.milliseconds(500)
    /// Between two looks while the bus is healthy. Contract: a missed event is learned of within one heartbeat (25 s), and a
    /// right that has ended within a second.
    static let healthyInterval = Duration.seconds(1)
    /// How long the looks go on as if the bus were silent after it has come back: what was committed before may not have its
    /// place in the feed yet.
    static let settling = Duration.seconds(2)
    /// Entries that are read at once.
    static let pageLimit = 1000
    /// Ends of rights are looked for so far behind the last look: longer than a command takes from its time to its commit.
    static let rightsOverlapSeconds: Int64 = 30

    private let hub: Hub
    private let store: ChatStore
    private let logger: Logger
    private let sleep = Mutex<Task<Void, Never>?>(nil)
    private let bus = Mutex((isSilent: true, settledAt: ContinuousClock.now))
    private let start: Int64?

    /// - Parameter position: what is committed behind this place of the feed is found. To be read before the node has readers;
    ///   nil is the end of the feed at the first look.
    public init(hub: Hub, from position: Int64? = nil, logger: Logger) {
        start = position
        self.hub = hub
        self.store = hub.store
        self.logger = logger
        hub.link?.observeHealth { [weak self] in self?.busChanged(to: $0) }
    }

    private func busChanged(to health: BusHealth) {
        let isSilent = health != .healthy
        let wasSilent = bus.withLock { bus in
            defer { bus = (isSilent, .now + Self.settling) }
            return bus.isSilent
        }
        guard isSilent != wasSilent else { return }
        // What was published last may be lost, in both directions.
        sleep.withLock { $0?.cancel() }
    }

    /// Looks until the task is cancelled.
    public func run() async {
        var position = start
        var ended = EndedAccess()
        var lookedAt = store.clock.now()
        var hasFailed = false
        while !Task.isCancelled {
            do {
                position = try await look(after: position)
                let now = store.clock.now()
                // Since the last look that was made: this node may have stood still, or the database been out of reach.
                ended = try await lookForEndedRights(knowing: ended, since: lookedAt)
                lookedAt = now
                if hasFailed { logger.notice("the feed can be read again") }
                hasFailed = false
            } catch {
                if !hasFailed { logger.warning("the feed could not be read", metadata: ["error": "\(error)"]) }
                hasFailed = true
            }
            await pause()
        }
    }

    /// One look at the events.
    /// - Parameter position: where the last one ended; nil before the first, which starts at the end.
    /// - Returns: where this one ended.
    func look(after position: Int64?) async throws -> Int64 {
        guard var position else { return try await store.read { try $0.feedHead() } }
        while true {
            let start = position
            let entries = try await store.read { try $0.feed(after: start, limit: Self.pageLimit) }
            if let last = entries.last { position = last.position }
            hub.found(entries)
            guard entries.count == Self.pageLimit else { return position }
        }
    }

    /// One look at ended rights.
    /// - Parameters:
    ///   - known: what the last look found, which need not be told again.
    ///   - lookedAt: when that was.
    /// - Returns: what there is.
    func lookForEndedRights(knowing known: EndedAccess, since lookedAt: Timestamp) async throws -> EndedAccess {
        let since = lookedAt.adding(seconds: -Self.rightsOverlapSeconds)
        let (ended, notices) = try await store.read { (try $0.endedAccess(since: since), try $0.notices(since: since)) }
        let rights = EndedRights(
            sessions: ended.sessions.filter { !known.sessions.contains($0) },
            movedSessions: ended.movedSessions.filter { !known.movedSessions.contains($0) }.map(\.id),
            logins: ended.logins.filter { !known.logins.contains($0) },
            keys: ended.keys.filter { !known.keys.contains($0) },
            users: Dictionary(
                ended.users.filter { !known.users.contains($0) }.map { ($0.access.userId, $0.access.version) },
                uniquingKeysWith: { max($0, $1) }))
        if !rights.isEmpty { hub.rightsEnded(rights) }
        for notice in notices { hub.deliver(notice) }
        return ended
    }

    private func pause() async {
        // Under the lock: a change of the bus finds either the sleep to end or is seen by its length.
        let pause = sleep.withLock { sleep in
            let (isSilent, settledAt) = bus.withLock { $0 }
            let interval = isSilent || .now < settledAt ? Self.silentInterval : Self.healthyInterval
            let pause = Task { _ = try? await ContinuousClock().sleep(for: interval) }
            sleep = pause
            return pause
        }
        await withTaskCancellationHandler {
            await pause.value
        } onCancel: {
            pause.cancel()
        }
    }
}
