import Cluster
import Domain
import Foundation
import Logging
import NIOCore
import NIOPosix
import Storage
import StorageSQLite
import Synchronization
import Testing
import Wire

@testable import Realtime

/// Nodes in one process that are joined by a bus and share a database. Which of them has committed a batch, the test decides:
/// the others hear of it by the bus alone.
final class ClusterFixture: Sendable {
    let store: ChatStore
    let clock = ManualClock()
    let nodes: [TestNode]
    let views: ViewMaker
    let workspaceId: Identifier<Workspace>
    let inboxId: Identifier<Inbox>
    let agent: User
    let committers: Committers
    let driver: CountingDriver
    /// Users that tests have made, by name.
    let people = Mutex<[String: User]>([:])
    private let folder: URL

    /// - Parameter bus: puts something between a node and its bus.
    init(
        nodes count: Int = 2, bus wrap: (Int, InProcessBus) -> any MessageBus = { _, bus in bus }
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
        let driver = CountingDriver(
            try SQLiteDriver(
                path: folder.appending(path: "chat.db").path(percentEncoded: false), logger: .quiet))
        self.driver = driver
        try await driver.migrate()
        let committers = Committers()
        self.committers = committers
        store = ChatStore(
            driver: driver, settings: StoreSettings(nodeId: "node-0"), clock: clock,
            identifiers: IdentifierGenerator(clock: clock), observer: committers, logger: .quiet)
        let views = ViewMaker(identifiers: try #require(PublicIdentifiers(key: Array(0..<16))))
        self.views = views
        let exchange = InProcessBus.Exchange()
        let loops = MultiThreadedEventLoopGroup.singleton
        var nodes: [TestNode] = []
        for index in 0..<count {
            let bus = InProcessBus(eventLoop: loops.next(), exchange: exchange)
            nodes.append(TestNode(index, store: store, bus: bus, carrier: wrap(index, bus), views: views))
        }
        self.nodes = nodes
        committers.hubs.withLock { $0 = nodes.map(\.hub) }
        let (workspace, inbox) = try await store.write {
            try $0.createWorkspace(slug: "default", name: "Default", inboxKey: "key", inboxSecret: [1])
        }
        (workspaceId, inboxId) = (workspace.id, inbox.id)
        agent = try await store.write {
            try $0.createUser(
                email: "ada@example.com", name: "Ada", passwordHash: "x", role: .admin, in: workspace.id)
        }
        for login in Self.logins { try await insert(login) }
    }

    /// Keys of the agent's sign-ins, which tests name.
    private static let logins: [Int64] = [1, 2, 7]

    private func insert(_ login: Int64) async throws {
        let values: [SQLValue] = [
            .integer(login), .integer(workspaceId.rawValue), .integer(agent.id.rawValue), .integer(.max),
        ]
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            driver.write(
                {
                    try $0.run(
                        """
                        INSERT INTO logins (id, workspace_id, user_id, created_at, last_used_at, expires_at) \
                        VALUES (?, ?, ?, 0, 0, ?)
                        """, values)
                }, completion: { continuation.resume(with: $0) })
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The agent's access, by a sign-in of its own: one of ``logins``.
    func staff(login: Int64 = 1, version: Int64 = 1) -> Access {
        Access(
            workspaceId: workspaceId,
            principal: .staff(
                .init(
                    userId: agent.id, name: agent.name, role: .admin, credential: .login(Identifier(login)),
                    accessVersion: version)))
    }

    func visitor() async throws -> (session: ChatSession, access: Access) {
        let ticket = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        let request = SessionRequest(inboxId: inboxId, visitor: .stranger, ticketDigest: ticket)
        let workspaceId = workspaceId
        let session = try await store.write { try $0.openSession(request, in: workspaceId) }
        return (
            session,
            Access(
                workspaceId: workspaceId,
                principal: .contact(
                    .init(
                        contactId: session.contactId, sessionId: session.id, conversationId: session.conversationId)))
        )
    }

    @discardableResult
    func send(
        _ content: String, to id: Identifier<Conversation>, by access: Access, kind: Message.Kind = .text,
        clientId: String? = nil
    ) async throws -> Message {
        try await store.write(to: id) {
            try $0.send(
                MessageDraft(content: content, clientMessageId: clientId, kind: kind), to: id, by: access
            ).message
        }
    }

    func seqs(of id: Identifier<Conversation>) async throws -> [Int64] {
        var all: [Int64] = []
        let access = staff()
        while true {
            let after = all.last ?? 0
            let page = try await store.read { try $0.events(of: id, SeqPage(.after(after), limit: 200), by: access) }
            all += page.items.map(\.seq)
            if !page.hasMore { return all }
        }
    }

    /// A question of the visitor, with the reply that is owed to it.
    func ask(
        _ content: String = "question", in id: Identifier<Conversation>, by access: Access
    ) async throws -> ReplyJob {
        try await send(content, to: id, by: access)
        return try #require(try await store.read { try $0.openJobs(of: id) }.last)
    }

    /// Begins a reply on a node and shows its first text.
    func show(_ job: ReplyJob, _ text: String, on node: Int, onCancel: @escaping @Sendable () -> Void = {}) async throws
    {
        committers.choose(node)
        nodes[node].hub.liveReplies.begin(job, onCancel: onCancel)
        _ = try await store.write(to: job.conversationId) { try $0.showReply(job, text: text) }
        // The sender of a command hears of it before the hub does.
        let live = nodes[node].hub.liveReplies
        try await eventually("the reply is shown") { live.snapshot(of: job.id, in: job.conversationId) != nil }
    }

    func complete(_ job: ReplyJob, _ text: String) async throws {
        _ = try await store.write(to: job.conversationId) {
            try $0.completeReply(job, text: text, sources: [], finish: .stop, isAnswered: true)
        }
    }
}

/// A node: its hub, and its end of the bus.
final class TestNode: Sendable {
    let hub: Hub
    let bus: InProcessBus
    let link: ClusterLink
    let watch: FeedWatch

    init(_ index: Int, store: ChatStore, bus: InProcessBus, carrier: any MessageBus, views: ViewMaker) {
        self.bus = bus
        link = ClusterLink(bus: carrier, nodeId: "node-\(index)", logger: .quiet)
        let hub = Hub(
            store: store, group: MultiThreadedEventLoopGroup.singleton, link: link,
            encoder: EventEncoder(views: views), settings: RealtimeSettings(nodeId: "node-\(index)", logEpoch: "e1"),
            handoffWording: { _, _, _, reason in
                HandoffWords(
                    announcement: "wait", note: "why",
                    handoff: Handoff(reason, language: "en", summary: "what was said"))
            }, logger: .quiet)
        self.hub = hub
        watch = FeedWatch(hub: hub, logger: .quiet)
        link.listen { [weak hub] in hub?.heard($0) }
    }

    /// Begins to read a conversation behind `seq`.
    func read(_ id: Identifier<Conversation>, after seq: Int64 = 0, by access: Access) async throws -> Reader {
        Reader(try await hub.stream(of: id, after: seq, by: access))
    }
}

/// Hands each commit to the node that is said to have made it.
final class Committers: CommitObserver {
    let hubs = Mutex<[Hub]>([])
    private let chosen = Mutex<@Sendable (CommittedBatch) -> Int>({ _ in 0 })

    func choose(_ node: Int) { chosen.withLock { $0 = { _ in node } } }

    func choose(by rule: @escaping @Sendable (CommittedBatch) -> Int) { chosen.withLock { $0 = rule } }

    private func hub(of batch: CommittedBatch) -> Hub? {
        let node = chosen.withLock { $0 }(batch)
        return hubs.withLock { $0.indices.contains(node) ? $0[node] : nil }
    }

    func durable(_ batch: CommittedBatch) { hub(of: batch)?.durable(batch) }

    func committed(_ batch: CommittedBatch) { hub(of: batch)?.committed(batch) }
}

/// Counts how often the database is read.
final class CountingDriver: DatabaseDriver {
    private let driver: SQLiteDriver
    private let count = Mutex(0)

    init(_ driver: SQLiteDriver) { self.driver = driver }

    var reads: Int { count.withLock { $0 } }
    var kind: String { driver.kind }
    var isShared: Bool { driver.isShared }
    @discardableResult
    func migrate() async throws -> SchemaMigration { try await driver.migrate() }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        count.withLock { $0 += 1 }
        return try await driver.read(body)
    }

    func readInPlace<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value? {
        let value = try driver.readInPlace(body)
        if value != nil { count.withLock { $0 += 1 } }
        return value
    }

    func write(
        _ batch: @escaping @Sendable (any SQLConnection) throws -> Void,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) { driver.write(batch, completion: completion) }

    func close() async { await driver.close() }
}

/// Reads a stream to its end, and keeps what it saw.
final class Reader: Sendable {
    struct Seen: Sendable {
        var frames: [SeenFrame] = []
        var hasEnded = false

        var seqs: [Int64] { frames.compactMap(\.seq) }
        var types: [String] { frames.map(\.type) }
    }

    let seen = Observed(Seen())
    private let task: Mutex<Task<Void, Never>?>

    init(_ stream: ConversationStream) {
        let seen = seen
        task = Mutex(
            Task {
                for await frame in stream {
                    let json = (try? JSONValue(parsing: String(buffer: frame.json))) ?? .null
                    seen.update { $0.frames.append(SeenFrame(type: frame.type, seq: frame.seq, json: json)) }
                }
                seen.update { $0.hasEnded = true }
            })
    }

    deinit { task.withLock { $0?.cancel() } }

    var types: [String] { seen.value.types }
    var frames: [SeenFrame] { seen.value.frames }

    func stop() { task.withLock { $0?.cancel() } }

    @discardableResult
    func wait(
        _ what: String, within limit: Duration = .seconds(60), until condition: @escaping @Sendable (Seen) -> Bool
    ) async throws -> Seen {
        try await seen.wait(what, within: limit, until: condition)
    }

    /// Waits until an event has come.
    @discardableResult
    func reaches(_ seq: Int64) async throws -> Seen {
        try await wait("event \(seq)") { $0.seqs.contains { $0 >= seq } }
    }
}

/// A frame as a client reads it.
struct SeenFrame: Sendable {
    var type: String
    var seq: Int64?
    var json: JSONValue

    var data: JSONValue { json["data"] ?? .null }
    var message: JSONValue? { data["message"] }
    var text: String? { data["text"]?.stringValue }
    var generation: Int64? { data["generation"]?.intValue }
}

extension Logger {
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Looks until `condition` holds, or the time is over, which fails the test.
func eventually(
    _ what: Comment, within time: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now.advanced(by: time)
    while try await !condition() {
        try #require(ContinuousClock.now < end, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(2))
    }
}
