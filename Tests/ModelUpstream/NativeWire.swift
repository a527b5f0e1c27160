/// DashScope's own text generation.
///
/// Events are numbered, `data:` has no space behind it, the status is in a comment, every event has the usage so far, and a
/// finish reason that is not there yet is the string "null". The stream just ends: nothing marks it.
struct NativeWire: Wire {
    let asked: Asked
    let said: Said
    let identity: Identity
    /// Each event carries the whole text so far.
    let isCumulative: Bool
    /// No event tells its usage.
    let hasUsage: Bool
    /// Events of thoughts before the text.
    let thoughts: Int

    var headers: [(String, String)] {
        [
            ("content-type", "text/event-stream;charset=UTF-8"), ("x-dashscope-call-gateway", "true"),
            ("x-request-id", identity.requestId),
        ]
    }

    func opening() -> [UInt8] {
        event(1, message(text: ""), usage: [:])
    }

    func thought(_ text: String, number: Int) -> [UInt8] {
        let message: JSON = ["role": "assistant", "content": "", "reasoning_content": .string(text)]
        return event(2 + number, message, usage: Self.tokens(said.usage.after(pieces: 1)))
    }

    func piece(_ text: String, number: Int) -> [UInt8] {
        let text = isCumulative ? said.pieces.prefix(number + 1).joined() : text
        let usage = Self.tokens(said.usage.after(pieces: number + 1))
        return event(2 + thoughts + number, message(text: text), usage: usage)
    }

    func toolCall(_ name: String, arguments: [String]) -> [[UInt8]] {
        let pieces = [""] + arguments
        return pieces.indices.map { index in
            let arguments = isCumulative ? pieces[...index].joined() : pieces[index]
            let isFirst = index == 0 || isCumulative
            let function: JSON =
                isFirst
                ? ["name": .string(name), "arguments": .string(arguments)] : ["arguments": .string(arguments)]
            let call: JSON = [
                "index": 0, "id": isFirst ? .string(callId) : "", "type": "function", "function": function,
            ]
            return event(
                2 + index, message(text: "").with([("tool_calls", [call])]),
                usage: Self.tokens(said.usage.after(pieces: index)))
        }
    }

    func ending(_ finish: String, hasUsage: Bool) -> [[UInt8]] {
        let text = isCumulative && finish != "tool_calls" ? said.text : ""
        return [
            event(2 + thoughts + said.pieces.count, message(text: text), finish: finish, usage: Self.tokens(said.usage))
        ]
    }

    func whole(_ finish: String, text: String?, tool: (name: String, arguments: String)?, hasUsage: Bool) -> JSON {
        var message = message(text: text ?? "")
        if let tool {
            let function: JSON = ["name": .string(tool.name), "arguments": .string(tool.arguments)]
            let call: JSON = ["index": 0, "id": .string(callId), "type": "function", "function": function]
            message = message.with([("tool_calls", [call])])
        }
        return body(message, finish: finish, usage: Self.tokens(said.usage))
    }

    func refusal(_ refusal: Refusal) -> JSON {
        Self.error(refusal, requestId: identity.requestId)
    }

    static func error(_ refusal: Refusal, requestId: String) -> JSON {
        [
            "code": .string(refusal.nativeCode), "message": .string(refusal.message),
            "request_id": .string(requestId),
        ]
    }

    private var callId: String { "call_" + identity.requestId.filter { $0 != "-" }.suffix(24) }

    private func message(text: String) -> JSON { ["role": "assistant", "content": .string(text)] }

    private func event(_ id: Int, _ message: JSON, finish: String = "null", usage: JSON) -> [UInt8] {
        let body = body(message, finish: finish, usage: usage)
        return Array("id:\(id)\nevent:result\n:HTTP_STATUS/200\ndata:\(body.text)\n\n".utf8)
    }

    private func body(_ message: JSON, finish: String, usage: JSON) -> JSON {
        let output: JSON
        if asked.hasChoices {
            output = ["choices": [["message": message, "finish_reason": .string(finish)]]]
        } else {
            guard case .object(let members) = message else { return nil }
            let text = members.first { $0.0 == "content" }?.1 ?? ""
            output = ["finish_reason": .string(finish), "text": text]
        }
        let head: JSON = ["output": output]
        return head.with((hasUsage ? [("usage", usage)] : []) + [("request_id", .string(identity.requestId))])
    }

    private static func tokens(_ usage: Usage) -> JSON {
        let tokens: JSON = [
            "total_tokens": .integer(usage.input + usage.output), "input_tokens": .integer(usage.input),
            "output_tokens": .integer(usage.output),
        ]
        let cached = usage.cached.map { [("prompt_tokens_details", ["cached_tokens": .integer($0)] as JSON)] } ?? []
        let reasoning =
            usage.reasoning.map { [("output_tokens_details", ["reasoning_tokens": .integer($0)] as JSON)] } ?? []
        return tokens.with(cached + reasoning)
    }
}
