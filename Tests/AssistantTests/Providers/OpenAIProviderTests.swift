import AsyncHTTPClient
import Foundation
import Logging
import ModelUpstream
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Assistant

@Suite struct OpenAIProviderTests {
    static let client = HTTPClient(
        eventLoopGroupProvider: .singleton, configuration: RemoteProvider.clientConfiguration())

    static let quick = ReplyDeadlines(firstToken: .milliseconds(300), idle: .milliseconds(300), whole: .seconds(20))
    static let patient = ReplyDeadlines(firstToken: .seconds(20), idle: .seconds(20), whole: .seconds(30))

    static func provider(
        _ base: String, key: String? = "sk-test-secret", name: String = "openai", contextTokens: Int = 32_000,
        calibrations: TokenCalibrations = TokenCalibrations()
    ) throws -> RemoteProvider {
        RemoteProvider(
            name: name,
            settings: RemoteProvider.Settings(
                endpoint: try #require(ModelEndpoint(chatCompletions: base)), key: key.flatMap(ProviderKey.init),
                model: "gpt-x", contextTokens: contextTokens),
            client: client, calibrations: calibrations, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    static let prompt = ReplyPrompt(
        turns: [.init(.customer, "你好"), .init(.assistant, "您好！")], question: "退款多久到账？",
        knowledge: KnowledgeAnswer(
            passages: [Passage(articleId: 1, title: "退款", text: "三天到账。", excerpt: "", locale: "zh", score: 1)],
            answerability: .answerable, coverage: 1),
        language: .chinese)

    /// The failure of a reply, and what was delivered before it.
    static func fail(
        _ steps: [FakeUpstream.Step], _ deadlines: ReplyDeadlines = patient
    ) async throws -> (failure: ProviderFailure?, text: String, requests: Int) {
        let upstream = try await FakeUpstream.start(steps)
        let collector = ReplyCollector()
        var failure: ProviderFailure?
        do {
            _ = try await provider(upstream.base).reply(to: prompt, within: deadlines) { collector.take($0) }
        } catch let failed as ProviderFailure {
            failure = failed
        }
        let requests = upstream.requests.count
        try await upstream.stop()
        return (failure, collector.text, requests)
    }

    @Test func `streams a reply with its usage`() async throws {
        let upstream = try await FakeUpstream.start(FakeUpstream.Step.answer(["通常", "三天。", "[1]"]))
        let collector = ReplyCollector()
        let finish = try await Self.provider(upstream.base).reply(to: Self.prompt, within: Self.patient) {
            collector.take($0)
        }
        #expect(finish == .stop)
        #expect(collector.text == "通常三天。[1]")
        // What comes together is one piece.
        #expect((1...3).contains(collector.pieces))
        #expect(collector.usage == TokenUsage(input: 31, output: 12, cachedInput: 8, reasoning: 3))

        let request = try #require(upstream.requests.first)
        #expect(request.method == "POST")
        #expect(request.uri == "/v1/chat/completions")
        #expect(request.headers.first(name: "authorization") == "Bearer sk-test-secret")
        #expect(request.headers.first(name: "accept-encoding") == "identity")
        #expect(request.headers.first(name: "content-type") == "application/json")
        let body = try #require(try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any])
        #expect(body["model"] as? String == "gpt-x")
        #expect(body["stream"] as? Bool == true)
        #expect((body["stream_options"] as? [String: Any])?["include_usage"] as? Bool == true)
        #expect(body["max_tokens"] as? Int == 600)
        #expect(body["max_completion_tokens"] == nil)
        let messages = try #require(body["messages"] as? [[String: String]])
        #expect(messages.map { $0["role"] } == ["system", "user", "assistant", "user"])
        #expect(messages.last?["content"]?.contains("退款多久到账？") == true)
        try await upstream.stop()
    }

    @Test func `sends no authorization without a key`() async throws {
        let upstream = try await FakeUpstream.start(FakeUpstream.Step.answer(["ok"]))
        _ = try await Self.provider(upstream.base, key: nil).reply(to: Self.prompt, within: Self.patient) { _ in }
        #expect(upstream.requests.first?.headers.contains(name: "authorization") == false)
        try await upstream.stop()
    }

    @Test func `puts characters together that arrive byte by byte`() async throws {
        let text =
            OpenAIStreamTests.delta("通常三天👍") + OpenAIStreamTests.delta("", finish: "stop") + OpenAIStreamTests.done
        let upstream = try await FakeUpstream.start([.stream, .byteByByte(Array(text.utf8)), .end])
        let collector = ReplyCollector()
        _ = try await Self.provider(upstream.base).reply(to: Self.prompt, within: Self.patient) { collector.take($0) }
        #expect(collector.text == "通常三天👍")
        try await upstream.stop()
    }

    @Test func `a stream that ends early has failed, however it ends`() async throws {
        let half: [FakeUpstream.Step] = [.stream, .text(OpenAIStreamTests.delta("half an "))]
        for ending in [[.end], [.cut], [.reset], [.text("data: {\"choi"), .end]] as [[FakeUpstream.Step]] {
            let result = try await Self.fail(half + ending)
            #expect(result.failure?.kind == .truncated)
            #expect(result.failure?.requestId == "req-42")
        }
        let nothing = try await Self.fail([.stream, .end])
        #expect(nothing.failure?.kind == .truncated)
        let ended = try await FakeUpstream.start([
            .stream, .text(OpenAIStreamTests.delta("whole", finish: "stop")), .cut,
        ])
        let collector = ReplyCollector()
        #expect(
            try await Self.provider(ended.base).reply(to: Self.prompt, within: Self.patient) { collector.take($0) }
                == .stop)
        #expect(collector.text == "whole")
        try await ended.stop()
    }

    @Test func `hears errors inside a 200 stream`() async throws {
        let frame = "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":null}}\n\n"
        let result = try await Self.fail([.stream, .text(OpenAIStreamTests.delta("half ")), .text(frame), .end])
        #expect(result.failure?.kind == .server)
        #expect(result.failure?.detail == "overloaded")
        #expect(result.text == "half ")
        let malformed = try await Self.fail([.stream, .text("data: {\"choices\":[{]}\n\n"), .end])
        #expect(malformed.failure?.code == "malformed_json")
    }

    @Test(arguments: [
        (
            401,
            "{\"error\":{\"message\":\"Incorrect API key provided: sk-test-secret\",\"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\"}}",
            ProviderFailure.Kind.account
        ),
        (403, "{}", .account), (404, "{\"error\":{\"message\":\"no model\",\"code\":\"model_not_found\"}}", .config),
        (500, "{\"error\":{\"message\":\"x\"}}", .server), (502, "<html><h1>Bad Gateway</h1></html>", .server),
        (503, "", .server),
        (400, "{\"error\":{\"message\":\"bad\",\"code\":\"x\"}}", .badRequest),
        (
            400, "id:1\nevent:error\n:HTTP_STATUS/400\ndata:{\"code\":\"DataInspectionFailed\",\"message\":\"m\"}\n\n",
            .contentFilter
        ),
        (400, "{\"code\":\"Arrearage\",\"message\":\"overdue\"}", .account), (307, "", .server),
    ])
    func `tells failures apart by their answer`(
        _ status: Int, _ body: String, _ kind: ProviderFailure.Kind
    ) async throws {
        let result = try await Self.fail(
            FakeUpstream.Step.json(status, body, status == 307 ? [("location", "http://127.0.0.1:1/")] : []))
        let failure = try #require(result.failure)
        #expect(failure.kind == kind)
        #expect(failure.status == status)
        #expect(failure.requestId == "req-42")
        #expect(result.requests == 1)
        #expect(!"\(failure) \(failure.detail ?? "")".contains("secret"))
    }

    @Test func `reads how long to wait`() async throws {
        let body = "{\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}"
        let seconds = try await Self.fail(FakeUpstream.Step.json(429, body, [("retry-after", "7")]))
        #expect(seconds.failure?.kind == .rateLimit)
        #expect(seconds.failure?.retryAfter == .seconds(7))
        let milliseconds = try await Self.fail(
            FakeUpstream.Step.json(429, body, [("retry-after-ms", "250"), ("retry-after", "7")]))
        #expect(milliseconds.failure?.retryAfter == .milliseconds(250))
    }

    @Test func `takes an answer that does not stream`() async throws {
        let body =
            "{\"choices\":[{\"message\":{\"content\":\"whole\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}"
        let upstream = try await FakeUpstream.start(FakeUpstream.Step.json(200, body))
        let collector = ReplyCollector()
        #expect(
            try await Self.provider(upstream.base).reply(to: Self.prompt, within: Self.patient) { collector.take($0) }
                == .stop)
        #expect(collector.text == "whole")
        #expect(collector.usage?.output == 2)
        try await upstream.stop()
        let html = try await Self.fail([.head(200, [("content-type", "text/html")]), .text("<html>hello</html>"), .end])
        #expect(html.failure?.kind == .truncated)
        let error = try await Self.fail(FakeUpstream.Step.json(200, "{\"error\":{\"code\":\"invalid_api_key\"}}"))
        #expect(error.failure?.kind == .account)
    }

    @Test func `a silent provider is late, and so is one that only keeps the connection alive`() async throws {
        for steps in [
            [.hang], [.stream, .hang], [.stream, .keepAlives], [.stream, .text(OpenAIStreamTests.role), .hang],
        ] as [[FakeUpstream.Step]] {
            let upstream = try await FakeUpstream.start(steps)
            let failure = await #expect(throws: ProviderFailure.self) {
                try await Self.provider(upstream.base).reply(to: Self.prompt, within: Self.quick) { _ in }
            }
            #expect(failure?.kind == .firstTokenTimeout)
            #expect(try await eventually { upstream.openConnections == 0 })
            try await upstream.stop()
        }
    }

    @Test func `a provider that stalls in mid-text is late`() async throws {
        let deadlines = ReplyDeadlines(firstToken: .seconds(20), idle: .milliseconds(300), whole: .seconds(30))
        for ending in [.hang, .keepAlives] as [FakeUpstream.Step] {
            let result = try await Self.fail([.stream, .text(OpenAIStreamTests.delta("half")), ending], deadlines)
            #expect(result.failure?.kind == .idleTimeout)
            #expect(result.text == "half")
        }
    }

    @Test func `the whole reply has its limit`() async throws {
        let deadlines = ReplyDeadlines(firstToken: .seconds(20), idle: .seconds(20), whole: .milliseconds(300))
        let result = try await Self.fail([.stream, .text(OpenAIStreamTests.delta("half")), .hang], deadlines)
        #expect(result.failure?.kind == .replyTimeout)
    }

    @Test func `a slow reader is not held against the provider`() async throws {
        let upstream = try await FakeUpstream.start(FakeUpstream.Step.answer(["a", "b", "c"]))
        let collector = ReplyCollector()
        let deadlines = ReplyDeadlines(firstToken: .seconds(20), idle: .milliseconds(600), whole: .seconds(20))
        let finish = try await Self.provider(upstream.base).reply(to: Self.prompt, within: deadlines) { chunk in
            collector.take(chunk)
            // Longer than the provider may be silent.
            if case .text("a") = chunk { try await Task.sleep(for: .milliseconds(900)) }
        }
        #expect(finish == .stop)
        #expect(collector.text == "abc")
        try await upstream.stop()
    }

    @Test func `a complete reply is not lost when its usage never comes`() async throws {
        let upstream = try await FakeUpstream.start([
            .stream, .text(OpenAIStreamTests.delta("done", finish: "length")), .hang,
        ])
        let collector = ReplyCollector()
        let finish = try await Self.provider(upstream.base).reply(to: Self.prompt, within: Self.patient) {
            collector.take($0)
        }
        #expect(finish == .length)
        #expect(collector.text == "done")
        try await upstream.stop()
    }

    @Test func `a refused connection fails as such, not by a deadline`() async throws {
        let upstream = try await FakeUpstream.start([.hang])
        try await upstream.refuse()
        let failure = await #expect(throws: ProviderFailure.self) {
            try await Self.provider(upstream.base).reply(to: Self.prompt, within: Self.patient) { _ in }
        }
        #expect(failure?.kind == .connect)
        try await upstream.stop()
    }

    @Test func `a connection that closes without an answer is tried once more`() async throws {
        let upstream = try await FakeUpstream.start { number, _ in
            number == 0 ? [.cut] : FakeUpstream.Step.answer(["ok"])
        }
        let collector = ReplyCollector()
        _ = try await Self.provider(upstream.base).reply(to: Self.prompt, within: Self.patient) { collector.take($0) }
        #expect(collector.text == "ok")
        try await upstream.stop()
        let dead = try await Self.fail([.cut])
        #expect(dead.failure?.kind == .connect)
        #expect(dead.requests == 2)
    }

    @Test func `cancelling closes the connection at once`() async throws {
        let upstream = try await FakeUpstream.start([.stream, .text(OpenAIStreamTests.delta("half")), .hang])
        let collector = ReplyCollector()
        let provider = try Self.provider(upstream.base)
        let task = Task { try await provider.reply(to: Self.prompt, within: Self.patient) { collector.take($0) } }
        #expect(try await eventually { collector.text == "half" })
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await eventually { upstream.openConnections == 0 })
        try await upstream.stop()
    }

    @Test func `what the reader throws ends the reply and comes back`() async throws {
        struct Stopped: Error {}
        let upstream = try await FakeUpstream.start([.stream, .text(OpenAIStreamTests.delta("half")), .hang])
        await #expect(throws: Stopped.self) {
            try await Self.provider(upstream.base).reply(to: Self.prompt, within: Self.patient) { _ in throw Stopped() }
        }
        #expect(try await eventually { upstream.openConnections == 0 })
        try await upstream.stop()
    }

    @Test func `leaves out a parameter that the endpoint refuses, and remembers`() async throws {
        let upstream = try await FakeUpstream.start { _, request in
            if request.body.contains("\"temperature\"") {
                return FakeUpstream.Step.json(
                    400, "{\"error\":{\"message\":\"no\",\"param\":\"temperature\",\"code\":\"unsupported_value\"}}")
            }
            if request.body.contains("\"max_tokens\"") {
                return FakeUpstream.Step.json(
                    400,
                    "{\"error\":{\"message\":\"Use 'max_completion_tokens' instead.\",\"param\":\"max_tokens\",\"code\":\"unsupported_parameter\"}}"
                )
            }
            return FakeUpstream.Step.answer(["ok"])
        }
        let provider = try Self.provider(upstream.base)
        for expected in [3, 4] {
            let collector = ReplyCollector()
            _ = try await provider.reply(to: Self.prompt, within: Self.patient) { collector.take($0) }
            #expect(collector.text == "ok")
            #expect(upstream.requests.count == expected)
        }
        #expect(upstream.requests.last?.body.contains("\"max_completion_tokens\":600") == true)
        try await upstream.stop()
    }

    @Test func `shortens the conversation once when it is too long for the model`() async throws {
        let overflow = "{\"error\":{\"message\":\"maximum context length\",\"code\":\"context_length_exceeded\"}}"
        let upstream = try await FakeUpstream.start { number, _ in
            number == 0 ? FakeUpstream.Step.json(400, overflow) : FakeUpstream.Step.answer(["ok"])
        }
        var prompt = Self.prompt
        prompt.turns = (0..<60).flatMap {
            [.init(.customer, "问题\($0) " + String(repeating: "长", count: 60)), .init(.assistant, "回答\($0)")]
        }
        let collector = ReplyCollector()
        _ = try await Self.provider(upstream.base, contextTokens: 6000).reply(to: prompt, within: Self.patient) {
            collector.take($0)
        }
        #expect(collector.text == "ok")
        #expect(upstream.requests.count == 2)
        #expect(upstream.requests[1].body.utf8.count < upstream.requests[0].body.utf8.count)
        try await upstream.stop()
        #expect(try await Self.fail(FakeUpstream.Step.json(400, overflow)).failure?.kind == .contextOverflow)
    }

    @Test func `many replies stream side by side`() async throws {
        let upstream = try await FakeUpstream.start(FakeUpstream.Step.answer((0..<20).map { "\($0) " }))
        let provider = try Self.provider(upstream.base)
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let collector = ReplyCollector()
                    _ = try await provider.reply(to: Self.prompt, within: Self.patient) { collector.take($0) }
                    return collector.text
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(texts.count == 50)
        #expect(Set(texts) == [(0..<20).map { "\($0) " }.joined()])
        try await upstream.stop()
    }
}
