/// Chat completions, by OpenAI and in DashScope's compatible mode.
struct OpenAIWire: Wire {
    let asked: Asked
    let said: Said
    let identity: Identity

    var headers: [(String, String)] {
        [
            ("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"),
            ("x-request-id", identity.requestId),
        ]
    }

    func opening() -> [UInt8] {
        chunk(
            asked.dialect == .openAI
                ? ["role": "assistant", "content": "", "refusal": nil] : ["content": "", "role": "assistant"])
    }

    func thought(_ text: String, number: Int) -> [UInt8] {
        chunk(["content": nil, "reasoning_content": .string(text)])
    }

    func piece(_ text: String, number: Int) -> [UInt8] {
        chunk(["content": .string(text)])
    }

    func toolCall(_ name: String, arguments: [String]) -> [[UInt8]] {
        let first: JSON = [
            "index": 0, "id": .string(callId), "type": "function",
            "function": ["name": .string(name), "arguments": ""],
        ]
        return [chunk(["content": nil, "tool_calls": [first]])]
            + arguments.map { chunk(["tool_calls": [["index": 0, "function": ["arguments": .string($0)]]]]) }
    }

    func ending(_ finish: String, hasUsage: Bool) -> [[UInt8]] {
        var events = [chunk(asked.dialect == .openAI ? [:] : ["content": ""], finish: finish)]
        if asked.wantsUsage, hasUsage { events.append(event(body(choices: [], usage: Self.tokens(said.usage)))) }
        events.append(Array("data: [DONE]\n\n".utf8))
        return events
    }

    func whole(_ finish: String, text: String?, tool: (name: String, arguments: String)?, hasUsage: Bool) -> JSON {
        var message: JSON = ["role": "assistant", "content": JSON(text), "refusal": nil]
        if let tool {
            let function: JSON = ["name": .string(tool.name), "arguments": .string(tool.arguments)]
            let call: JSON = ["id": .string(callId), "type": "function", "function": function]
            message = message.with([("tool_calls", [call])])
        }
        let choice: JSON = ["index": 0, "message": message, "logprobs": nil, "finish_reason": .string(finish)]
        let body: JSON = [
            "id": .string(identity.completionId), "object": "chat.completion", "created": .integer(identity.created),
            "model": .string(asked.model), "choices": [choice],
        ]
        let usage = hasUsage ? [("usage", Self.tokens(said.usage))] : []
        return body.with(usage + [("system_fingerprint", .null)])
    }

    func refusal(_ refusal: Refusal) -> JSON {
        let error = Self.error(refusal)
        return asked.dialect == .openAI ? error : error.with([("request_id", .string(identity.requestId))])
    }

    static func error(_ refusal: Refusal) -> JSON {
        [
            "error": [
                "message": .string(refusal.message), "type": .string(refusal.type), "param": nil,
                "code": JSON(refusal.code),
            ]
        ]
    }

    /// The id of the one call of a tool.
    private var callId: String { "call_" + identity.requestId.filter { $0 != "-" }.suffix(24) }

    private func chunk(_ delta: JSON, finish: String? = nil) -> [UInt8] {
        let choice: JSON = ["index": 0, "delta": delta, "logprobs": nil, "finish_reason": JSON(finish)]
        return event(body(choices: [choice], usage: .null))
    }

    /// With `include_usage` every chunk has the member, null but for the last one (OpenAI's reference, `stream_options`).
    private func body(choices: JSON, usage: JSON) -> JSON {
        let model = JSON.string(asked.model)
        let id = JSON.string(identity.completionId)
        switch asked.dialect {
        case .openAI:
            let body: JSON = [
                "id": id, "object": "chat.completion.chunk", "created": .integer(identity.created), "model": model,
                "service_tier": "default", "system_fingerprint": nil, "choices": choices,
            ]
            return asked.wantsUsage ? body.with([("usage", usage)]) : body
        case .compatible, .native:
            return [
                "choices": choices, "object": "chat.completion.chunk", "usage": usage,
                "created": .integer(identity.created), "system_fingerprint": nil, "model": model, "id": id,
            ]
        }
    }

    private func event(_ body: JSON) -> [UInt8] { Array("data: \(body.text)\n\n".utf8) }

    private static func tokens(_ usage: Usage) -> JSON {
        let tokens: JSON = [
            "prompt_tokens": .integer(usage.input), "completion_tokens": .integer(usage.output),
            "total_tokens": .integer(usage.input + usage.output),
        ]
        let cached = usage.cached.map { [("prompt_tokens_details", ["cached_tokens": .integer($0)] as JSON)] } ?? []
        let reasoning =
            usage.reasoning.map { [("completion_tokens_details", ["reasoning_tokens": .integer($0)] as JSON)] } ?? []
        return tokens.with(cached + reasoning)
    }
}
