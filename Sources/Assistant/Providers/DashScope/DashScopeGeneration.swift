import Domain

/// DashScope's own text generation: what its compatible mode has not is a usage with every event, so that a stream that is
/// cut off is still accounted for, and its own codes for every error.
///
/// `POST {root}/api/v1/services/aigc/text-generation/generation`. A header asks for the stream; the body has no field for
/// it. Each event is `id:`, `event:result`, the comment `:HTTP_STATUS/200` and `data:` without a space:
/// `{"output":{"choices":[{"message":{"content":"…"},"finish_reason":"null"}]},"usage":{…},"request_id":"…"}`. The stream
/// ends after a `finish_reason` other than the text `"null"`, by being closed. Errors are flat, and come as events as well.
struct DashScopeGeneration: ModelDialect {
    private var leftOut: Set<String> = []

    /// Thoughts are not shown, and a customer waits for the first word. Models that only think refuse the parameter.
    private static let thinking = "enable_thinking"

    var headers: [(name: String, value: String)] { [("x-dashscope-sse", "enable")] }

    var parameters: [String] { ["max_tokens", "temperature", Self.thinking, "incremental_output"] }

    /// Some models send the whole text so far with each event though pieces are asked for.
    var mayRepeatText: Bool { true }

    func body(of request: ModelRequest) -> JSONValue {
        var parameters: [String: JSONValue] = [
            "result_format": "message", "incremental_output": true,
            "max_tokens": .int(Int64(request.maximumOutputTokens)),
            "temperature": .double(request.temperature), Self.thinking: false,
        ]
        if !request.tools.isEmpty { parameters["tools"] = Self.described(request.tools) }
        return [
            "model": .string(request.model), "input": ["messages": Self.described(request.messages)],
            "parameters": .object(parameters.filter { !leftOut.contains($0.key) }),
        ]
    }

    func frame(in value: JSONValue) -> StreamFrame {
        var frame = StreamFrame()
        let output = value["output"]
        let choice = output?["choices"]?[0]
        frame.read(choice: choice, content: choice?["message"])
        // `result_format` of old models.
        frame.text = frame.text ?? output?["text"]?.stringValue
        frame.finish = frame.finish ?? StreamFrame.finish(output?["finish_reason"])
        frame.usage = TokenUsage(
            value["usage"], input: "input_tokens", output: "output_tokens", inputDetails: "prompt_tokens_details",
            outputDetails: "output_tokens_details")
        return frame
    }

    func without(_ parameter: String) -> (any ModelDialect)? {
        let name = parameter.hasPrefix("parameters.") ? String(parameter.dropFirst("parameters.".count)) : parameter
        guard parameters.contains(name) || name == "tools", !leftOut.contains(name) else { return nil }
        var dialect = self
        dialect.leftOut.insert(name)
        return dialect
    }
}
