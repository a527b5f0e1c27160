import Testing

@testable import Assistant

@Suite struct DashScopeStreamTests {
    static func run(_ text: String, piece: Int = .max) -> ReadStream {
        ReadStream(Array(text.utf8), in: DashScopeGeneration(), vendor: .dashScope, piece: piece)
    }

    static func event(
        _ content: String, finish: String = "null", output: Int = 1, number: Int = 1, reasoning: String? = nil
    ) -> String {
        let thought = reasoning.map { "\"reasoning_content\":\"\($0)\"," } ?? ""
        return "id:\(number)\nevent:result\n:HTTP_STATUS/200\n"
            + "data:{\"output\":{\"choices\":[{\"message\":{\(thought)\"role\":\"assistant\",\"content\":\"\(content)\"},"
            + "\"finish_reason\":\"\(finish)\"}]},\"usage\":{\"input_tokens\":31,\"output_tokens\":\(output),"
            + "\"total_tokens\":\(31 + output)},\"request_id\":\"r-9\"}\n\n"
    }

    @Test(arguments: [Int.max, 1, 3, 17])
    func `reads pieces, the end and the last usage`(_ piece: Int) {
        let result = Self.run(
            Self.event("通常") + Self.event("三天。", output: 5, number: 2)
                + Self.event("", finish: "stop", output: 12, number: 3), piece: piece)
        #expect(result.text == "通常三天。")
        #expect(result.pieces == ["通常", "三天。"])
        #expect(result.usage == TokenUsage(input: 31, output: 12))
        #expect(result.finish == .stop)
        #expect(result.failure == nil)
    }

    @Test func `ends at a finish reason and a closed stream, and without one not at all`() {
        #expect(Self.run(Self.event("a", finish: "stop")).failure == nil)
        #expect(Self.run(Self.event("a", finish: "length")).finish == .length)
        let cut = Self.run(Self.event("a") + Self.event("b", output: 7))
        #expect(cut.failure?.kind == .truncated)
        #expect(cut.failure?.requestId == "r-9")
        // What was used is known all the same.
        #expect(cut.usage?.output == 7)
        #expect(Self.run("").failure?.kind == .truncated)
        #expect(Self.run(Self.event("a") + "id:2\nevent:result\ndata:{\"outp").failure?.kind == .truncated)
    }

    @Test func `takes a first event without usage, events without blank lines, and old results`() {
        let first =
            "data:{\"output\":{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"null\"}]},\"usage\":{}}"
        let unseparated = "id:1\nevent:result\n\(first)\nid:2\n" + Self.event("b", finish: "stop").dropFirst(5)
        let result = Self.run(unseparated)
        #expect(result.text == "ab")
        #expect(result.usage == TokenUsage(input: 31, output: 1))
        let old = Self.run(
            "data:{\"output\":{\"text\":\"old\",\"finish_reason\":\"null\"}}\n\n"
                + "data:{\"output\":{\"text\":\"\",\"finish_reason\":\"stop\"},"
                + "\"usage\":{\"input_tokens\":1,\"output_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":1},"
                + "\"output_tokens_details\":{\"reasoning_tokens\":2}}}\n\n")
        #expect(old.text == "old")
        #expect(old.usage == TokenUsage(input: 1, output: 2, cachedInput: 1, reasoning: 2))
    }

    @Test(
        arguments: [
            (
                "event:error\n:HTTP_STATUS/429\ndata:{\"code\":\"Throttling.AllocationQuota\",\"message\":\"x\",\"request_id\":\"r\"}\n\n",
                ProviderFailure.Kind.rateLimit, 429
            ),
            (
                "event:error\n:HTTP_STATUS/400\ndata:{\"code\":\"DataInspectionFailed\",\"message\":\"x\"}\n\n",
                .contentFilter, 400
            ),
            ("event:error\n:HTTP_STATUS/400\ndata:{\"code\":\"InternalError\",\"message\":\"x\"}\n\n", .server, 400),
            ("event:error\n:HTTP_STATUS/503\ndata:{\"message\":\"x\"}\n\n", .server, 503),
            ("event:error\n:HTTP_STATUS/401\ndata:no json\n\n", .account, 401),
            ("event:error\ndata:{}\n\n", .server, nil),
            ("data:{\"code\":\"InvalidApiKey\",\"message\":\"x\",\"request_id\":\"r\"}\n\n", .account, nil),
            ("data:{\"output\":\n\n", .server, nil),
        ] as [(String, ProviderFailure.Kind, Int?)])
    func `hears an error inside a 200 stream`(_ frame: String, _ kind: ProviderFailure.Kind, _ status: Int?) {
        for text in [frame, Self.event("") + frame, Self.event("half ") + frame + Self.event("never", finish: "stop")] {
            let result = Self.run(text)
            #expect(result.failure?.kind == kind)
            #expect(result.failure?.status == status)
            #expect(!result.text.contains("never"))
        }
    }

    @Test func `what goes wrong behind a complete reply is of no account, but for its content`() {
        let whole = Self.event("whole", finish: "stop")
        let late = Self.run(whole + "event:error\n:HTTP_STATUS/500\ndata:{\"code\":\"InternalError\"}\n\n")
        #expect(late.text == "whole" && late.finish == .stop && late.failure == nil)
        let blocked = Self.run(whole + "event:error\n:HTTP_STATUS/400\ndata:{\"code\":\"DataInspectionFailed\"}\n\n")
        #expect(blocked.failure?.kind == .contentFilter)
        #expect(Self.run(whole + Self.event("more")).text == "whole")
    }

    @Test func `tells thoughts from text`() {
        let result = Self.run(
            Self.event("", reasoning: "先看") + Self.event("", reasoning: "资料") + Self.event("三天", finish: "stop"))
        #expect(result.text == "三天")
        #expect(result.reasoning == 2)
    }

    @Test func `takes fields of any type`() {
        for odd in [
            "{\"output\":7}", "{\"output\":{\"choices\":{}}}", "{\"output\":{\"choices\":[7]}}", "[]", "7", "null",
            "{}",
            "{\"output\":{\"choices\":[{\"message\":[],\"finish_reason\":7}]},\"usage\":[]}",
            "{\"output\":{\"choices\":[]},\"usage\":{\"input_tokens\":-1,\"output_tokens\":\"x\"}}",
            "{\"output\":null,\"usage\":{\"input_tokens\":1e300,\"output_tokens\":9223372036854775807}}",
            "{\"output\":{\"choices\":[{\"message\":{\"tool_calls\":[{\"index\":\"x\",\"function\":7}]}}]}}",
        ] {
            let result = Self.run("data:\(odd)\n\n" + Self.event("ok", finish: "stop"))
            #expect(result.text == "ok", "\(odd)")
            #expect(result.failure == nil, "\(odd)")
        }
    }

    // MARK: The whole text with each event

    @Test(arguments: [
        ["通常三天。", "通常三天。到账", "通常三天。到账。", "通常三天。到账。"], ["通", "通常", "通常三", "通常三天"],
        ["OK", "OK"], ["退款一般三天到账", "退款一般三天到账", "退款一般三天到账。谢谢"], ["a", "ab"], ["e", "e\u{301}x"],
    ])
    func `takes the whole text with each event for what it is`(_ texts: [String]) {
        let events = texts.enumerated().map { Self.event($1, finish: $0 == texts.count - 1 ? "stop" : "null") }
        #expect(Array(Self.run(events.joined()).text.unicodeScalars) == Array((texts.last ?? "").unicodeScalars))
    }

    @Test(arguments: [
        ["哈", "哈", "哈", "！"], ["1", "10", " is 110"], ["1", "10"], ["ab", "a"], ["好的", "好", "的"],
        ["", "a", "", "a", "b"], ["-", "--", " x"],
    ])
    func `takes pieces that look alike for pieces`(_ texts: [String]) {
        let events = texts.map { Self.event($0) } + [Self.event("", finish: "stop")]
        #expect(Self.run(events.joined()).text == texts.joined())
    }
}
