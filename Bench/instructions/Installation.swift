import Domain
import Foundation
import Logging
import Storage
import StorageSQLite
import Wire

/// A database of its own with a few conversations, made the same in every run.
final class Installation: Sendable {
    /// Somebody who has a conversation, which an agent answers.
    struct Visitor: Sendable {
        var conversationId: Identifier<Conversation>
        var sessionId: Identifier<ChatSession>
        var access: Access
    }

    let store: ChatStore
    let commits = CommitFeed()
    let views: ViewMaker
    let agent: Access
    let visitors: [Visitor]
    private let folder: URL

    static let logger = Logger(label: "instruction-script") { _ in SwiftLogNoOpLogHandler() }

    static func views() throws -> ViewMaker {
        guard let identifiers = PublicIdentifiers(key: Array(0..<16)) else {
            throw ScriptFault("no key of public identifiers")
        }
        return ViewMaker(
            identifiers: identifiers, links: AttachmentLinks(secret: Array(0..<32), clock: ManualClock()))
    }

    init(visitors count: Int) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-instructions-\(getpid())")
        let driver = try SQLiteDriver(
            path: folder.appending(path: "chat.db").path(percentEncoded: false), logger: Self.logger)
        try await driver.migrate()
        let clock = ManualClock()
        let store = ChatStore(
            driver: driver, settings: StoreSettings(nodeId: "node-1"), clock: clock,
            identifiers: IdentifierGenerator(clock: clock), observer: commits, logger: Self.logger)
        self.store = store
        views = try Self.views()
        let (workspace, inbox) = try await store.write {
            try $0.createWorkspace(slug: "default", name: "Default", inboxKey: "key", inboxSecret: Array(0..<32))
        }
        let (user, login) = try await store.write { transaction in
            let made = try transaction.createUser(
                email: "li@example.com", name: "Li Wei", passwordHash: "x", role: .agent, in: workspace.id)
            return try transaction.beginLogin(of: made.id, refreshDigest: Array(0..<32))
        }
        let agent = Access(
            workspaceId: workspace.id,
            principal: .staff(.init(userId: user.id, name: user.name, role: .agent, credential: .login(login.id))))
        self.agent = agent
        var visitors: [Visitor] = []
        for number in 0..<count {
            let request = SessionRequest(
                inboxId: inbox.id, visitor: .stranger, name: "王小明", email: "wang\(number)@example.com", locale: "zh",
                ticketDigest: Array(repeating: UInt8(number % 256), count: 32))
            let session = try await store.write { try $0.openSession(request, in: workspace.id) }
            // From here on a human answers, so that messages owe no reply.
            let greeting = MessageDraft(content: Texts.english, clientMessageId: "greeting")
            _ = try await store.write { try $0.send(greeting, to: session.conversationId, by: agent) }
            visitors.append(
                Visitor(
                    conversationId: session.conversationId, sessionId: session.id,
                    access: Access(
                        workspaceId: workspace.id,
                        principal: .contact(
                            .init(
                                contactId: session.contactId, sessionId: session.id,
                                conversationId: session.conversationId)))))
        }
        self.visitors = visitors
    }

    /// A message of the visitor, or every other one of the agent, in a conversation of its own turn.
    func draft(_ number: Int) -> (draft: MessageDraft, conversationId: Identifier<Conversation>, access: Access) {
        let visitor = visitors[number / 2 % visitors.count]
        let isAgents = number % 2 == 1
        let draft = MessageDraft(
            content: isAgents ? Texts.english : Texts.chinese, clientMessageId: Texts.clientMessageId(number))
        return (draft, visitor.conversationId, isAgents ? agent : visitor.access)
    }

    /// Closes the database and removes it.
    func end() async {
        await store.close()
        try? FileManager.default.removeItem(at: folder)
    }
}

/// What people write in the script.
enum Texts {
    static let chinese = "你好，我上周买的台灯（订单 20260105-7731）一直没有发货，能帮我查一下物流吗？如果今天发不出来，我想改成自提。"
    static let english = """
        Thanks for waiting! I've checked order 20260105-7731: it left our warehouse this morning and should reach you on \
        Thursday. Here's the "tracking" page: https://example.com/track?id=7731&lang=en
        """

    /// As long as the UUIDs of the clients.
    static func clientMessageId(_ number: Int) -> String {
        let digits = String(number)
        return "0f8fad5b-d9cb-469f-a165-" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}
