/// A summary without a model: what was asked first and last, and who answered, in their own words.
enum ExtractiveSummary {
    /// Characters that are quoted of one message.
    static let quoteLength = 160

    static func text(of turns: [ReplyPrompt.Turn], in language: Language) -> String {
        let asked = turns.filter { $0.role == .customer }
        var lines: [String] = []
        if let first = asked.first {
            lines.append(label("客户最初的问题", "The customer first asked", language) + quote(first))
        }
        if asked.count > 1, let last = asked.last {
            lines.append(label("客户最近的消息", "The customer last wrote", language) + quote(last))
        }
        if let reply = turns.last(where: { $0.role == .assistant }) {
            lines.append(label("智能助手最近的回答", "The assistant last answered", language) + quote(reply))
        }
        if let reply = turns.last(where: { $0.role == .humanAgent }) {
            lines.append(label("客服最近的回复", "A colleague last wrote", language) + quote(reply))
        }
        let isOpen = turns.last?.role == .customer
        lines.append(
            language == .chinese
                ? "共 \(turns.count) 条消息，\(isOpen ? "客户正在等待回复。" : "最后一条消息已有回复。")"
                : "\(turns.count) messages; \(isOpen ? "the customer waits for an answer." : "the last message was answered.")"
        )
        return lines.joined(separator: "\n")
    }

    private static func label(_ chinese: String, _ english: String, _ language: Language) -> String {
        language == .chinese ? "\(chinese)：" : "\(english): "
    }

    private static func quote(_ turn: ReplyPrompt.Turn) -> String {
        let text = PromptText.line(turn.text)
        return text.count <= quoteLength ? text : text.prefix(quoteLength) + "…"
    }
}
