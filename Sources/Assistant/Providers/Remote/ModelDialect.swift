import Domain

/// What is asked of a model, whatever the dialect.
struct ModelRequest: Sendable {
    var model: String
    var messages: [ModelMessage]
    var tools: [ReplyTool]
    var maximumOutputTokens: Int
    var temperature: Double
}

/// How one kind of endpoint is spoken to. What all kinds share (connections, clocks, repetition, the reading of lines) is
/// ``RemoteProvider``'s and ``ReplyStream``'s.
///
/// A value: what an endpoint is found not to take makes another dialect of it, see ``without(_:)``.
protocol ModelDialect: Sendable {
    /// Headers beside those of every request for a stream.
    var headers: [(name: String, value: String)] { get }

    func body(of request: ModelRequest) -> JSONValue

    /// What one event of the stream says, or the whole body of an answer that does not stream. Every field may be missing
    /// or of another type: that is as good as none.
    func frame(in value: JSONValue) -> StreamFrame

    /// The dialect to try after the endpoint refused `parameter`, or nil when that is none that was sent.
    func without(_ parameter: String) -> (any ModelDialect)?

    /// Names of parameters that are looked for in an error's words when it does not name one, the longer ones first.
    var parameters: [String] { get }

    /// Whether an endpoint may send the whole text so far with each event although pieces were asked for.
    var mayRepeatText: Bool { get }
}

extension ModelDialect {
    /// The parameter that an error is about.
    func parameter(in error: ModelError, of request: ModelRequest) -> String? {
        if let parameter = error.parameter, !parameter.isEmpty {
            // `tools[0].function.parameters` and `tool_choice` go together with the tools.
            return parameter.hasPrefix("tool") ? "tools" : parameter
        }
        let message = (error.message ?? "").lowercased()
        if let parameter = parameters.first(where: message.contains) { return parameter }
        return !request.tools.isEmpty && message.contains("tool") ? "tools" : nil
    }

    /// OpenAI's way to describe tools, which everybody took over.
    static func described(_ tools: [ReplyTool]) -> JSONValue {
        .array(
            tools.map {
                [
                    "type": "function",
                    "function": [
                        "name": .string($0.name), "description": .string($0.description), "parameters": $0.parameters,
                    ],
                ]
            })
    }

    static func described(_ messages: [ModelMessage]) -> JSONValue {
        .array(messages.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] })
    }
}

/// What one event of a stream says.
struct StreamFrame: Sendable, Equatable {
    var text: String?
    var hasReasoning = false
    var toolCalls: [ToolCallFragment] = []
    /// Why the model ended, in the endpoint's words; nil while it goes on.
    var finish: String?
    var usage: TokenUsage?

    /// The parts of a choice that the dialects share.
    mutating func read(choice: JSONValue?, content: JSONValue?) {
        text = content?["content"]?.stringValue ?? content?["refusal"]?.stringValue
        let thoughts = content?["reasoning_content"]?.stringValue ?? content?["reasoning"]?.stringValue
        hasReasoning = thoughts?.isEmpty == false
        toolCalls = ToolCallFragment.read(content?["tool_calls"])
        finish = Self.finish(choice?["finish_reason"])
    }

    /// DashScope says "null" until it ends.
    static func finish(_ value: JSONValue?) -> String? {
        value?.stringValue.flatMap { $0.isEmpty || $0 == "null" ? nil : $0 }
    }
}

extension TokenUsage {
    /// - Parameters:
    ///   - input: names under which the tokens of the prompt may stand.
    ///   - output: the same for the reply.
    /// - Returns: nil when the two are not there: DashScope's first event may have `{}`.
    init?(_ value: JSONValue?, input: String, output: String, inputDetails: String, outputDetails: String) {
        guard let input = Self.count(value?[input]), let output = Self.count(value?[output]) else { return nil }
        self.init(
            input: input, output: output, cachedInput: Self.count(value?[inputDetails]?["cached_tokens"]) ?? 0,
            reasoning: Self.count(value?[outputDetails]?["reasoning_tokens"]) ?? 0)
    }

    /// More than any model's context: a number beyond it is no count of tokens, and sums of such would overflow.
    private static let most: Int64 = 1_000_000_000

    private static func count(_ value: JSONValue?) -> Int? {
        guard let count = value?.intValue, (0...most).contains(count) else { return nil }
        return Int(count)
    }
}
