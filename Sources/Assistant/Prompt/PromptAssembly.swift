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

/// Puts a prompt together within a model's context: system, conversation, sources and question.
///
/// The system message and the conversation come first and hold no time and no random value, so that providers can cache
/// them. Sources stand in the last message, beside the question that they belong to, between delimiters with a random part
/// that no article's author can guess.
public struct PromptAssembly: Sendable, Equatable {
    /// Tokens that the model reads and writes together, `AI_CONTEXT_TOKENS`.
    public var contextTokens: Int
    /// Real tokens per estimated one, when it is known from the provider's usage.
    public var calibration: Double

    /// Tokens that stay free, against the error of the estimate.
    static let reserve = 256
    /// Most of the budget that the sources may take.
    static let knowledgeShare = 0.3
    /// Most of what the sources leave that the question may take.
    static let questionShare = 0.6
    /// A context smaller than this holds no conversation; it is treated as this large and the provider's error tells.
    static let smallestBudget = 512

    public init(contextTokens: Int, calibration: Double = 1) {
        self.contextTokens = contextTokens
        self.calibration = calibration
    }

    /// - Parameter nonce: the random part of the delimiters, fresh for each reply.
    public func messages(for prompt: ReplyPrompt, nonce: String) -> [ModelMessage] {
        if prompt.task == .summary { return summaryMessages(for: prompt, nonce: nonce) }
        let system = ModelMessage(.system, prompt.system)
        var budget = Int(Double(contextTokens) / max(calibration, 0.1))
        budget -= prompt.maximumOutputTokens + Self.cost(system) + TokenEstimate.perRequest + Self.reserve
        budget = max(budget, Self.smallestBudget)

        let sources = Self.sources(prompt.passages, budget: Int(Double(budget) * Self.knowledgeShare), nonce: nonce)
        budget -= TokenEstimate.tokens(in: sources)
        let question = PromptText.shortened(
            PromptText.data(prompt.question, nonce: nonce), toTokens: Int(Double(budget) * Self.questionShare))
        let last = Self.last(sources: sources, question: question, prompt: prompt, nonce: nonce)
        budget -= TokenEstimate.tokens(in: last) - TokenEstimate.tokens(in: sources) + TokenEstimate.perMessage

        var history = Self.history(prompt.turns, budget: budget)
        // A customer's message that nobody answered belongs to the question, and some models insist on taking turns.
        var open = ""
        if history.last?.role == .user { open = history.removeLast().content + "\n\n" }
        return [system] + history + [ModelMessage(.user, open + last)]
    }

    private static func cost(_ message: ModelMessage) -> Int {
        TokenEstimate.tokens(in: message.content) + TokenEstimate.perMessage
    }

    /// The newest exchanges that fit, oldest first. An exchange is what the customer said and what came back: it stays whole
    /// or goes, so that the model never reads an answer without its question.
    private static func history(_ turns: [ReplyPrompt.Turn], budget: Int) -> [ModelMessage] {
        var exchanges: [[ModelMessage]] = []
        for turn in turns {
            guard let message = message(turn) else { continue }
            if message.role == .user, exchanges.last?.last?.role != .user { exchanges.append([]) }
            guard !exchanges.isEmpty else { continue }
            let place = exchanges.count - 1
            if let last = exchanges[place].last, last.role == message.role {
                exchanges[place][exchanges[place].count - 1].content += "\n\n" + message.content
            } else {
                exchanges[place].append(message)
            }
        }
        var kept: [[ModelMessage]] = []
        var left = budget
        for exchange in exchanges.reversed() {
            left -= exchange.reduce(0) { $0 + cost($1) }
            if left < 0 { break }
            kept.append(exchange)
        }
        return kept.reversed().flatMap { $0 }
    }

    private static func message(_ turn: ReplyPrompt.Turn) -> ModelMessage? {
        let text = PromptText.clean(turn.text)
        if text.isEmpty { return nil }
        switch turn.role {
        case .customer: return ModelMessage(.user, text.replacing(PromptText.humanAgentTag, with: ""))
        case .assistant: return ModelMessage(.assistant, text)
        case .humanAgent: return ModelMessage(.assistant, "\(PromptText.humanAgentTag) \(text)")
        }
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

    private static func last(sources: String, question: String, prompt: ReplyPrompt, nonce: String) -> String {
        let language =
            switch prompt.language {
            case .english: "English"
            case .chinese: "Chinese, in the script that the customer uses (简体中文 or 繁體中文)"
            }
        return """
            <sources id="\(nonce)">
            \(sources)
            </sources id="\(nonce)">

            <question id="\(nonce)">
            \(question)
            </question id="\(nonce)">

            Answer the question in \(language).
            """
    }
}
