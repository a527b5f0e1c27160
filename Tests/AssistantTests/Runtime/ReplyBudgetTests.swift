import Domain
import Foundation
import Logging
import Storage
import StorageSQLite
import Synchronization
import Testing

@testable import Assistant

@Suite struct ReplyBudgetTests {
    /// A model that says a word, tells its usage, and then ends, fails, or waits to be stopped.
    private struct Model: ReplyProvider {
        enum End { case well, failure(ProviderFailure.Kind), never }

        var name = "openai"
        let model = "gpt-1"
        var usage: TokenUsage? = TokenUsage(input: 40, output: 10)
        var end = End.well
        var called: @Sendable () -> Void = {}

        func reply(
            to prompt: ReplyPrompt, within deadlines: ReplyDeadlines,
            deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
        ) async throws -> ReplyFinish {
            called()
            if let usage { try await deliver(.usage(usage)) }
            switch end {
            case .well: try await deliver(.text("fine"))
            case .failure(let kind): throw ProviderFailure(kind, provider: name)
            case .never:
                try await deliver(.text("word"))
                while true { try await ContinuousClock().sleep(for: .seconds(60)) }
            }
            return .stop
        }
    }

    private final class Desk {
        let store: ChatStore
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
            workspaceId = try await store.write {
                try $0.createWorkspace(slug: "default", name: "Default", inboxKey: "k", inboxSecret: [1]).0.id
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func composer(_ providers: [any ReplyProvider], dailyTokens: Int64? = nil) -> ReplyComposer {
            ReplyComposer(
                knowledge: KnowledgeLibrary(store: store),
                chain: ProviderChain(
                    providers: providers, board: ProviderBoard(clock: SystemClock()), logger: logger),
                budgets: ModelBudgets(
                    store: store, dailyTokens: dailyTokens, contextTokens: 32_000, logger: logger),
                limit: .seconds(60))
        }

        func question(
            _ reply: Int64? = 1, policy: AssistantPolicy = AssistantPolicy(), providers: [String]? = nil
        ) -> ReplyQuestion {
            let asked = Message(
                id: Identifier(1), workspaceId: workspaceId, conversationId: Identifier(5), seq: 1,
                clientMessageId: nil, sender: Actor(kind: .contact, id: 1, name: nil), kind: .text,
                content: "Where is my order?", sources: [], status: .sent, replyTo: nil,
                createdAt: Timestamp(milliseconds: 0), editedAt: nil)
            return ReplyQuestion(
                replyId: reply.map { Identifier($0) }, workspaceId: workspaceId, conversationId: Identifier(5),
                history: [], asked: [asked], locale: "en", policy: policy, providers: providers)
        }

        func spent() async throws -> Spending {
            let id = workspaceId
            return try await store.read { try $0.spending(of: id) }
        }
    }

    @Test func withoutABudgetNothingIsReservedAndTheReceiptTellsWhatWasUsed() async throws {
        let desk = try await Desk()
        let reply = try await desk.composer([Model()]).compose(desk.question()) { _ in }
        let receipt = try #require(reply.receipt)
        #expect(receipt.outcome == .completed && receipt.inputTokens == 40 && receipt.outputTokens == 10)
        #expect(receipt.attempts.first?.startedAt != nil)
        #expect(try await desk.spent() == Spending(), "its end settles it")
    }

    @Test(arguments: [AssistantPolicy(dailyTokens: 300), AssistantPolicy(hourlyConversationTokens: 300)])
    func whereThereIsTooLittleLeftNobodyIsCalled(_ policy: AssistantPolicy) async throws {
        let desk = try await Desk()
        let isCalled = Mutex(false)
        let model = Model(called: { isCalled.withLock { $0 = true } })
        let failed = await #expect(throws: ReplyFailed.self) {
            _ = try await desk.composer([model, BuiltinProvider()]).compose(desk.question(policy: policy)) { _ in }
        }
        #expect(failed?.reason == .budget && failed?.receipt?.outcome == .failed)
        #expect(failed?.receipt?.handoff == .budget && failed?.receipt?.attempts == [])
        #expect(!isCalled.withLock { $0 })
        #expect(try await desk.spent() == Spending())
        // A suggestion is refused by the budget's own name.
        await #expect(throws: BudgetExhausted.self) {
            _ = try await desk.composer([model]).compose(desk.question(nil, policy: policy)) { _ in }
        }
        // The articles alone cost nothing.
        let free = desk.question(policy: policy, providers: ["builtin"])
        #expect(try await !desk.composer([model, BuiltinProvider()]).compose(free) { _ in }.text.isEmpty)
    }

    @Test func theWorkspacesBudgetGoesBeforeTheInstallations() async throws {
        let desk = try await Desk()
        let composer = desk.composer([Model()], dailyTokens: 10)
        await #expect(throws: ReplyFailed.self) { _ = try await composer.compose(desk.question()) { _ in } }
        let rich = AssistantPolicy(dailyTokens: 100_000)
        _ = try await composer.compose(desk.question(policy: rich)) { _ in }
        #expect(try await desk.spent().reservedTokens > 600)
    }

    @Test func twentyFiveAtOnceDoNotOvershoot() async throws {
        let desk = try await Desk()
        let policy = AssistantPolicy(dailyTokens: 10_000)
        let calls = Mutex(0)
        let composer = desk.composer([Model(called: { calls.withLock { $0 += 1 } })])
        let questions = (1...25).map { desk.question($0, policy: policy) }
        let answered = await withTaskGroup(of: Bool.self) { group in
            for question in questions {
                group.addTask { (try? await composer.compose(question) { _ in }) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        let spent = try await desk.spent()
        #expect(answered > 0 && answered < 25 && calls.withLock { $0 } == answered)
        #expect(spent.reservedTokens <= 10_000 && spent.reservedTokens * Int64(answered + 1) > 10_000 * Int64(answered))
    }

    @Test func whatIsNoReplySettlesByItselfHoweverItEnds() async throws {
        let desk = try await Desk()
        let policy = AssistantPolicy(dailyTokens: 100_000)
        _ = try await desk.composer([Model()]).compose(desk.question(nil, policy: policy)) { _ in }
        #expect(try await desk.spent() == Spending(calls: 1, tokens: 50))
        await #expect(throws: ProviderChain.Failed.self) {
            let broken = Model(end: .failure(.contentFilter))
            _ = try await desk.composer([broken]).compose(desk.question(nil, policy: policy)) { _ in }
        }
        #expect(try await desk.spent() == Spending(calls: 2, tokens: 100))
        // Also without any budget: one that is set later knows of it.
        _ = try await desk.composer([Model()]).compose(desk.question(nil)) { _ in }
        #expect(try await desk.spent() == Spending(calls: 3, tokens: 150))
    }

    @Test func aReplyThatIsBrokenOffHasWhatItUsedInItsAccount() async throws {
        let desk = try await Desk()
        let (composer, question) = (desk.composer([Model(usage: nil, end: .never)]), desk.question())
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let making = Task { try await composer.compose(question) { _ in begin.finish() } }
        for await _ in begun {}
        making.cancel()
        await #expect(throws: CancellationError.self) { _ = try await making.value }
        let receipt = try #require(question.account.receipt(.cancelled))
        let attempt = try #require(receipt.attempts.first)
        #expect(receipt.attempts.count == 1 && attempt.failure == ReplyReceipt.Attempt.cancelled)
        // The prompt was read, so it is paid for, though nobody told how long it was.
        #expect(attempt.isEstimated && attempt.inputTokens > 100 && attempt.outputTokens > 0)
    }

    @Test func aRefusedCallHasUsedNothingAndAFilteredOneIsToldAsSuch() async throws {
        let desk = try await Desk()
        for (kind, reason) in [
            (ProviderFailure.Kind.account, Handoff.Reason.failure), (.contentFilter, .contentFilter),
        ] {
            let question = desk.question()
            let failed = await #expect(throws: ReplyFailed.self) {
                _ = try await desk.composer([Model(usage: nil, end: .failure(kind))]).compose(question) { _ in }
            }
            #expect(failed?.reason == reason && failed?.receipt?.attempts.map(\.failure) == [kind.rawValue])
            #expect(failed?.receipt?.inputTokens == 0)
        }
    }

    @Test func theOrderIsTheQuestionsAndElseTheConfiguredOne() async throws {
        let desk = try await Desk()
        let composer = desk.composer([Model(name: "openai"), Model(name: "dashscope")])
        let cases: [([String]?, String)] = [
            (["dashscope", "openai"], "dashscope"), (["gone", "openai"], "openai"), (nil, "openai"),
        ]
        for (order, provider) in cases {
            let reply = try await composer.compose(desk.question(providers: order)) { _ in }
            #expect(reply.receipt?.attempts.map(\.provider) == [provider])
        }
    }

    /// Else a conversation would reach a company that the workspace did not choose.
    @Test func anOrderOfWhichNobodyIsHereAsksNobody() async throws {
        let desk = try await Desk()
        let failed = await #expect(throws: ReplyFailed.self) {
            _ = try await desk.composer([Model(name: "openai")]).compose(desk.question(providers: ["gone"])) { _ in }
        }
        #expect(failed?.reason == .failure && failed?.receipt?.attempts.isEmpty == true)
    }
}
