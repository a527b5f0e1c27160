import Assistant
import Domain
import Foundation
import Logging
import Storage
import StorageSQLite
import Synchronization
import Testing

@Suite struct ReplyComposerTests {
    /// A provider that says its pieces and then ends or fails.
    private struct Scripted: ReplyProvider {
        let name: String
        let model = "scripted"
        var pieces: [String]
        var failure: ProviderFailure?
        var seen: @Sendable (ReplyPrompt) -> Void = { _ in }

        func reply(
            to prompt: ReplyPrompt, within deadlines: ReplyDeadlines,
            deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
        ) async throws -> ReplyFinish {
            seen(prompt)
            for piece in pieces { try await deliver(.text(piece)) }
            if let failure { throw failure }
            return .stop
        }
    }

    /// Articles made at run time, behind the real library.
    private final class Desk {
        let store: ChatStore
        let library: KnowledgeLibrary
        let workspaceId: Identifier<Workspace>
        private let folder: URL
        private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

        init() async throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
            let driver = try SQLiteDriver(
                path: folder.appending(path: "chat.db").path(percentEncoded: false), logger: logger)
            try await driver.migrate()
            let clock = SystemClock()
            store = ChatStore(
                driver: driver, settings: StoreSettings(), clock: clock, identifiers: IdentifierGenerator(clock: clock),
                observer: CommitFeed(), logger: logger)
            library = KnowledgeLibrary(store: store)
            workspaceId = try await store.write {
                try $0.createWorkspace(slug: "default", name: "Default", inboxKey: "k", inboxSecret: [1]).0.id
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func publish(_ title: String, _ content: String, locale: String = "en") async throws {
            let access = Access.server(of: workspaceId)
            _ = try await store.write {
                try $0.createArticle(
                    title: title, content: content, locale: locale, questions: [title], status: .published, by: access)
            }
        }

        func composer(_ providers: [any ReplyProvider]) -> ReplyComposer {
            ReplyComposer(
                knowledge: library,
                chain: ProviderChain(
                    providers: providers, board: ProviderBoard(clock: SystemClock()), logger: logger),
                budgets: ModelBudgets(store: store, dailyTokens: nil, contextTokens: 32_000, logger: logger),
                limit: .seconds(60))
        }

        func question(_ text: String, history: [Message] = []) -> ReplyQuestion {
            ReplyQuestion(
                workspaceId: workspaceId, conversationId: Identifier(1), history: history,
                asked: [message(text, by: .contact)], locale: nil)
        }

        func message(
            _ text: String, by sender: Actor.Kind, kind: Message.Kind = .text, status: Message.Status = .sent
        ) -> Message {
            Message(
                id: Identifier(1), workspaceId: workspaceId, conversationId: Identifier(1), seq: 1,
                clientMessageId: nil, sender: Actor(kind: sender, id: 1, name: nil), kind: kind, content: text,
                sources: [], status: status, replyTo: nil, createdAt: Timestamp(milliseconds: 0), editedAt: nil)
        }
    }

    private func compose(
        _ composer: ReplyComposer, _ question: ReplyQuestion
    ) async throws -> (reply: ComposedReply, pieces: [ReplyPiece]) {
        let pieces = Mutex<[ReplyPiece]>([])
        let reply = try await composer.compose(question) { piece in pieces.withLock { $0.append(piece) } }
        return (reply, pieces.withLock { $0 })
    }

    @Test func theBuiltinProviderAnswersFromAnArticleThatWasJustWritten() async throws {
        let desk = try await Desk()
        let composer = desk.composer([BuiltinProvider()])
        let question = desk.question("How long does a zeppelin refund take?")
        #expect(try await !compose(composer, question).reply.isAnswered)
        try await desk.publish("How long does a zeppelin refund take?", "A zeppelin refund takes nine days.")
        let (reply, pieces) = try await compose(composer, question)
        #expect(reply.isAnswered && reply.text.contains("nine days"))
        #expect(reply.sources.map(\.number) == [1] && reply.sources.first?.title.contains("zeppelin") == true)
        #expect(pieces.count > 1, "it streams")
    }

    @Test func chineseQuestionsFindChineseArticles() async throws {
        let desk = try await Desk()
        try await desk.publish("飞艇退款多久到账？", "飞艇退款通常九个工作日到账。", locale: "zh")
        let (reply, _) = try await compose(desk.composer([BuiltinProvider()]), desk.question("飞艇怎么退款"))
        #expect(reply.isAnswered && reply.text.contains("九个工作日"))
    }

    @Test func aFailureBeforeTheFirstWordIsSilent() async throws {
        let desk = try await Desk()
        let broken = Scripted(name: "a", pieces: [], failure: ProviderFailure(.server, provider: "a"))
        let (reply, pieces) = try await compose(
            desk.composer([broken, Scripted(name: "b", pieces: ["fine", " answer"])]), desk.question("hi there"))
        #expect(pieces == [.text("fine"), .text(" answer")] && reply.text == "fine answer")
    }

    @Test func aFailureInMidTextTakesItBackAndStartsAnew() async throws {
        let desk = try await Desk()
        let broken = Scripted(name: "a", pieces: ["half an "], failure: ProviderFailure(.truncated, provider: "a"))
        let (reply, pieces) = try await compose(
            desk.composer([broken, Scripted(name: "b", pieces: ["whole"])]), desk.question("hi there"))
        #expect(pieces.contains(.reset(reason: "provider")) && reply.text == "whole")
        let after = pieces.drop { $0 != .reset(reason: "provider") }.dropFirst()
        #expect(Array(after) == [.text("whole")])
    }

    @Test func whenNobodyIsLeftTheFailureIsThrown() async throws {
        let desk = try await Desk()
        let broken = Scripted(name: "a", pieces: ["half "], failure: ProviderFailure(.truncated, provider: "a"))
        await #expect(throws: ProviderChain.Failed.self) {
            try await compose(desk.composer([broken]), desk.question("hi there"))
        }
    }

    @Test func onlySourcesThatExistAreCited() async throws {
        let desk = try await Desk()
        try await desk.publish("Zeppelin parking", "Zeppelins park on the roof.")
        let model = Scripted(name: "a", pieces: ["On the roof [1", "] and [7]."])
        let (reply, pieces) = try await compose(desk.composer([model]), desk.question("Where do zeppelins park?"))
        #expect(reply.sources.map(\.number) == [1])
        #expect(!reply.text.contains("[7]") && reply.text.contains("[1]"))
        let streamed = pieces.map { if case .text(let text) = $0 { text } else { "" } }.joined()
        #expect(streamed == reply.text, "what was streamed is what is kept")
    }

    @Test func neitherNotesNorBrokenRepliesReachAModelAndHumansAreTagged() async throws {
        let desk = try await Desk()
        let prompt = Mutex<ReplyPrompt?>(nil)
        let model = Scripted(name: "a", pieces: ["ok"], seen: { seen in prompt.withLock { $0 = seen } })
        let history = [
            desk.message("question", by: .contact), desk.message("secret", by: .agent, kind: .note),
            desk.message("half", by: .ai, status: .cancelled), desk.message("whole", by: .ai, status: .complete),
            desk.message("from a human", by: .agent), desk.message("handed over", by: .system),
        ]
        _ = try await compose(desk.composer([model]), desk.question("and now?", history: history))
        #expect(
            prompt.withLock { $0?.turns } == [
                .init(.customer, "question"), .init(.assistant, "whole"), .init(.humanAgent, "from a human"),
            ])
    }
}
