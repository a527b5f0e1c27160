import Domain

/// One message as chat models take it.
public struct ModelMessage: Sendable, Equatable {
    public enum Role: String, Sendable, Equatable {
        case system, user, assistant
    }

    public var role: Role
    public var content: String

    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

/// Puts a prompt together within a model's context: rules, summary, conversation, sources and question.
///
/// The rules, the summary and the conversation come first and hold no time and no random value: from one reply to the next
/// they only grow, so that providers can cache them. What belongs to this reply alone stands in the last message, between
/// delimiters with a random part that no article's author can guess. Everything that customers and articles say is data.
public struct PromptAssembly: Sendable, Equatable {
    /// Tokens that the model reads and writes together, `AI_CONTEXT_TOKENS`.
    public var contextTokens: Int
    /// Real tokens per estimated one, when it is known from the provider's usage.
    public var calibration: Double

    public init(contextTokens: Int, calibration: Double = 1) {
        self.contextTokens = contextTokens
        self.calibration = calibration
    }

    /// - Parameter nonce: the random part of the delimiters, fresh for each reply.
    public func messages(for prompt: ReplyPrompt, nonce: String) -> [ModelMessage] {
        if prompt.task == .summary { return summaryMessages(for: prompt, nonce: nonce) }
        let system = ModelMessage(.system, prompt.system)
        let budget = budget(for: prompt)
        let sources = Self.sources(prompt.passages, budget: budget.knowledge, nonce: nonce)
        let interlude = Self.interlude(prompt.interlude, budget: budget.interlude, nonce: nonce)
        var left = budget.room - TokenEstimate.tokens(in: sources) - TokenEstimate.tokens(in: interlude)
        let question = PromptText.shortened(
            PromptText.data(prompt.question, nonce: nonce),
            toTokens: Int(Double(left) * PromptBudget.questionShare))
        let last = Self.last(sources: sources, interlude: interlude, question: question, prompt: prompt, nonce: nonce)
        left = budget.room - TokenEstimate.tokens(in: last) - TokenEstimate.perMessage

        var beginning = Self.summary(prompt.summary, budget: min(budget.summary, left))
        let summaryCost = TokenEstimate.tokens(in: beginning)
        var window = PromptWindow(prompt.turns, limit: budget.history - summaryCost)
        window.fit(into: left - summaryCost)
        var history = window.messages
        // A customer's message that nobody answered belongs to the question, and some models insist on taking turns.
        var open = ""
        if history.last?.role == .user { open = history.removeLast().content + "\n\n" }
        if !history.isEmpty {
            history[0].content = beginning + history[0].content
            beginning = ""
        }
        return [system] + history + [ModelMessage(.user, beginning + open + last)]
    }

    func budget(for prompt: ReplyPrompt) -> PromptBudget {
        PromptBudget(
            contextTokens: contextTokens, calibration: calibration, output: prompt.maximumOutputTokens,
            fixed: Self.cost(ModelMessage(.system, prompt.system)) + Self.cost(of: prompt.tools))
    }

    /// Tokens that the descriptions of tools take beside the messages.
    static func cost(of tools: [ReplyTool]) -> Int {
        let bytes = tools.reduce(0) {
            $0 + $1.name.utf8.count + $1.description.utf8.count + $1.parameters.serializedBytes().count + frameOfTool
        }
        return TokenEstimate.tokens(ofSchema: bytes)
    }

    /// Bytes around a tool's name, description and parameters: `{"type":"function","function":{…}}`.
    private static let frameOfTool = 90

    static func cost(_ message: ModelMessage) -> Int {
        TokenEstimate.tokens(in: message.content) + TokenEstimate.perMessage
    }

    /// What was said before the history, ahead of its first message. Its delimiters must be the same in every prompt, so their
    /// random part comes from the text itself: nobody can write a text that holds its own hash.
    private static func summary(_ text: String?, budget: Int) -> String {
        guard let text else { return "" }
        let plain = PromptText.data(text)
        guard !Sentences.trimmed(plain).isEmpty else { return "" }
        let nonce = TextDigest.hex(of: plain)
        let overhead = TokenEstimate.tokens(in: summaryBlock("", nonce: nonce)) + 1
        guard budget > overhead else { return "" }
        return summaryBlock(PromptText.shortened(plain, toTokens: budget - overhead), nonce: nonce)
    }

    static func summaryBlock(_ text: String, nonce: String) -> String {
        "<summary id=\"\(nonce)\">\n\(text)\n</summary id=\"\(nonce)\">\n\n"
    }

    private static func sources(_ passages: [Passage], budget: Int, nonce: String) -> String {
        var blocks: [String] = []
        var left = budget
        for (number, passage) in passages.enumerated() {
            let title = PromptText.line(PromptText.data(passage.path, nonce: nonce))
            let open = "<source number=\"\(number + 1)\" title=\"\(title)\">\n"
            let overhead = TokenEstimate.tokens(in: open) + 8
            // The first source is worth having in part; the others come whole or not at all.
            let text = PromptText.data(passage.text, nonce: nonce)
            let fitting = number == 0 ? PromptText.shortened(text, toTokens: max(left - overhead, 64)) : text
            let cost = overhead + TokenEstimate.tokens(in: fitting)
            if number > 0, cost > left { break }
            left -= cost
            blocks.append("\(open)\(fitting)\n</source>")
        }
        return blocks.isEmpty ? "(no sources)" : blocks.joined(separator: "\n")
    }

    /// The newest of what was said while a colleague answered, a line each.
    private static func interlude(_ turns: [ReplyPrompt.Turn], budget: Int, nonce: String) -> String {
        let begin = """
            While a human colleague answered, this was said:
            <interlude id="\(nonce)">

            """
        let end = "\n</interlude id=\"\(nonce)\">\n\n"
        var left = budget - TokenEstimate.tokens(in: begin) - TokenEstimate.tokens(in: end)
        var lines: [String] = []
        for turn in turns.reversed() {
            let text = PromptText.data(SummaryPrompt.line(turn), nonce: nonce)
            let line = PromptText.shortened(text, toTokens: budget / 3)
            left -= TokenEstimate.tokens(in: line) + 1
            guard left >= 0 else { break }
            lines.append(line)
        }
        return lines.isEmpty ? "" : begin + lines.reversed().joined(separator: "\n") + end
    }

    private static func last(
        sources: String, interlude: String, question: String, prompt: ReplyPrompt, nonce: String
    ) -> String {
        let language =
            switch prompt.language {
            case .english: "English"
            case .chinese: "Chinese, in the script that the customer uses (简体中文 or 繁體中文)"
            }
        return """
            \(interlude)<sources id="\(nonce)">
            \(sources)
            </sources id="\(nonce)">

            <question id="\(nonce)">
            \(question)
            </question id="\(nonce)">

            Answer the question in \(language).
            """
    }
}
