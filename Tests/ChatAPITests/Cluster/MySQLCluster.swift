import Assistant
import Cluster
import Domain
import Foundation
import Logging
import NIOCore
import NIOPosix
import Storage
import Synchronization
import Testing
import Wire

@testable import ChatAPI
@testable import Realtime
@testable import StorageMySQL

/// Nodes in one process, each with connections of its own to one MySQL database, joined by a bus.
final class MySQLCluster: Sendable {
    /// `CHAT_API_TEST_MYSQL=mysql://root@127.0.0.1:3306/`, with an account that may create databases.
    static let server: MySQLAddress? = {
        guard let text = ProcessInfo.processInfo.environment["CHAT_API_TEST_MYSQL"],
            let parts = URLComponents(string: text), parts.scheme == "mysql", let host = parts.host
        else { return nil }
        return MySQLAddress(
            host: host, port: parts.port ?? 3306, user: parts.user ?? "root", password: parts.password ?? "",
            database: "")
    }()
    static var isThere: Bool { server != nil }

    let clock = ManualClock()
    let address: MySQLAddress
    let views: ViewMaker
    let workspaceId: Identifier<Workspace>
    let inboxId: Identifier<Inbox>
    let admin: Access
    private let made = Mutex<[ClusterNode]>([])
    private let exchange = InProcessBus.Exchange()

    private init(_ server: MySQLAddress) async throws {
        var address = server
        address.database = "chat_test_\(UInt64.random(in: .min ... .max))"
        self.address = address
        views = ViewMaker(identifiers: try #require(PublicIdentifiers(key: Array(0..<16))))
        let driver = MySQLDriver(address, logger: .silent)
        try await driver.migrate()
        let store = ChatStore(
            driver: driver, settings: StoreSettings(nodeId: "setup"), clock: clock,
            identifiers: IdentifierGenerator(clock: clock, node: 1023), observer: CommitFeed(), logger: .silent)
        let (workspace, inbox) = try await store.write {
            try $0.createWorkspace(slug: "default", name: "Default", inboxKey: "key", inboxSecret: [1])
        }
        (workspaceId, inboxId) = (workspace.id, inbox.id)
        let (user, login) = try await store.write { transaction in
            let made = try transaction.createUser(
                email: "ada@example.com", name: "Ada", passwordHash: "x", role: .admin, in: workspace.id)
            return try transaction.beginLogin(of: made.id, refreshDigest: Array(0..<32))
        }
        admin = Access(
            workspaceId: workspace.id,
            principal: .staff(.init(userId: user.id, name: user.name, role: .admin, credential: .login(login.id))))
        await store.close()
    }

    /// Runs a test with a new database, which is removed at its end.
    static func run(_ test: (MySQLCluster) async throws -> Void) async throws {
        let cluster = try await MySQLCluster(try #require(server))
        let result: Result<Void, any Error>
        do {
            result = .success(try await test(cluster))
        } catch {
            result = .failure(error)
        }
        for node in cluster.made.withLock({ $0 }) { await node.close() }
        let name = cluster.address.database
        let address = cluster.address
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "test").async {
                if let handle = try? MySQLHandle(address, database: nil, timeouts: .init(read: 30)) {
                    let connection = MySQLConnection(handle, maximumPacketBytes: 1 << 30)
                    try? connection.control("DROP DATABASE IF EXISTS `\(name)`")
                    connection.close()
                }
                continuation.resume()
            }
        }
        try result.get()
    }

    /// Starts a node.
    /// - Parameters:
    ///   - renewal: of its leases; one that never comes is that of a node which is dead or stands still.
    ///   - compose: makes its replies; nil for a node that makes none.
    func node(
        _ name: String, renewal: Duration = .milliseconds(50), burst: Duration = .zero,
        compose: ReplyComposing? = nil
    ) -> ClusterNode {
        let number = made.withLock { $0.count }
        let node = ClusterNode(
            name, number: number, in: self,
            bus: InProcessBus(
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(), exchange: exchange),
            times: ReplyTimes(burst: burst, renewal: renewal, limit: .seconds(60)), compose: compose)
        made.withLock { $0.append(node) }
        return node
    }

    func visitor(on node: ClusterNode) async throws -> (id: Identifier<Conversation>, access: Access) {
        let ticket = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        let request = SessionRequest(inboxId: inboxId, visitor: .stranger, ticketDigest: ticket)
        let workspaceId = workspaceId
        let session = try await node.store.write { try $0.openSession(request, in: workspaceId) }
        return (
            session.conversationId,
            Access(
                workspaceId: workspaceId,
                principal: .contact(
                    .init(
                        contactId: session.contactId, sessionId: session.id, conversationId: session.conversationId)))
        )
    }

    /// The whole log of a conversation, as JSON for an agent.
    func log(of id: Identifier<Conversation>, by node: ClusterNode) async throws -> [Event] {
        var events: [Event] = []
        let admin = admin
        while true {
            let after = events.last?.seq ?? 0
            let page = try await node.store.read {
                try $0.events(of: id, SeqPage(.after(after), limit: 200), by: admin)
            }
            events += page.items
            if !page.hasMore { return events }
        }
    }
}

/// One of several nodes on a database.
final class ClusterNode: Sendable {
    let store: ChatStore
    let hub: Hub
    let runtime: AssistantRuntime?
    let bus: InProcessBus
    let link: ClusterLink
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(
        _ name: String, number: Int, in cluster: MySQLCluster, bus: InProcessBus, times: ReplyTimes,
        compose: ReplyComposing?
    ) {
        let commits = CommitFeed()
        let store = ChatStore(
            driver: MySQLDriver(cluster.address, logger: .silent),
            settings: StoreSettings(nodeId: name, makesReplies: compose != nil), clock: cluster.clock,
            identifiers: IdentifierGenerator(clock: cluster.clock, node: number), observer: commits, logger: .silent)
        self.store = store
        self.bus = bus
        let link = ClusterLink(bus: bus, nodeId: name, logger: .silent)
        self.link = link
        let hub = Hub(
            store: store, group: MultiThreadedEventLoopGroup.singleton, link: link,
            encoder: EventEncoder(views: cluster.views), settings: RealtimeSettings(nodeId: name, logEpoch: "e1"),
            handoffWording: HandoffDesk.words(_:_:by:because:), logger: .silent)
        self.hub = hub
        let runtime = compose.map {
            AssistantRuntime(
                store: store, stage: hub.liveReplies, compose: $0, times: times, logger: .silent)
        }
        self.runtime = runtime
        commits.subscribe(hub)
        if let runtime { commits.subscribe(runtime) }
        commits.subscribe(OwedReplies(link: link))
        link.listen { message in
            guard case .replies(let replies) = message else { return hub.heard(message) }
            runtime?.heard(
                grown: replies.filter { $0.owner == name }.map(\.id), isAnyFree: replies.contains { $0.owner.isEmpty })
        }
    }

    /// Looks into the feed until the test ends.
    func watch() {
        let watch = FeedWatch(hub: hub, logger: .silent)
        tasks.withLock { $0.append(Task { await watch.run() }) }
    }

    /// Gives events their place until the test ends.
    func sequence() {
        let sequencer = Sequencer(store: store, logger: .silent)
        tasks.withLock { $0.append(Task { try? await sequencer.run() }) }
    }

    func send(
        _ content: String, to id: Identifier<Conversation>, by access: Access, clientId: String? = nil
    ) async throws -> SentMessage {
        try await store.write(to: id) {
            try $0.send(MessageDraft(content: content, clientMessageId: clientId), to: id, by: access)
        }
    }

    func read(_ id: Identifier<Conversation>, by access: Access) async throws -> FrameLog {
        FrameLog(try await hub.stream(of: id, after: 0, by: access))
    }

    fileprivate func close() async {
        let tasks = tasks.withLock { $0 }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        hub.endStreams()
        await runtime?.drain(limit: .zero)
        await bus.close()
        await store.close()
    }
}

/// Everything that a reader was sent.
final class FrameLog: Sendable {
    private let kept = Mutex<[SeenFrame]>([])
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    init(_ stream: ConversationStream) {
        let reading = Task { [weak self] in
            for await frame in stream {
                let json = (try? JSONValue(parsing: String(buffer: frame.json))) ?? .null
                self?.add(SeenFrame(type: frame.type, seq: frame.seq, data: json["data"] ?? .null))
            }
        }
        task.withLock { $0 = reading }
    }

    deinit { task.withLock { $0?.cancel() } }

    private func add(_ frame: SeenFrame) { kept.withLock { $0.append(frame) } }

    var frames: [SeenFrame] { kept.withLock { $0 } }
    var seqs: [Int64] { frames.compactMap(\.seq) }

    func has(_ type: String) -> Bool { frames.contains { $0.type == type } }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
