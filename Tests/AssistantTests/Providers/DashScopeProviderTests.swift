import Domain
import Foundation
import Logging
import ModelUpstream
import NIOHTTP1
import Testing

@testable import Assistant

/// DashScope's own dialect over real TCP, and what the two dialects have in common.
@Suite struct DashScopeProviderTests {
    static func provider(
        _ root: String, model: String = "qwen-plus", contextTokens: Int = 32_000,
        calibrations: TokenCalibrations = TokenCalibrations()
    ) throws -> RemoteProvider {
        RemoteProvider(
            name: "dashscope",
            settings: RemoteProvider.Settings(
                endpoint: try #require(ModelEndpoint(dashScope: root)), key: ProviderKey("sk-test-secret"),
                model: model,
                contextTokens: contextTokens),
            client: OpenAIProviderTests.client, calibrations: calibrations,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    struct Result: Sendable {
        var finish: ReplyFinish?
        var failure: ProviderFailure?
        var collector: ReplyCollector
        var calls: [Call]
    }

    /// One reply of an upstream that behaves as told, in the dialect told.
    static func ask(
        _ behaviour: String, native: Bool = true, prompt: ReplyPrompt = OpenAIProviderTests.prompt,
        within deadlines: ReplyDeadlines = OpenAIProviderTests.patient
    ) async throws -> Result {
        let upstream = try await FakeUpstream.start()
        let told = try #require(Behaviour(behaviour))
        upstream.configure {
            $0.behaviour = told
            $0.answers = ["退款": ["通常", "三天", "到账。", "[1]"]]
        }
        let provider =
            native ? try provider(upstream.root) : try OpenAIProviderTests.provider(upstream.base)
        var result = Result(collector: ReplyCollector(), calls: [])
        do {
            let collector = result.collector
            result.finish = try await provider.reply(to: prompt, within: deadlines) { collector.take($0) }
        } catch let failed as ProviderFailure {
            result.failure = failed
        }
        result.calls = upstream.calls
        try await upstream.stop()
        return result
    }

    @Test func `asks as DashScope documents it, and streams the reply`() async throws {
        let result = try await Self.ask("ok")
        #expect(result.finish == .stop)
        #expect(result.collector.text == "通常三天到账。[1]")
        #expect(result.collector.usage?.isEstimated == false)
        let call = try #require(result.calls.first)
        #expect(call.path == "/api/v1/services/aigc/text-generation/generation")
        for (name, value) in [
            ("x-dashscope-sse", "enable"), ("accept", "text/event-stream"), ("authorization", "Bearer sk-test-secret"),
            ("content-type", "application/json"), ("accept-encoding", "identity"),
        ] {
            #expect(call.headers.first(name: name) == value)
        }
        let body = try JSONValue(parsing: call.body)
        #expect(body["model"] == "qwen-plus")
        #expect(body["stream"] == nil)
        #expect(body["parameters"]?["incremental_output"] == true)
        #expect(body["parameters"]?["result_format"] == "message")
        #expect(body["parameters"]?["max_tokens"] == 600)
        #expect(body["input"]?["messages"]?.arrayValue?.map { $0["role"] } == ["system", "user", "assistant", "user"])
    }

    @Test(arguments: [true, false], ["split_utf8", "slow:200", "no_usage", "cumulative"])
    func `gives the same reply however it arrives`(_ native: Bool, _ behaviour: String) async throws {
        let result = try await Self.ask(behaviour, native: native)
        #expect(result.failure == nil)
        #expect(result.collector.text == "通常三天到账。[1]")
    }

    @Test(
        arguments: [true, false],
        [
            ("truncate", ProviderFailure.Kind.truncated), ("cut", .truncated), ("hang_up", .truncated),
            ("malformed_json", .server), ("error_frame_openai", .server), ("error_frame_native", .server),
            ("error_frame_native:Throttling.AllocationQuota", .rateLimit), ("sse_framed_4xx", .rateLimit),
            ("429", .rateLimit), ("429_retry_after", .rateLimit), ("429_retry_after_ms", .rateLimit),
            ("429_retry_after_date", .rateLimit), ("401", .account), ("403", .account), ("404", .config),
            ("arrearage400", .account), ("inspection_input400", .contentFilter),
            ("inspection_output_midstream", .contentFilter), ("overflow400", .contextOverflow), ("500", .server),
            ("503", .server), ("html_502", .server), ("empty_200", .truncated),
        ])
    func `tells every way to fail apart, in both dialects`(
        _ native: Bool, _ expected: (String, ProviderFailure.Kind)
    ) async throws {
        let result = try await Self.ask(expected.0, native: native)
        let failure = try #require(result.failure)
        #expect(failure.kind == expected.1, "\(failure)")
        #expect("通常三天到账。[1]".hasPrefix(result.collector.text))
        #expect(!"\(failure) \(failure.detail ?? "")".contains("secret"))
        switch expected.0 {
        case "429_retry_after": #expect(failure.retryAfter == .seconds(7))
        case "429_retry_after_ms": #expect(failure.retryAfter == .milliseconds(250))
        case "429_retry_after_date":
            #expect((.seconds(4)...Duration.seconds(7)).contains(try #require(failure.retryAfter)))
        default: break
        }
    }

    @Test func `a quota is a minute's at DashScope and for ever at OpenAI`() async throws {
        #expect(try await Self.ask("429_quota").failure?.kind == .rateLimit)
        #expect(try await Self.ask("429_quota:free").failure?.kind == .account)
        #expect(try await Self.ask("429_quota", native: false).failure?.kind == .account)
    }

    @Test func `a stream that was cut off has told its usage all the same`() async throws {
        let result = try await Self.ask("truncate@end")
        #expect(result.failure?.kind == .truncated)
        #expect(result.collector.usage?.isEstimated == false)
        #expect(result.collector.usage?.input ?? 0 > 0)
        #expect(result.failure?.requestId != nil)
    }

    @Test(arguments: [true, false])
    func `a silent or chattering provider is late`(_ native: Bool) async throws {
        for behaviour in ["stall@start", "stall@head", "keepalive_only:5"] {
            let result = try await Self.ask(behaviour, native: native, within: OpenAIProviderTests.quick)
            #expect(result.failure?.kind == .firstTokenTimeout, "\(behaviour)")
        }
        let stalled = try await Self.ask(
            "stall_after_n:2", native: native,
            within: ReplyDeadlines(firstToken: .seconds(20), idle: .milliseconds(300), whole: .seconds(30)))
        #expect(stalled.failure?.kind == .idleTimeout)
        #expect(stalled.collector.text == "通常三天")
    }

    @Test(arguments: [true, false])
    func `offers its tools, and passes on what the model wishes for`(_ native: Bool) async throws {
        var prompt = OpenAIProviderTests.prompt
        prompt.tools = [ToolCallTests.handoff]
        let result = try await Self.ask("tool_call", native: native, prompt: prompt)
        #expect(result.finish == .stop)
        #expect(result.collector.toolCalls.map(\.name) == ["handoff_to_human"])
        let arguments = try #require(result.collector.toolCalls.first?.arguments)
        #expect((try? JSONValue(parsing: arguments))?.objectValue != nil)
        #expect(result.calls.first?.body.contains("\"handoff_to_human\"") == true)
        let bad = try await Self.ask("bad_tool_json", native: native, prompt: prompt)
        let badArguments = try #require(bad.collector.toolCalls.first?.arguments)
        #expect((try? JSONValue(parsing: badArguments)) == nil)
        #expect(arguments.hasPrefix(badArguments))
    }

    @Test(arguments: [true, false])
    func `the longest length is an end, and thoughts are no text`(_ native: Bool) async throws {
        let long = try await Self.ask("length", native: native)
        #expect(long.finish == .length)
        let empty = try await Self.ask("empty", native: native)
        #expect(empty.finish == .stop && empty.collector.text.isEmpty)
    }

    @Test func `leaves out what the endpoint refuses, tools included, and remembers`() async throws {
        let upstream = try await FakeUpstream.start { number, request in
            if request.body.contains("enable_thinking") {
                return FakeUpstream.Step.json(
                    400,
                    "{\"code\":\"InvalidParameter\",\"message\":\"The value of the enable_thinking parameter is restricted to True.\",\"request_id\":\"r\"}"
                )
            }
            if request.body.contains("\"tools\"") {
                return FakeUpstream.Step.json(
                    400, "{\"code\":\"InvalidParameter\",\"message\":\"This model does not support tools.\"}")
            }
            return [.stream, .text(DashScopeStreamTests.event("ok", finish: "stop")), .end]
        }
        var prompt = OpenAIProviderTests.prompt
        prompt.tools = [ToolCallTests.handoff]
        let provider = try Self.provider(upstream.root)
        for expected in [3, 4] {
            let collector = ReplyCollector()
            _ = try await provider.reply(to: prompt, within: OpenAIProviderTests.patient) { collector.take($0) }
            #expect(collector.text == "ok")
            #expect(upstream.requests.count == expected)
        }
        try await upstream.stop()
    }

    @Test func `takes an answer that does not stream, and events labelled JSON`() async throws {
        let whole =
            "{\"output\":{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"whole\"},\"finish_reason\":\"stop\"}]},\"usage\":{\"input_tokens\":3,\"output_tokens\":2},\"request_id\":\"r\"}"
        for body in [whole, "id:1\nevent:result\n:HTTP_STATUS/200\ndata:\(whole)\n\n"] {
            let upstream = try await FakeUpstream.start(FakeUpstream.Step.json(200, body))
            let collector = ReplyCollector()
            let finish = try await Self.provider(upstream.root).reply(
                to: OpenAIProviderTests.prompt, within: OpenAIProviderTests.patient
            ) { collector.take($0) }
            #expect(finish == .stop)
            #expect(collector.text == "whole")
            #expect(collector.usage == TokenUsage(input: 3, output: 2))
            try await upstream.stop()
        }
    }
}
