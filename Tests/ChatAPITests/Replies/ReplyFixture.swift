import Assistant
import Domain
import Foundation
import Logging
import NIOCore
import NIOPosix
import Storage
import StorageSQLite
import Synchronization
import Wire

@testable import ChatAPI
@testable import Realtime

/// Store, hub and runtime as the server joins them, with a reply that the test dictates.
final class ReplyFixture: Sendable {
    let store: ChatStore
    let hub: Hub
    let runtime: AssistantRuntime
    let admin: Access
    let views: ViewMaker
    private let workspaceId: Identifier<Workspace>
    private let inboxId: Identifier<Inbox>
    private let folder: URL

    init(
        burst: Duration = .zero, limit: Duration = .seconds(60), renewal: Duration = .milliseconds(50),
        checkpoint: Duration = .milliseconds(500), compose: @escaping ReplyComposing
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let driver = try SQLiteDriver(
            path: folder.appending(path: "chat.db").path(percentEncoded: false), logger: logger)
        try await driver.migrate()
        let commits = CommitFeed()
        let clock = SystemClock()
        store = ChatStore(
            driver: driver, settings: StoreSettings(nodeId: "node-a"), clock: clock,
            identifiers: IdentifierGenerator(clock: clock), observer: commits, logger: logger)
        guard let identifiers = PublicIdentifiers(key: Array(0..<16)) else { throw Refusal.notFound }
        views = ViewMaker(identifiers: identifiers)
        hub = Hub(
            store: store, group: MultiThreadedEventLoopGroup.singleton, encoder: EventEncoder(views: views),
            settings: RealtimeSettings(nodeId: "node-a", logEpoch: "e1"),
            handoffWording: HandoffDesk.words(_:_:by:because:), logger: logger)
        runtime = AssistantRuntime(
            store: store, stage: hub.liveReplies, compose: compose,
            times: ReplyTimes(burst: burst, checkpoint: checkpoint, renewal: renewal, limit: limit), logger: logger)
        commits.subscribe(hub)
        commits.subscribe(runtime)
        let (workspace, inbox) = try await store.write {
            try $0.createWorkspace(slug: "default", name: "Default", inboxKey: "key", inboxSecret: [1])
        }
        workspaceId = workspace.id
        inboxId = inbox.id
        let (user, login) = try await store.write { transaction in
            let made = try transaction.createUser(
                email: "admin@example.com", name: "Ada", passwordHash: "x", role: .admin, in: workspace.id)
            return try transaction.beginLogin(of: made.id, refreshDigest: Array(0..<32))
        }
        admin = Access(
            workspaceId: workspace.id,
            principal: .staff(.init(userId: user.id, name: user.name, role: .admin, credential: .login(login.id))))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func visitor() async throws -> (Identifier<Conversation>, Access) {
        let ticket = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        let request = SessionRequest(inboxId: inboxId, visitor: .stranger, ticketDigest: ticket)
        let workspaceId = workspaceId
        let session = try await store.write { try $0.openSession(request, in: workspaceId) }
        return (
            session.conversationId,
            Access(
                workspaceId: workspaceId,
                principal: .contact(
                    .init(
                        contactId: session.contactId, sessionId: session.id, conversationId: session.conversationId)))
        )
    }

    func send(_ content: String, to id: Identifier<Conversation>, by access: Access) async throws {
        _ = try await store.write { try $0.send(MessageDraft(content: content), to: id, by: access) }
    }

    /// Reads frames of a conversation from its first event on, until one satisfies `isLast`.
    func frames(
        of id: Identifier<Conversation>, by access: Access, until isLast: @escaping @Sendable (SeenFrame) -> Bool
    ) async throws -> Task<[SeenFrame], any Error> {
        let stream = try await hub.stream(of: id, after: 0, by: access)
        let (caughtUp, signal) = AsyncStream.makeStream(of: Void.self)
        let reading = Task {
            var seen: [SeenFrame] = []
            for await frame in stream {
                // The first page holds all that there is; behind it nothing that passes is missed.
                signal.finish()
                let value = try JSONValue(parsing: String(buffer: frame.json))
                seen.append(SeenFrame(type: frame.type, seq: frame.seq, data: value["data"] ?? .null))
                if let last = seen.last, isLast(last) { break }
            }
            return seen
        }
        for await _ in caughtUp {}
        return reading
    }
}

/// A frame as a client reads it.
struct SeenFrame: Sendable {
    var type: String
    var seq: Int64?
    var data: JSONValue

    var message: JSONValue? { data["message"] }
    var text: String? { data["text"]?.stringValue }
    var isOfAI: Bool { type.hasPrefix("reply.") || message?["sender"]?["kind"]?.stringValue == "ai" }
    var changesOwner: Bool { data["changes"]?["owner"] != nil }
    var status: String? { message?["status"]?.stringValue }
}

/// Lets a test decide when the next piece of a reply comes.
actor Script {
    private var released = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var used = 0

    /// Waits for its turn.
    func step() async {
        used += 1
        if used <= released { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Lets `count` more pieces pass.
    func release(_ count: Int = 1) {
        released += count
        while !waiting.isEmpty, used - waiting.count < released { waiting.removeFirst().resume() }
    }
}
