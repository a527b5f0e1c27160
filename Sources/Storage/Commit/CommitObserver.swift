public import Domain
import Synchronization

/// What one commit has made durable, in order.
public struct CommittedBatch: Sendable {
    /// Numbered events, in the order of their commit.
    public internal(set) var events: [Event] = []
    /// Replies that the assistant owes, or whose question has grown.
    public internal(set) var replyJobs: [ReplyJob] = []
    /// Sessions that ended, with the reason: their sockets must close.
    public internal(set) var endedSessions: [Identifier<ChatSession>] = []
    /// Sign-ins that ended: their sockets must close.
    public internal(set) var endedLogins: [Identifier<Login>] = []
    /// Workspaces whose knowledge changed.
    public internal(set) var changedKnowledge: Set<Identifier<Workspace>> = []

    public init() {}

    mutating func append(_ other: CommittedBatch) {
        events += other.events
        replyJobs += other.replyJobs
        endedSessions += other.endedSessions
        endedLogins += other.endedLogins
        changedKnowledge.formUnion(other.changedKnowledge)
    }
}

/// Hears of every commit once, in commit order, on the writer's thread. It must only hand on, never wait.
public protocol CommitObserver: Sendable {
    func committed(_ batch: CommittedBatch)
}

/// Hands every commit to all who want to hear of it, in the order in which they came.
public final class CommitFeed: CommitObserver {
    private let observers = Mutex<[any CommitObserver]>([])

    public init() {}

    /// Adds an observer. It hears of commits from now on.
    public func subscribe(_ observer: any CommitObserver) {
        observers.withLock { $0.append(observer) }
    }

    public func committed(_ batch: CommittedBatch) {
        for observer in observers.withLock({ $0 }) { observer.committed(batch) }
    }
}
