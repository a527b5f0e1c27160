import Domain
import Logging
import ModelUpstream
import Synchronization
import Testing

@testable import Assistant

@Suite struct ProviderChainTests {
    /// Plays a script: what to deliver, then how to end.
    final class ScriptedProvider: ReplyProvider {
        struct Script: Sendable {
            var texts: [String] = []
            var failure: ProviderFailure.Kind?
            var retryAfter: Duration?
            var toolCalls: [ReplyToolCall] = []
        }

        let name: String
        let model = "scripted"
        private let scripts: [Script]
        private let calls = Mutex<[ReplyDeadlines]>([])

        init(_ name: String, _ scripts: Script...) {
            self.name = name
            self.scripts = scripts
        }

        var deadlines: [ReplyDeadlines] { calls.withLock { $0 } }

        func reply(
            to prompt: ReplyPrompt, within deadlines: ReplyDeadlines,
            deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
        ) async throws -> ReplyFinish {
            let number = calls.withLock {
                $0.append(deadlines)
                return $0.count - 1
            }
            let script = scripts[min(number, scripts.count - 1)]
            for text in script.texts { try await deliver(.text(text)) }
            for call in script.toolCalls { try await deliver(.toolCall(call)) }
            try await deliver(.usage(TokenUsage(input: 5, output: script.texts.count)))
            if let kind = script.failure { throw ProviderFailure(kind, provider: name, retryAfter: script.retryAfter) }
            return .stop
        }
    }

    static let prompt = ReplyPrompt(question: "x", knowledge: .nothing, language: .english)

    /// For connections beside many other tests, which may take all of the machine for seconds.
    static let patient = ProviderChain.Limits(
        deadlines: ReplyDeadlines(firstToken: .seconds(120), idle: .seconds(120), whole: .seconds(240)),
        lastCandidate: .seconds(120))

    static func chain(
        _ providers: any ReplyProvider..., limits: ProviderChain.Limits = .standard
    ) -> ProviderChain {
        ProviderChain(
            providers: providers, board: ProviderBoard(clock: SystemClock()), limits: limits,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func `the first provider that answers is the last one asked`() async throws {
        let (first, second) = (
            ScriptedProvider("a", .init(texts: ["he", "llo"])), ScriptedProvider("b", .init(texts: ["no"]))
        )
        let collector = ReplyCollector()
        let reply = try await Self.chain(first, second).reply(to: Self.prompt) { collector.take($0) }
        #expect(reply.finish == .stop)
        #expect(collector.text == "hello")
        #expect(second.deadlines.isEmpty)
        #expect(reply.attempts.count == 1)
        #expect(reply.attempts.first?.usage == TokenUsage(input: 5, output: 2))
        #expect(reply.attempts.first?.deliveredScalars == 5)
        #expect(reply.attempts.first?.firstToken != nil)
    }

    @Test(arguments: ProviderFailure.Kind.allCases.filter { $0 != .contentFilter })
    func `a provider that fails before any text is replaced silently`(_ kind: ProviderFailure.Kind) async throws {
        for texts in [[], [" ", "\n"]] as [[String]] {
            let collector = ReplyCollector()
            let reply = try await Self.chain(
                ScriptedProvider("a", .init(texts: texts, failure: kind)), ScriptedProvider("b", .init(texts: ["fine"]))
            ).reply(to: Self.prompt) { collector.take($0) }
            #expect(collector.text == "fine")
            // A server's fault often passes at once.
            let failures = kind == .server ? 2 : 1
            #expect(reply.attempts.map(\.provider) == [String](repeating: "a", count: failures) + ["b"])
            #expect(reply.attempts.map(\.failure?.kind) == Array(repeating: kind, count: failures) + [nil])
        }
    }

    @Test func `after text was delivered the failure tells how much and who is next`() async throws {
        let chain = Self.chain(
            ScriptedProvider("a", .init(texts: ["  half ", "退款"], failure: .truncated)),
            ScriptedProvider("b", .init(texts: ["whole"])))
        let collector = ReplyCollector()
        let failed = try #require(
            await #expect(throws: ProviderChain.Failed.self) {
                try await chain.reply(to: Self.prompt) { collector.take($0) }
            })
        #expect(collector.text == "half 退款")
        #expect(failed.deliveredScalars == 7)
        #expect(failed.next == 1)
        #expect(failed.failure.kind == .truncated)
        let again = ReplyCollector()
        let reply = try await chain.reply(to: Self.prompt, startingAt: try #require(failed.next)) { again.take($0) }
        #expect(again.text == "whole")
        #expect(reply.attempts.map(\.provider) == ["b"])
    }

    @Test func `a content filter is not taken round to the others`() async throws {
        let second = ScriptedProvider("b", .init(texts: ["no"]))
        let failed = await #expect(throws: ProviderChain.Failed.self) {
            try await Self.chain(ScriptedProvider("a", .init(failure: .contentFilter)), second).reply(to: Self.prompt) {
                _ in
            }
        }
        #expect(failed?.next == nil)
        #expect(second.deadlines.isEmpty)
    }

    @Test func `when all fail the last failure is told, with every attempt`() async throws {
        let failed = await #expect(throws: ProviderChain.Failed.self) {
            try await Self.chain(
                ScriptedProvider("a", .init(failure: .connect)), ScriptedProvider("b", .init(failure: .account))
            ).reply(to: Self.prompt) { _ in }
        }
        #expect(failed?.failure.kind == .account)
        #expect(failed?.attempts.count == 2)
        #expect(failed?.next == nil)
        #expect(failed?.deliveredScalars == 0)
        let nobody = await #expect(throws: ProviderChain.Failed.self) {
            try await Self.chain().reply(to: Self.prompt) { _ in }
        }
        #expect(nobody?.failure.code == "no_provider")
    }

    @Test func `the last provider is asked once more for what may pass`() async throws {
        let recovering = ScriptedProvider("a", .init(failure: .server), .init(texts: ["ok"]))
        let collector = ReplyCollector()
        let reply = try await Self.chain(recovering).reply(to: Self.prompt) { collector.take($0) }
        #expect(collector.text == "ok")
        #expect(reply.attempts.count == 2)
        for script in [
            ScriptedProvider.Script(failure: .account), .init(failure: .rateLimit, retryAfter: .seconds(30)),
            .init(failure: .firstTokenTimeout),
        ] {
            let provider = ScriptedProvider("a", script)
            await #expect(throws: ProviderChain.Failed.self) {
                try await Self.chain(provider).reply(to: Self.prompt) { _ in }
            }
            #expect(provider.deadlines.count == 1)
        }
        let dead = ScriptedProvider("a", .init(failure: .server))
        await #expect(throws: ProviderChain.Failed.self) { try await Self.chain(dead).reply(to: Self.prompt) { _ in } }
        #expect(dead.deadlines.count == 2)
    }

    @Test func `a reply without a word is none`() async throws {
        let collector = ReplyCollector()
        let reply = try await Self.chain(
            ScriptedProvider("a", .init(texts: ["\n ", ""])), ScriptedProvider("b", .init(texts: ["fine"]))
        ).reply(to: Self.prompt) { collector.take($0) }
        #expect(collector.text == "fine")
        #expect(reply.attempts.first?.failure?.code == "empty_reply")
    }

    @Test func `the last provider gets more time for its first token, and none more than is left`() async throws {
        let (first, second) = (
            ScriptedProvider("a", .init(failure: .connect)), ScriptedProvider("b", .init(texts: ["x"]))
        )
        _ = try await Self.chain(first, second).reply(to: Self.prompt, within: .seconds(30)) { _ in }
        #expect(first.deadlines.first?.firstToken == .seconds(8))
        #expect(second.deadlines.first?.firstToken == .seconds(20))
        #expect(try #require(second.deadlines.first).whole <= .seconds(30))
        #expect(try #require(second.deadlines.first).idle == .seconds(10))
        await #expect(throws: ProviderChain.Failed.self) {
            try await Self.chain(second).reply(to: Self.prompt, within: .zero) { _ in }
        }
    }

    @Test func `what the reader throws ends the chain`() async throws {
        struct Stopped: Error {}
        let second = ScriptedProvider("b", .init(texts: ["no"]))
        await #expect(throws: Stopped.self) {
            try await Self.chain(ScriptedProvider("a", .init(texts: ["x"])), second).reply(to: Self.prompt) { _ in
                throw Stopped()
            }
        }
        #expect(second.deadlines.isEmpty)
    }

    @Test func `two providers on TCP that fail in turn give one clean answer from the articles`() async throws {
        let refused = try await FakeUpstream.start([.hang])
        try await refused.refuse()
        let broken = try await FakeUpstream.start(FakeUpstream.Step.json(500, "oops"))
        let knowledge = BuiltinProviderTests.index.search("退款多久到账？", limit: 3)
        let prompt = ReplyPrompt(question: "退款多久到账？", knowledge: knowledge, language: .chinese)
        let chain = Self.chain(
            try OpenAIProviderTests.provider(refused.base, name: "one"),
            try OpenAIProviderTests.provider(broken.base, name: "two"), BuiltinProvider(),
            limits: Self.patient)
        let collector = ReplyCollector()
        let reply = try await chain.reply(to: prompt) { collector.take($0) }
        #expect(collector.text.contains("五个工作日内到账。[1]"))
        #expect(reply.attempts.map(\.failure?.kind) == [.connect, .server, .server, nil])
        try await refused.stop()
        try await broken.stop()
    }
}
