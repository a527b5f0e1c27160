import Domain
import Foundation
import Logging
import Storage
import StorageSQLite
import Synchronization
import Testing

@testable import Assistant

@Suite struct SummarizerTests {
    private struct Failure: Error {}
    private typealias Answer = @Sendable (ReplyPrompt) async throws -> (text: String, finish: ReplyFinish)

    /// The model, as the test plays it.
    private final class Model: Sendable {
        private let asked = Mutex<[ReplyPrompt]>([])
        private let answer = Mutex<Answer>({ ("Notes \($0.summary ?? "of nothing"), and more.", .stop) })

        var prompts: [ReplyPrompt] { asked.withLock { $0 } }

        func says(_ answer: @escaping Answer) { self.answer.withLock { $0 = answer } }

        func write(_ prompt: ReplyPrompt) async throws -> (text: String, finish: ReplyFinish) {
            asked.withLock { $0.append(prompt) }
            return try await answer.withLock { $0 }(prompt)
        }
    }

    /// A store with one long conversation, and a summariser whose model the test plays.
    private final class World: Sendable {
        let store: ChatStore
        let clock: ManualClock
        let summarizer: Summarizer
        let model = Model()
        let visitor: Access
        let id: Identifier<Conversation>
        private let folder: URL

        init() async throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let driver = try SQLiteDriver(
                path: folder.appending(path: "chat.db").path(percentEncoded: false), logger: logger)
            try await driver.migrate()
            clock = ManualClock()
            let commits = CommitFeed()
            store = ChatStore(
                driver: driver, settings: StoreSettings(nodeId: "node-a"), clock: clock,
                identifiers: IdentifierGenerator(clock: clock), observer: commits, logger: logger)
            summarizer = Summarizer(store: store, contextTokens: 8000, logger: logger) { [model] prompt, _ in
                try await model.write(prompt)
            }
            commits.subscribe(summarizer)
            let (workspace, inbox) = try await store.write {
                try $0.createWorkspace(slug: "default", name: "Default", inboxKey: "k", inboxSecret: [1])
            }
            let session = try await store.write {
                try $0.openSession(
                    SessionRequest(inboxId: inbox.id, visitor: .stranger, ticketDigest: Array(0..<32)),
                    in: workspace.id)
            }
            id = session.conversationId
            visitor = Access(
                workspaceId: workspace.id,
                principal: .contact(
                    .init(
                        contactId: session.contactId, sessionId: session.id, conversationId: session.conversationId)))
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        /// One exchange, as the runtime ends it.
        @discardableResult
        func exchange(_ question: String, _ answer: String = "Three days.") async throws -> Message {
            let (id, visitor) = (id, visitor)
            let sent = try await store.write { try $0.send(MessageDraft(content: question), to: id, by: visitor) }
                .message
            try await store.write { transaction in
                for job in try transaction.openJobs(of: id) {
                    _ = try transaction.showReply(job, text: answer)
                    _ = try transaction.completeReply(
                        job, text: answer, sources: [], finish: .stop, isAnswered: true)
                }
            }
            return sent
        }

        func exchanges(_ range: Range<Int>) async throws {
            for number in range { try await exchange("question \(number)") }
            try await settled()
        }

        /// Waits until nothing is under way, and what was committed last has been told of.
        func settled() async throws {
            try await store.write { _ in }
            await summarizer.quiet()
        }

        var summary: ConversationSummary? {
            get async throws {
                let (id, workspaceId) = (id, visitor.workspaceId)
                return try await store.read { try $0.replyContext(of: id, in: workspaceId).summary }
            }
        }
    }

    @Test func `a long conversation is summed up behind its replies, and keeps its first facts`() async throws {
        let world = try await World()
        try await world.exchange("My order is A-10023, mail wang@example.com")
        try await world.exchanges(1..<19)
        #expect(try await world.summary == nil)
        #expect(world.model.prompts.isEmpty)
        try await world.exchanges(19..<20)
        let first = try #require(try await world.summary)
        #expect(first.version == 1)
        #expect(first.text == "Notes of nothing, and more.\nFacts: A-10023, wang@example.com")
        let prompt = try #require(world.model.prompts.first)
        #expect(prompt.turns.count == 28 && prompt.summary == nil && prompt.task == .summary)
        // The next one is made from this one, and nothing is lost on the way.
        world.model.says { _ in ("The customer keeps asking about the same refund.", .stop) }
        try await world.exchanges(20..<40)
        let second = try #require(try await world.summary)
        #expect(second.version == 2 && second.upToSeq > first.upToSeq)
        #expect(second.text.contains("A-10023") && second.text.contains("wang@example.com"))
        #expect(world.model.prompts.last?.summary == first.text)
        #expect(world.model.prompts.count == 2)
    }

    @Test func `the question is read from the summary on`() async throws {
        let world = try await World()
        try await world.exchanges(0..<20)
        let summary = try #require(try await world.summary)
        let (id, visitor) = (world.id, world.visitor)
        _ = try await world.store.write { try $0.send(MessageDraft(content: "and now?"), to: id, by: visitor) }
        let question = try await world.store.read { snapshot in
            try snapshot.question(of: #require(try snapshot.openJobs(of: id).first))
        }
        #expect(question.summary == summary && question.text == "and now?")
        #expect(question.history.map(\.content).first == "question 14" && question.history.count == 12)
        let newest = try await world.store.read {
            try $0.newestQuestion(in: id, by: .server(of: visitor.workspaceId))
        }
        #expect(newest.history == question.history && newest.asked == question.asked)
    }

    @Test func `where all since the summary was deleted the older words count`() async throws {
        let world = try await World()
        try await world.exchanges(0..<20)
        let (id, server) = (world.id, Access.server(of: world.visitor.workspaceId))
        let since = try await world.store.read { snapshot in
            try snapshot.newestQuestion(in: id, by: server)
        }
        for message in (since.history + since.asked) where message.sender.kind == .contact {
            _ = try await world.store.write { try $0.delete(message.id, in: id, by: server) }
        }
        #expect(try await world.summary != nil)
        let question = try await world.store.read { try $0.newestQuestion(in: id, by: server) }
        #expect(question.text == "question 13" && question.summary == nil)
    }

    @Test func `a summary that fails leaves the old one, and is tried again after a pause`() async throws {
        let world = try await World()
        try await world.exchanges(0..<20)
        let first = try #require(try await world.summary)
        let failures: [Answer] = [
            { _ in throw Failure() }, { _ in throw BudgetExhausted(.dailyTokens, endsAt: Timestamp(milliseconds: 0)) },
            { _ in ("", .stop) }, { _ in ("Error: upstream said 503", .stop) },
            { _ in ("The customer wants", .length) },
            { _ in (String(repeating: "long ", count: 2000), .stop) },
        ]
        try await world.exchanges(20..<33)
        for (number, failure) in failures.enumerated() {
            world.model.says(failure)
            let calls = world.model.prompts.count
            try await world.exchanges(33 + 2 * number..<35 + 2 * number)
            #expect(try await world.summary == first)
            #expect(world.model.prompts.count == calls + 1, "one try, then a pause")
            world.clock.advance(seconds: Summarizer.pauseSeconds + 1)
        }
        world.model.says { _ in ("The customer still asks about a refund.", .stop) }
        try await world.exchanges(50..<51)
        #expect(try await world.summary?.version == 2)
    }

    @Test func `without a model there is no summary and no pause`() async throws {
        let world = try await World()
        world.model.says { _ in throw NoModel() }
        try await world.exchanges(0..<20)
        let calls = world.model.prompts.count
        #expect(calls > 0)
        try await world.exchanges(20..<21)
        #expect(try await world.summary == nil)
        #expect(world.model.prompts.count == calls + 1)
    }

    @Test func `what is taken back while it is summed up is not remembered`() async throws {
        let world = try await World()
        let sent = try await world.exchange("my card is 4111111111111111")
        let (id, visitor) = (world.id, world.visitor)
        world.model.says { [store = world.store] _ in
            _ = try await store.write { try $0.delete(sent.id, in: id, by: .server(of: visitor.workspaceId)) }
            return ("The customer's card is 4111111111111111.", .stop)
        }
        try await world.exchanges(1..<20)
        #expect(try await world.summary == nil)
        world.model.says { _ in ("The customer asked questions.", .stop) }
        try await world.exchanges(20..<21)
        #expect(try await world.summary?.text == "The customer asked questions.")
    }

    @Test func `a conversation is summed up once at a time, and stopping breaks off`() async throws {
        let world = try await World()
        let (started, begun) = AsyncStream<Void>.makeStream()
        world.model.says { _ in
            begun.yield()
            try await Task.sleep(for: .seconds(3600))
            return ("never", .stop)
        }
        for number in 0..<30 { try await world.exchange("question \(number)") }
        for await _ in started { break }
        for number in 30..<35 { try await world.exchange("question \(number)") }
        #expect(world.model.prompts.count == 1)
        await world.summarizer.stop()
        try await world.exchange("one more")
        try await world.settled()
        #expect(world.model.prompts.count == 1)
        #expect(try await world.summary == nil)
    }
}
