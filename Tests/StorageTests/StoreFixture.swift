import Domain
import Foundation
import Logging
import Storage
import Synchronization

/// A store on a database of its own, with a clock that only the test moves.
final class StoreFixture: Sendable {
    let store: ChatStore
    let clock: ManualClock
    let commits: CommitRecorder
    let driver: SwitchableDriver
    let workspace: Workspace
    let inbox: Inbox
    let admin: Access

    /// - Parameter lifetime: of sessions.
    convenience init(
        on database: TestDatabase, lifetime: ChatSession.Lifetime = .init(), nodeId: String = "node-a"
    ) async throws {
        try await self.init(on: try await database.open(), lifetime: lifetime, nodeId: nodeId)
    }

    convenience init(
        on driver: any DatabaseDriver, lifetime: ChatSession.Lifetime = .init(), nodeId: String = "node-a"
    ) async throws {
        try await self.init(on: driver, settings: StoreSettings(lifetime: lifetime, nodeId: nodeId))
    }

    init(on driver: any DatabaseDriver, settings: StoreSettings) async throws {
        clock = ManualClock()
        let turn = NSRecursiveLock()
        commits = CommitRecorder(turn)
        self.driver = SwitchableDriver(driver, turn)
        try await driver.migrate()
        store = ChatStore(
            driver: self.driver, settings: settings, clock: clock,
            identifiers: IdentifierGenerator(clock: clock), observer: commits, logger: .silent)
        (workspace, inbox) = try await store.write {
            try $0.createWorkspace(slug: "default", name: "Default", inboxKey: "key", inboxSecret: [1, 2, 3])
        }
        let workspaceId = workspace.id
        let user = try await store.write {
            try $0.createUser(
                email: "admin@example.com", name: "Ada", passwordHash: "hash", role: .admin, in: workspaceId)
        }
        admin = Access(
            workspaceId: workspaceId,
            principal: .staff(.init(userId: user.id, name: user.name, role: .admin, credential: .login(Identifier(1)))))
    }

    /// Another node on the same database.
    init(besides first: StoreFixture, on driver: any DatabaseDriver, number: Int) {
        clock = first.clock
        let turn = NSRecursiveLock()
        commits = CommitRecorder(turn)
        self.driver = SwitchableDriver(driver, turn)
        store = ChatStore(
            driver: self.driver,
            settings: StoreSettings(lifetime: first.store.settings.lifetime, nodeId: "node-\(number)"), clock: clock,
            identifiers: IdentifierGenerator(clock: clock, node: number), observer: commits, logger: .silent)
        (workspace, inbox, admin) = (first.workspace, first.inbox, first.admin)
    }

    /// Opens a session of a new contact.
    func visitor(name: String? = nil, ticket: [UInt8] = StoreFixture.bytes()) async throws -> (ChatSession, Access) {
        let request = SessionRequest(inboxId: inbox.id, visitor: .stranger, name: name, ticketDigest: ticket)
        let workspaceId = workspace.id
        let session = try await store.write { try $0.openSession(request, in: workspaceId) }
        let access = Access(
            workspaceId: workspaceId,
            principal: .contact(
                .init(
                    contactId: session.contactId, sessionId: session.id, conversationId: session.conversationId)))
        return (session, access)
    }

    func send(
        _ content: String, clientId: String? = nil, kind: Message.Kind = .text,
        to conversationId: Identifier<Conversation>, by access: Access
    ) async throws -> SentMessage {
        try await store.write {
            try $0.send(
                MessageDraft(content: content, clientMessageId: clientId, kind: kind), to: conversationId, by: access)
        }
    }

    func events(of conversationId: Identifier<Conversation>) async throws -> [Event] {
        let admin = admin
        return try await store.read {
            try $0.events(of: conversationId, SeqPage(.after(0), limit: 200), by: admin).items
        }
    }

    static func bytes() -> [UInt8] { (0..<32).map { _ in UInt8.random(in: .min ... .max) } }
}

extension Logger {
    /// Says nothing.
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Keeps every commit, in the order in which it was told.
final class CommitRecorder: CommitObserver {
    private let batches = Mutex<[CommittedBatch]>([])
    private let turn: NSRecursiveLock

    /// - Parameter turn: held while a commit is told of. A sender hears of it first: whoever looks then waits for the rest.
    init(_ turn: NSRecursiveLock) {
        self.turn = turn
    }

    func committed(_ batch: CommittedBatch) { batches.withLock { $0.append(batch) } }

    private var told: [CommittedBatch] { turn.withLock { batches.withLock { $0 } } }

    var events: [Event] { told.flatMap(\.events) }
    var replyJobs: [ReplyJob] { told.flatMap(\.replyJobs) }
    var endedSessions: [Identifier<ChatSession>] { told.flatMap(\.endedSessions).map(\.id) }
    var movedSessions: [Identifier<ChatSession>] { told.flatMap(\.movedSessions) }
    var endedLogins: [Identifier<Login>] { told.flatMap(\.endedLogins) }
    var endedKeys: [Identifier<APIKey>] { told.flatMap(\.endedKeys) }
    var changedAccess: [ChangedAccess] { told.flatMap(\.changedUsers) }
    var removedFiles: [Identifier<Attachment>] { told.flatMap(\.removedFiles) }
    var batchSizes: [Int] { told.map(\.events.count) }
}

/// The real driver, with a switch that makes its commits fail after the work was done, as a broken disk does.
final class SwitchableDriver: ForwardingDriver {
    let driver: any DatabaseDriver
    private let failure = Mutex<StorageFailure?>(nil)
    private let turn: NSRecursiveLock

    /// - Parameter turn: held while a commit is told of.
    init(_ driver: any DatabaseDriver, _ turn: NSRecursiveLock) {
        self.driver = driver
        self.turn = turn
    }

    func failCommits(with failure: StorageFailure?) { self.failure.withLock { $0 = failure } }

    func write(
        _ batch: @escaping @Sendable (any SQLConnection) throws -> Void,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        let (failure, turn) = (failure.withLock { $0 }, turn)
        driver.write(
            { connection in
                try batch(connection)
                if let failure { throw failure }
            },
            completion: { result in turn.withLock { completion(result) } })
    }
}
