import Domain
import Testing

@testable import Assistant

@Suite struct ToolCallTests {
    static let handoff = ReplyTool(
        name: "handoff_to_human", description: "Asks a colleague to take over.",
        parameters: ["type": "object", "properties": ["reason": ["type": "string"]]])

    static let request = ModelRequest(
        model: "m", messages: [ModelMessage(.system, "s"), ModelMessage(.user, "q")], tools: [handoff],
        maximumOutputTokens: 600, temperature: 0.3)

    static func chunk(_ delta: String, finish: String? = nil) -> String {
        "data: {\"choices\":[{\"delta\":{\(delta)},\"finish_reason\":\(finish.map { "\"\($0)\"" } ?? "null")}]}\n\n"
    }

    static func call(_ index: Int?, id: String? = nil, name: String? = nil, _ arguments: String) -> String {
        let fields = [
            index.map { (index: Int) in "\"index\":\(index)" }, id.map { "\"id\":\"\($0)\"" }, "\"type\":\"function\"",
            "\"function\":{\(name.map { "\"name\":\"\($0)\"," } ?? "")\"arguments\":\(JSONValue.string(arguments).serialized())}",
        ].compactMap { $0 }
        return "\"tool_calls\":[{\(fields.joined(separator: ","))}]"
    }

    @Test(arguments: [Int.max, 1, 7])
    func `joins the pieces of a call and tells it once, at the end`(_ piece: Int) {
        let result = OpenAIStreamTests.run(
            Self.chunk(Self.call(0, id: "c1", name: "handoff_to_human", ""))
                + Self.chunk(Self.call(0, "{\"reason\":")) + Self.chunk(Self.call(0, "\"退款\"}"))
                + Self.chunk("", finish: "tool_calls") + OpenAIStreamTests.usage + OpenAIStreamTests.done, piece: piece)
        #expect(result.toolCalls == [ReplyToolCall(name: "handoff_to_human", arguments: "{\"reason\":\"退款\"}")])
        #expect(result.text.isEmpty && result.failure == nil && result.finish == .stop)
        // Pieces of a call are a sign of life.
        #expect(result.reasoning == 3)
        #expect(result.usage?.output == 12)
    }

    @Test func `tells calls apart by index, or by id where the index is missing or always the same`() {
        let byIndex =
            Self.chunk(Self.call(1, id: "b", name: "two", "{}")) + Self.chunk(Self.call(0, id: "a", name: "one", "{"))
            + Self.chunk(Self.call(0, "}"))
        #expect(
            OpenAIStreamTests.run(byIndex + OpenAIStreamTests.done).toolCalls.map(\.name) == ["one", "two"])
        for index in [nil, 0] as [Int?] {
            let byId =
                Self.chunk(Self.call(index, id: "a", name: "one", "{\"x\":1}"))
                + Self.chunk(Self.call(index, id: "b", name: "two", "{"))
                + Self.chunk(Self.call(index, id: "", name: "", "}"))
            #expect(
                OpenAIStreamTests.run(byId + OpenAIStreamTests.done).toolCalls == [
                    ReplyToolCall(name: "one", arguments: "{\"x\":1}"), ReplyToolCall(name: "two", arguments: "{}"),
                ])
        }
    }

    @Test func `passes on arguments that are no JSON, objects that are no text, and no call without a name`() {
        let bad = Self.chunk(Self.call(0, id: "a", name: "one", "{\"reason\":\"x")) + OpenAIStreamTests.done
        #expect(OpenAIStreamTests.run(bad).toolCalls == [ReplyToolCall(name: "one", arguments: "{\"reason\":\"x")])
        let object = Self.chunk("\"tool_calls\":[{\"function\":{\"name\":\"one\",\"arguments\":{\"b\":1,\"a\":2}}}]")
        #expect(
            OpenAIStreamTests.run(object + OpenAIStreamTests.done).toolCalls == [
                ReplyToolCall(name: "one", arguments: "{\"a\":2,\"b\":1}")
            ])
        #expect(OpenAIStreamTests.run(Self.chunk(Self.call(0, "{}")) + OpenAIStreamTests.done).toolCalls.isEmpty)
    }

    @Test func `a call that the limit of tokens cut, or the end of the stream, is none`() {
        let half = Self.chunk(Self.call(0, id: "a", name: "one", "{\"rea"))
        let long = OpenAIStreamTests.run(half + Self.chunk("", finish: "length") + OpenAIStreamTests.done)
        #expect(long.toolCalls.isEmpty && long.finish == .length)
        let cut = OpenAIStreamTests.run(half)
        #expect(cut.toolCalls.isEmpty && cut.failure?.kind == .truncated)
    }

    @Test func `endless arguments and endless calls fail`() {
        let piece = Self.chunk(Self.call(0, id: "a", name: "one", String(repeating: "x", count: 10_000)))
        let long = OpenAIStreamTests.run(String(repeating: piece, count: 8) + OpenAIStreamTests.done)
        #expect(long.failure?.code == "tool_calls_too_long")
        let many = (0..<20).map { (number: Int) in
            Self.chunk(Self.call(number, id: "\(number)", name: "one", "{}"))
        }.joined()
        #expect(OpenAIStreamTests.run(many + OpenAIStreamTests.done).failure?.code == "tool_calls_too_long")
    }

    @Test func `DashScope's own calls come in pieces, or whole with each event`() {
        func event(_ calls: String, finish: String = "null") -> String {
            "data:{\"output\":{\"choices\":[{\"message\":{\"content\":\"\",\(calls)},\"finish_reason\":\"\(finish)\"}]}}\n\n"
        }
        let expected = [ReplyToolCall(name: "one", arguments: "{\"a\":{\"a\":1}}")]
        let pieces =
            event(Self.call(0, id: "c", name: "one", "")) + event(Self.call(0, id: "", name: "", "{\"a\":"))
            + event(Self.call(0, id: "", "{\"a\":1}}"), finish: "tool_calls")
        let whole =
            event(Self.call(0, id: "c", name: "one", "{\"a\":"))
            + event(Self.call(0, id: "c", name: "one", "{\"a\":{\"a\":1}"))
            + event(Self.call(0, id: "c", name: "one", "{\"a\":{\"a\":1}}"), finish: "tool_calls")
        #expect(DashScopeStreamTests.run(pieces).toolCalls == expected)
        #expect(DashScopeStreamTests.run(whole).toolCalls == expected)
    }

    @Test func `both dialects describe tools alike, and not at all where there are none`() {
        let described: JSONValue = [
            [
                "type": "function",
                "function": [
                    "name": "handoff_to_human", "description": "Asks a colleague to take over.",
                    "parameters": ["type": "object", "properties": ["reason": ["type": "string"]]],
                ],
            ]
        ]
        #expect(ChatCompletions(vendor: .other).body(of: Self.request)["tools"] == described)
        #expect(DashScopeGeneration().body(of: Self.request)["parameters"]?["tools"] == described)
        var plain = Self.request
        plain.tools = []
        #expect(ChatCompletions(vendor: .other).body(of: plain)["tools"] == nil)
        #expect(DashScopeGeneration().body(of: plain)["parameters"]?["tools"] == nil)
    }

    @Test(arguments: [
        "registry.ollama.ai/library/gemma:2b does not support tools", "tools param requires --jinja flag",
        "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set",
    ])
    func `knows refused tools by the error's words`(_ message: String) {
        for dialect in [ChatCompletions(vendor: .other), DashScopeGeneration()] as [any ModelDialect] {
            let error = ModelError(message: message)
            #expect(dialect.parameter(in: error, of: Self.request) == "tools")
            var plain = Self.request
            plain.tools = []
            #expect(dialect.parameter(in: error, of: plain) == nil)
            let without = dialect.without("tools")
            #expect(without?.body(of: Self.request).serialized().contains("handoff") == false)
            #expect(without?.without("tools") == nil)
        }
        let error = ModelError(message: "x", parameter: "tools[0].function.parameters")
        #expect(ChatCompletions(vendor: .openAI).parameter(in: error, of: Self.request) == "tools")
    }
}
