public import Domain
import Synchronization

/// What one commit has made durable, in order.
///
/// Other nodes are told of it too: see `ClusterLink`.
public struct CommittedBatch: Sendable {
    /// Numbered events, in the order of their commit.
    public internal(set) var events: [Event] = []
    /// Replies that the assistant owes, or whose question has grown.
    public internal(set) var replyJobs: [ReplyJob] = []
    /// Sessions that ended, with the reason: their sockets must close.
    public internal(set) var endedSessions: [EndedSession] = []
    /// Sessions that are another contact's now: who acts under one must connect again.
    public internal(set) var movedSessions: [Identifier<ChatSession>] = []
    /// Sign-ins that ended: their sockets must close.
    public internal(set) var endedLogins: [Identifier<Login>] = []
    /// API keys that ended: their sockets must close.
    public internal(set) var endedKeys: [Identifier<APIKey>] = []
    /// Users whose rights changed: tokens and sockets of an older version must go.
    public internal(set) var changedUsers: [ChangedAccess] = []
    /// Files whose rows are gone: what lies on disk of them may go.
    public internal(set) var removedFiles: [Identifier<Attachment>] = []
    /// What administrators have to say to those who are connected.
    public internal(set) var notices: [Notice] = []
    /// When this node had it on disk; nil for what another node committed.
    public internal(set) var committedAt: ContinuousClock.Instant?

    public init() {}

    mutating func append(_ other: CommittedBatch) {
        events += other.events
        replyJobs += other.replyJobs
        endedSessions += other.endedSessions
        movedSessions += other.movedSessions
        endedLogins += other.endedLogins
        endedKeys += other.endedKeys
        notices += other.notices
        changedUsers += other.changedUsers
        removedFiles += other.removedFiles
    }
}

/// A session that is over, and whose it was.
public struct EndedSession: Sendable, Equatable {
    public var id: Identifier<ChatSession>
    public var contactId: Identifier<Contact>
}

/// A user's rights as of their last change.
public struct ChangedAccess: Sendable, Hashable {
    public var userId: Identifier<User>
    /// Tokens and sockets of an older version are void. Those of this one go on under what the user may do now.
    public var version: Int64

    public init(userId: Identifier<User>, version: Int64) {
        self.userId = userId
        self.version = version
    }
}

/// Hears of every commit once, in commit order, on the writer's thread. It must only hand on, never wait.
public protocol CommitObserver: Sendable {
    /// Before the senders hear that it is committed: for what must not be true any more when they do.
    func durable(_ batch: CommittedBatch)

    /// After they have heard.
    func committed(_ batch: CommittedBatch)
}

extension CommitObserver {
    public func durable(_ batch: CommittedBatch) {}
}

/// Hands every commit to all who want to hear of it, in the order in which they came.
public final class CommitFeed: CommitObserver {
    private let observers = Mutex<[any CommitObserver]>([])

    public init() {}

    /// Adds an observer. It hears of commits from now on.
    public func subscribe(_ observer: any CommitObserver) {
        observers.withLock { $0.append(observer) }
    }

    public func durable(_ batch: CommittedBatch) {
        for observer in observers.withLock({ $0 }) { observer.durable(batch) }
    }

    public func committed(_ batch: CommittedBatch) {
        for observer in observers.withLock({ $0 }) { observer.committed(batch) }
    }
}
