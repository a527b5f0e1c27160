import Domain

/// OpenAI's chat completions, which DashScope's compatible mode, DeepSeek, Ollama, vLLM, llama.cpp and others speak too.
/// "Compatible" means something else at each: what an endpoint refuses is left out from then on.
struct ChatCompletions: ModelDialect {
    /// Newer OpenAI models only take the long name, others only the short one.
    private var usesCompletionTokens: Bool
    /// Reasoning models take no temperature.
    private var sendsTemperature = true
    private var sendsStreamOptions = true
    /// Local servers and small models take no tools.
    private var sendsTools = true

    init(vendor: ModelVendor) {
        usesCompletionTokens = vendor == .openAI
    }

    var headers: [(name: String, value: String)] { [] }
    var parameters: [String] { ["max_completion_tokens", "max_tokens", "stream_options", "temperature"] }
    var mayRepeatText: Bool { false }

    func body(of request: ModelRequest) -> JSONValue {
        var members: [String: JSONValue] = [
            "model": .string(request.model), "messages": Self.described(request.messages), "stream": true,
        ]
        if sendsStreamOptions { members["stream_options"] = ["include_usage": true] }
        if sendsTemperature { members["temperature"] = .double(request.temperature) }
        members[usesCompletionTokens ? "max_completion_tokens" : "max_tokens"] = .int(
            Int64(request.maximumOutputTokens))
        if sendsTools, !request.tools.isEmpty { members["tools"] = Self.described(request.tools) }
        return .object(members)
    }

    func frame(in value: JSONValue) -> StreamFrame {
        var frame = StreamFrame()
        // Only the first choice: more are never asked for. Usage comes with none.
        let choice = value["choices"]?[0]
        frame.read(
            choice: choice, content: choice?["delta"]?.objectValue == nil ? choice?["message"] : choice?["delta"])
        frame.usage = TokenUsage(
            value["usage"], input: "prompt_tokens", output: "completion_tokens",
            inputDetails: "prompt_tokens_details", outputDetails: "completion_tokens_details")
        return frame
    }

    func without(_ parameter: String) -> (any ModelDialect)? {
        var dialect = self
        switch parameter {
        case "temperature" where sendsTemperature: dialect.sendsTemperature = false
        case "max_tokens" where !usesCompletionTokens: dialect.usesCompletionTokens = true
        case "max_completion_tokens" where usesCompletionTokens: dialect.usesCompletionTokens = false
        case "stream_options" where sendsStreamOptions, "stream_options.include_usage" where sendsStreamOptions:
            dialect.sendsStreamOptions = false
        case "tools" where sendsTools: dialect.sendsTools = false
        default: return nil
        }
        return dialect
    }
}
