import Foundation
import Testing

@testable import Assistant

@Suite struct OpenAIStreamTests {
    static func run(
        _ text: String, vendor: OpenAIEndpoint.Vendor = .other, piece: Int = .max
    ) -> (text: String, usage: TokenUsage?, reasoning: Int, failure: ProviderFailure?, finish: ReplyFinish?) {
        var stream = OpenAIStream(provider: "openai", vendor: vendor, requestId: "r-1")
        var outputs: [OpenAIStream.Output] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            outputs += Array(rest.prefix(piece)).withUnsafeBytes { stream.read($0) }
            rest = rest.dropFirst(piece)
        }
        if !outputs.contains(where: { if case .failed = $0 { true } else { false } }) { outputs += stream.end() }
        var result = ""
        var usage: TokenUsage?
        var reasoning = 0
        var failure: ProviderFailure?
        for output in outputs {
            switch output {
            case .chunk(.text(let text)): result += text
            case .chunk(.usage(let tokens)): usage = tokens
            case .chunk(.reasoning): reasoning += 1
            case .failed(let failed): failure = failure ?? failed
            }
        }
        return (result, usage, reasoning, failure, stream.finish)
    }

    static func delta(_ content: String, finish: String? = nil) -> String {
        let end = finish.map { "\"\($0)\"" } ?? "null"
        return
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(content)\"},\"finish_reason\":\(end)}],\"usage\":null}\n\n"
    }

    static let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":31,\"completion_tokens\":12,\"total_tokens\":43,"
        + "\"prompt_tokens_details\":{\"cached_tokens\":8},\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\n"
    static let done = "data: [DONE]\n\n"
    static let role =
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n"

    @Test(arguments: [Int.max, 1, 3, 17])
    func `reads text, end and usage`(_ piece: Int) {
        let result = Self.run(
            Self.role + Self.delta("通常") + Self.delta("三天。") + Self.delta("", finish: "stop") + Self.usage + Self.done,
            piece: piece)
        #expect(result.text == "通常三天。")
        #expect(result.usage == TokenUsage(input: 31, output: 12, cachedInput: 8, reasoning: 3))
        #expect(result.finish == .stop)
        #expect(result.failure == nil)
    }

    @Test func `ends at DONE, at a finish reason, or not at all`() {
        #expect(Self.run(Self.delta("a") + Self.done).finish == .stop)
        #expect(Self.run(Self.delta("a", finish: "stop")).failure == nil)
        #expect(Self.run(Self.delta("a", finish: "length")).finish == .length)
        #expect(Self.run(Self.delta("a", finish: "null")).failure?.kind == .truncated)
        #expect(Self.run(Self.delta("a")).failure?.kind == .truncated)
        #expect(Self.run("").failure?.kind == .truncated)
        #expect(Self.run(": ping\n\n").failure?.kind == .truncated)
        #expect(Self.run(Self.delta("a") + "data: {\"choi").failure?.kind == .truncated)
        #expect(Self.run(Self.done + Self.delta("late")).text == "")
        #expect(Self.run(Self.delta("a", finish: "content_filter")).failure?.kind == .contentFilter)
    }

    @Test(arguments: [
        (
            "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"code\":null}}\n\n",
            ProviderFailure.Kind.server
        ),
        ("data: {\"error\":{\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}}\n\n", .rateLimit),
        ("data: {\"error\":{\"message\":\"context length is 4096\",\"code\":400}}\n\n", .contextOverflow),
        ("data: {\"error\":\"something broke\"}\n\n", .server),
        (
            "event:error\n:HTTP_STATUS/429\ndata:{\"code\":\"Throttling.AllocationQuota\",\"message\":\"x\",\"request_id\":\"r\"}\n\n",
            .rateLimit
        ),
        (
            "event:error\n:HTTP_STATUS/400\ndata:{\"code\":\"DataInspectionFailed\",\"message\":\"x\"}\n\n",
            .contentFilter
        ),
        ("event:error\n:HTTP_STATUS/503\ndata:{\"message\":\"x\"}\n\n", .server),
        ("event: error\ndata: {}\n\n", .server),
        ("data: {\"code\":\"InvalidApiKey\",\"message\":\"x\"}\n\n", .account),
        ("data: not json\n\n", .server),
        ("data: {\"choices\":[{\"delta\":\n\n", .server),
    ])
    func `hears an error inside a 200 stream`(_ frame: String, _ kind: ProviderFailure.Kind) {
        for text in [frame, Self.role + frame, Self.delta("half ") + frame + Self.delta("never") + Self.done] {
            let result = Self.run(text)
            #expect(result.failure?.kind == kind)
            #expect(!result.text.contains("never"))
            #expect(result.failure?.requestId == "r-1")
        }
    }

    @Test func `tells thoughts from text`() {
        let deepSeek = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\",\"content\":null}}]}\n\n"
        let result = Self.run(deepSeek + deepSeek + Self.delta("yes", finish: "stop"))
        #expect(result.text == "yes")
        #expect(result.reasoning == 2)
        for piece in [Int.max, 1, 40] {
            let local = Self.run(
                Self.delta("<thi") + Self.delta("nk>let me</th") + Self.delta("ink>\\n\\nAnswer")
                    + Self.delta("", finish: "stop"),
                piece: piece)
            #expect(local.text == "\n\nAnswer")
            #expect(local.reasoning > 0)
        }
        #expect(Self.run(Self.delta("<b>x", finish: "stop")).text == "<b>x")
        #expect(Self.run(Self.delta("<", finish: "stop")).text == "<")
        #expect(Self.run(Self.delta("<think>never ends", finish: "stop")).text == "")
    }

    @Test func `takes fields of any type`() {
        let odd =
            "data: {\"choices\":[{\"delta\":{\"content\":[1,2]},\"finish_reason\":5}],\"usage\":\"x\",\"error\":null}\n\n"
        let result = Self.run(odd + "data: {}\n\ndata: {\"choices\":null}\n\n" + Self.delta("ok", finish: "stop"))
        #expect(result.text == "ok")
        #expect(result.failure == nil)
        let refusal = "data: {\"choices\":[{\"delta\":{\"refusal\":\"I cannot.\"},\"finish_reason\":\"stop\"}]}\n\n"
        #expect(Self.run(refusal).text == "I cannot.")
    }

    @Test(arguments: 0..<300)
    func `survives broken streams`(_ seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        var bytes = Array(
            (Self.role + Self.delta("通常三天") + Self.delta("ok", finish: "stop") + Self.usage + Self.done).utf8)
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...2, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.removeSubrange(place..<min(place + 20, bytes.count))
            }
            if bytes.isEmpty { break }
        }
        var stream = OpenAIStream(provider: "openai", vendor: .other, requestId: nil)
        _ = bytes.withUnsafeBytes { stream.read($0) }
        _ = stream.end()
    }

    @Test(arguments: [
        (
            400, "invalid_request_error", "InvalidParameter", "x", ProviderFailure.Kind.badRequest,
            ProviderFailure.Kind.badRequest
        ),
        (400, "invalid_request_error", "context_length_exceeded", "x", .contextOverflow, .contextOverflow),
        (400, "", "400", "This model's maximum context length is 4096 tokens", .contextOverflow, .contextOverflow),
        (400, "", "Arrearage", "overdue", .account, .account),
        (400, "", "data_inspection_failed", "x", .contentFilter, .contentFilter),
        (401, "invalid_request_error", "invalid_api_key", "x", .account, .account),
        (403, "", "", "region", .account, .account),
        (404, "", "model_not_found", "x", .config, .config),
        (404, "", "", "", .config, .config),
        (429, "", "rate_limit_exceeded", "unauthorized to go this fast", .rateLimit, .rateLimit),
        (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota", .account, .rateLimit),
        (429, "", "insufficient_quota", "Free allocated quota exceeded.", .account, .account),
        (429, "", "PrepaidBillOverdue", "x", .account, .account),
        (429, "", "", "", .rateLimit, .rateLimit),
        (500, "", "", "", .server, .server),
        (500, "exceed_context_size_error", "500", "x", .contextOverflow, .contextOverflow),
        (502, "", "", "<html>", .server, .server),
        (503, "", "ModelServingError", "x", .server, .server),
        (408, "", "", "", .badRequest, .badRequest),
    ])
    func `classifies by code, then by status`(
        _ status: Int, _ type: String, _ code: String, _ message: String, _ openAI: ProviderFailure.Kind,
        _ dashScope: ProviderFailure.Kind
    ) {
        let error = OpenAIError(message: message, type: type.isEmpty ? nil : type, code: code.isEmpty ? nil : code)
        #expect(OpenAIFailure.kind(error, status: status, vendor: .openAI) == openAI)
        #expect(OpenAIFailure.kind(error, status: status, vendor: .dashScope) == dashScope)
    }

    @Test func `finds an error however its body is framed`() {
        let bodies = [
            "{\"error\":{\"message\":\"m\",\"code\":\"c\"}}", "{\"code\":\"c\",\"message\":\"m\"}",
            "[{\"error\":{\"message\":\"m\",\"code\":\"c\"}}]",
            "id:1\nevent:error\n:HTTP_STATUS/400\ndata:{\"code\":\"c\",\"message\":\"m\"}\n\n",
        ]
        for body in bodies {
            #expect(OpenAIError.read(Array(body.utf8))?.code == "c")
            #expect(OpenAIError.read(Array(body.utf8))?.message == "m")
        }
        #expect(OpenAIError.read(Array("{\"error\":{\"code\":429}}".utf8))?.code == "429")
        #expect(OpenAIError.read(Array("<html>502</html>".utf8)) == nil)
        #expect(OpenAIError.read([]) == nil)
    }

    @Test func `reads Retry-After in every form`() {
        let now = Date(timeIntervalSince1970: 784_111_777)  // Sun, 06 Nov 1994 08:49:37 GMT
        func wait(_ milliseconds: String?, _ seconds: String?) -> Duration? {
            OpenAIFailure.retryAfter(milliseconds: milliseconds, seconds: seconds, now: now)
        }
        #expect(wait("1500", "9") == .milliseconds(1500))
        #expect(wait(nil, "2") == .seconds(2))
        #expect(wait(nil, "0.5") == .milliseconds(500))
        #expect(wait(nil, "Sun, 06 Nov 1994 08:49:47 GMT") == .seconds(10))
        #expect(wait(nil, "Sun, 06 Nov 1994 08:49:07 GMT") == .zero)
        #expect(wait(nil, "100000") == .seconds(120))
        #expect(wait(nil, "1e300") == .seconds(120))
        for bad in ["", "soon", "-1", "nan", "inf", "Sun, 99 Foo 1994 08:49:47 GMT"] { #expect(wait(nil, bad) == nil) }
        #expect(wait(nil, nil) == nil)
    }

    @Test(arguments: [
        ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions", false),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions", false),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/chat/completions", true),
        ("http://localhost:8080/v1", "http://localhost:8080/v1/chat/completions", true),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions", true),
        ("http://192.168.1.5/v1", "http://192.168.1.5/v1/chat/completions", true),
        ("http://ollama:11434/v1", "http://ollama:11434/v1/chat/completions", true),
        ("http://172.32.0.1/v1", "http://172.32.0.1/v1/chat/completions", false),
        (
            "https://x.openai.azure.com/openai/deployments/d?api-version=1",
            "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1", false
        ),
    ])
    func `makes the address from the base`(_ base: String, _ url: String, _ isLocal: Bool) {
        let endpoint = OpenAIEndpoint(base: base)
        #expect(endpoint?.url == url)
        #expect(endpoint?.isLocal == isLocal)
    }

    @Test(arguments: ["", "api.openai.com/v1", "ftp://x/v1", "http://", "not a url", "https://user:password@host/v1"])
    func `refuses what is no base`(_ base: String) {
        #expect(OpenAIEndpoint(base: base) == nil)
    }

    @Test func `a key is never shown`() throws {
        let key = try #require(ProviderKey(" sk-verysecret123 "))
        var dumped = ""
        dump(key, to: &dumped)
        for text in [
            "\(key)", String(reflecting: key), dumped, "\([key])",
            "\(OpenAIProvider.Settings(endpoint: try #require(OpenAIEndpoint(base: "http://localhost/v1")), key: key, model: "m", contextTokens: 1))",
        ] {
            #expect(!text.contains("verysecret"))
        }
        #expect(
            !key.redacted("Incorrect API key provided: sk-verysecret123. Or sk-other**********key, Bearer abcdefghijk")
                .contains("secret"))
        #expect(ProviderKey("") == nil)
        #expect(ProviderKey("a\nb: c") == nil)
    }
}
