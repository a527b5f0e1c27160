import Testing

@testable import Assistant

@Suite struct OpenAIStreamTests {
    static func run(
        _ text: String, vendor: ModelVendor = .other, piece: Int = .max
    ) -> ReadStream {
        ReadStream(
            Array(text.utf8), in: ChatCompletions(vendor: vendor), vendor: vendor, piece: piece, requestId: "r-1")
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
}
