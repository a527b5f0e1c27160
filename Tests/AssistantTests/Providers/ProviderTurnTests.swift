import Domain
import Logging
import Metrics
import Observability
import Synchronization
import Testing

@testable import Assistant

/// A turn as the composer runs it: with its order, its restarts, and what is counted of it.
@Suite struct ProviderTurnTests {
    typealias Scripted = ProviderChainTests.ScriptedProvider

    static let prompt = ProviderChainTests.prompt
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What a reader has, and how often it was taken back.
    final class Reader: Sendable {
        private let state = Mutex((text: "", calls: [ReplyToolCall](), restarts: 0))

        var text: String { state.withLock { $0.text } }
        var calls: [ReplyToolCall] { state.withLock { $0.calls } }
        var restarts: Int { state.withLock { $0.restarts } }

        func take(_ chunk: ReplyChunk) {
            state.withLock {
                switch chunk {
                case .text(let text): $0.text += text
                case .toolCall(let call): $0.calls.append(call)
                case .usage, .reasoning: break
                }
            }
        }

        func restart() {
            state.withLock {
                $0.restarts += 1
                $0.text = ""
            }
        }
    }

    static func reply(
        _ chain: ProviderChain, order: [String]? = nil, to reader: Reader = Reader()
    ) async throws -> ProviderChain.Reply {
        try await chain.reply(to: prompt, order: order, within: .seconds(60)) {
            reader.restart()
        } deliver: {
            reader.take($0)
        }
    }

    static func failure(
        _ chain: ProviderChain, order: [String]? = nil, to reader: Reader = Reader()
    ) async -> ProviderChain.Failed? {
        await #expect(throws: ProviderChain.Failed.self) { try await reply(chain, order: order, to: reader) }
    }

    // MARK: Restarts

    @Test func `a reply that breaks off is taken back and given by the next, with all attempts`() async throws {
        let reader = Reader()
        let reply = try await Self.reply(
            ProviderChainTests.chain(
                Scripted("a", .init(failure: .connect)), Scripted("b", .init(texts: ["half"], failure: .truncated)),
                Scripted("c", .init(texts: ["whole"]))), to: reader)
        #expect(reader.text == "whole")
        #expect(reader.restarts == 1)
        #expect(reply.attempts.map(\.provider) == ["a", "b", "c"])
        #expect(reply.attempts.map(\.failure?.kind) == [.connect, .truncated, nil])
        #expect(reply.attempts.map(\.deliveredScalars) == [0, 4, 5])
    }

    @Test func `text is taken back once in a turn, and every attempt is told`() async throws {
        let reader = Reader()
        let third = Scripted("c", .init(texts: ["never"]))
        let failed = await Self.failure(
            ProviderChainTests.chain(
                Scripted("a", .init(texts: ["one"], failure: .truncated)),
                Scripted("b", .init(texts: ["second"], failure: .idleTimeout)), third), to: reader)
        #expect(reader.restarts == 1)
        #expect(reader.text == "second")
        #expect(third.deadlines.isEmpty)
        #expect(failed?.failure.kind == .idleTimeout)
        #expect(failed?.attempts.map(\.provider) == ["a", "b"])
        #expect(failed?.deliveredScalars == 6)
    }

    @Test func `a failure after a restart tells the attempts before it`() async throws {
        let failed = await Self.failure(
            ProviderChainTests.chain(
                Scripted("a", .init(texts: ["one"], failure: .truncated)), Scripted("b", .init(failure: .account)),
                Scripted("c", .init(failure: .config))))
        #expect(failed?.attempts.map(\.provider) == ["a", "b", "c"])
        #expect(failed?.attempts.map(\.failure?.kind) == [.truncated, .account, .config])
        #expect(failed?.deliveredScalars == 0)
    }

    @Test func `a content filter in mid-text goes to nobody`() async throws {
        let (reader, second) = (Reader(), Scripted("b", .init(texts: ["no"])))
        let failed = await Self.failure(
            ProviderChainTests.chain(Scripted("a", .init(texts: ["half"], failure: .contentFilter)), second), to: reader
        )
        #expect(reader.restarts == 0 && second.deadlines.isEmpty)
        #expect(failed?.failure.kind == .contentFilter)
        #expect(failed?.next == nil)
    }

    // MARK: Repetition

    @Test func `a provider is asked again where that is likely to help and soon`() async throws {
        for script in [
            Scripted.Script(failure: .server), .init(failure: .server, retryAfter: .milliseconds(20)),
            .init(failure: .rateLimit, retryAfter: .milliseconds(20)),
        ] {
            let (first, second) = (Scripted("a", script, .init(texts: ["again"])), Scripted("b", .init(texts: ["no"])))
            let reader = Reader()
            let reply = try await Self.reply(ProviderChainTests.chain(first, second), to: reader)
            #expect(reader.text == "again")
            #expect(reply.attempts.map(\.provider) == ["a", "a"])
            #expect(second.deadlines.isEmpty)
        }
    }

    @Test(arguments: [
        Scripted.Script(failure: .server, retryAfter: .seconds(1)),
        .init(failure: .rateLimit), .init(failure: .rateLimit, retryAfter: .seconds(3)), .init(failure: .connect),
        .init(failure: .firstTokenTimeout), .init(failure: .truncated), .init(failure: .account),
        .init(failure: .contextOverflow), .init(failure: .badRequest),
    ])
    func `and is passed over at once where it is not`(_ script: Scripted.Script) async throws {
        let (first, second) = (Scripted("a", script), Scripted("b", .init(texts: ["b"])))
        let reply = try await Self.reply(ProviderChainTests.chain(first, second))
        #expect(reply.attempts.map(\.provider) == ["a", "b"])
        #expect(first.deadlines.count == 1)
    }

    @Test func `each provider is asked twice at most, and the last one is reached`() async throws {
        let dead = (0..<3).map { Scripted("p\($0)", .init(failure: .server)) }
        let chain = ProviderChain(
            providers: dead + [BuiltinProvider()], board: ProviderBoard(clock: SystemClock()), logger: Self.logger)
        let reply = try await Self.reply(chain)
        #expect(dead.map(\.deadlines.count) == [2, 2, 2])
        #expect(reply.attempts.last?.provider == "builtin")
    }

    // MARK: Order

    @Test func `asks in the order that the caller gives, without those that are unknown or said twice`() async throws {
        let chain = ProviderChainTests.chain(
            Scripted("a", .init(failure: .account)), Scripted("b", .init(failure: .account)),
            Scripted("c", .init(failure: .account)))
        #expect(await Self.failure(chain, order: ["c", "none", "a", "c"])?.attempts.map(\.provider) == ["c", "a"])
        let configured = ProviderChainTests.chain(
            Scripted("a", .init(texts: ["a"])), Scripted("b", .init(texts: ["b"])))
        #expect(try await Self.reply(configured).attempts.map(\.provider) == ["a"])
        #expect(try await Self.reply(configured, order: ["b", "a"]).attempts.map(\.provider) == ["b"])
    }

    @Test func `an order that names nobody here asks nobody`() async throws {
        let provider = Scripted("a", .init(texts: ["a"]))
        for order in [[], ["elsewhere"]] as [[String]] {
            let failed = await Self.failure(ProviderChainTests.chain(provider), order: order)
            #expect(failed?.failure.code == "no_provider")
            #expect(failed?.attempts.isEmpty == true)
        }
        #expect(provider.deadlines.isEmpty)
    }

    @Test func `an order keeps its place over a restart`() async throws {
        let reader = Reader()
        let reply = try await Self.reply(
            ProviderChainTests.chain(
                Scripted("a", .init(texts: ["a"])), Scripted("b", .init(texts: ["half"], failure: .truncated)),
                Scripted("c", .init(texts: ["c"]))), order: ["b", "c", "a"], to: reader)
        #expect(reply.attempts.map(\.provider) == ["b", "c"])
        #expect(reader.text == "c")
    }

    // MARK: Tools

    static let call = ReplyToolCall(name: "handoff_to_human", arguments: "{}")

    @Test func `a wish alone is a reply, and comes behind the text`() async throws {
        let alone = Reader()
        let reply = try await Self.reply(
            ProviderChainTests.chain(Scripted("a", .init(toolCalls: [Self.call]))), to: alone)
        #expect(reply.attempts.count == 1)
        #expect(alone.calls == [Self.call] && alone.text.isEmpty)
        let both = Reader()
        _ = try await Self.reply(
            ProviderChainTests.chain(Scripted("a", .init(texts: ["x"], toolCalls: [Self.call, Self.call]))), to: both)
        #expect(both.calls.count == 2 && both.text == "x")
    }

    @Test func `of a reply that failed no tool is wished for`() async throws {
        let reader = Reader()
        _ = try await Self.reply(
            ProviderChainTests.chain(
                Scripted("a", .init(failure: .truncated, toolCalls: [Self.call])), Scripted("b", .init(texts: ["x"]))),
            to: reader)
        #expect(reader.calls.isEmpty && reader.text == "x")
    }

    @Test func `who cannot take a wish does not make the provider fail`() async throws {
        struct Stopped: Error {}
        let second = Scripted("b", .init(texts: ["no"]))
        let board = ProviderBoard(clock: SystemClock())
        let chain = ProviderChain(
            providers: [Scripted("a", .init(toolCalls: [Self.call])), second], board: board, logger: Self.logger)
        await #expect(throws: Stopped.self) {
            try await chain.reply(to: Self.prompt, within: .seconds(9)) {
            } deliver: { chunk in
                if case .toolCall = chunk { throw Stopped() }
            }
        }
        #expect(board.standing(of: "a").failures == 0 && board.standing(of: "a").calls == 1)
        #expect(second.deadlines.isEmpty)
    }

    // MARK: Figures

    @Test func `counts calls, tokens, failovers and resets from the start`() async throws {
        let metrics = PrometheusMetrics(logger: Self.logger)
        try await withMetricsFactory(metrics) {
            let chain = ProviderChainTests.chain(
                Scripted("a", .init(failure: .rateLimit)), Scripted("b", .init(texts: ["half"], failure: .truncated)),
                Scripted("c", .init(texts: ["whole"])))
            let before = String(decoding: metrics.exposition(), as: UTF8.self)
            for line in [
                "ai_requests_total{error_class=\"none\",model=\"scripted\",outcome=\"ok\",provider=\"a\"} 0",
                "ai_failovers_total{from=\"a\",phase=\"pre_token\",reason=\"rate_limit\",to=\"b\"} 0",
                "ai_failovers_total{from=\"c\",phase=\"mid_stream\",reason=\"server\",to=\"none\"} 0",
                "ai_tokens_total{direction=\"input\",estimated=\"false\",model=\"scripted\",provider=\"a\"} 0",
                "ai_ttft_seconds_count{model=\"scripted\",provider=\"b\"} 0",
                "ai_request_duration_seconds_count{model=\"scripted\",provider=\"c\"} 0", "ai_resets_total 0",
            ] {
                #expect(before.contains(line), "\(line)")
            }
            _ = try await Self.reply(chain)
            let after = String(decoding: metrics.exposition(), as: UTF8.self)
            for line in [
                "ai_requests_total{error_class=\"rate_limit\",model=\"scripted\",outcome=\"failed\",provider=\"a\"} 1",
                "ai_requests_total{error_class=\"truncated\",model=\"scripted\",outcome=\"failed\",provider=\"b\"} 1",
                "ai_requests_total{error_class=\"none\",model=\"scripted\",outcome=\"ok\",provider=\"c\"} 1",
                "ai_failovers_total{from=\"a\",phase=\"pre_token\",reason=\"rate_limit\",to=\"b\"} 1",
                "ai_failovers_total{from=\"b\",phase=\"mid_stream\",reason=\"truncated\",to=\"c\"} 1",
                "ai_tokens_total{direction=\"input\",estimated=\"false\",model=\"scripted\",provider=\"c\"} 5",
                "ai_ttft_seconds_count{model=\"scripted\",provider=\"a\"} 0",
                "ai_ttft_seconds_count{model=\"scripted\",provider=\"c\"} 1", "ai_resets_total 1",
            ] {
                #expect(after.contains(line), "\(line)")
            }
        }
    }

    @Test func `counts what was cancelled, and what nobody could answer`() async throws {
        struct Stopped: Error {}
        let metrics = PrometheusMetrics(logger: Self.logger)
        await withMetricsFactory(metrics) {
            let chain = ProviderChainTests.chain(
                Scripted("a", .init(texts: ["x"])), Scripted("b", .init(failure: .account)))
            await #expect(throws: Stopped.self) {
                try await chain.reply(to: Self.prompt, within: .seconds(9)) {
                } deliver: { _ in
                    throw Stopped()
                }
            }
            _ = await Self.failure(chain, order: ["b"])
            let page = String(decoding: metrics.exposition(), as: UTF8.self)
            for line in [
                "ai_requests_total{error_class=\"none\",model=\"scripted\",outcome=\"cancelled\",provider=\"a\"} 1",
                "ai_requests_total{error_class=\"none\",model=\"scripted\",outcome=\"ok\",provider=\"a\"} 0",
                "ai_failovers_total{from=\"b\",phase=\"pre_token\",reason=\"account\",to=\"none\"} 1",
            ] {
                #expect(page.contains(line), "\(line)")
            }
        }
    }
}
