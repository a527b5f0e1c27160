/// The part of a conversation that a prompt has room for, in whole exchanges.
///
/// An exchange is what the customer said and what came back: it stays whole or goes, so that a model never reads an answer
/// without its question. What no longer fits goes half a window at a time: a window that slid with every message would
/// change the beginning of every prompt, and no provider could use what it has cached.
struct PromptWindow {
    /// Of the exchanges that were given, the first that is kept.
    private(set) var start: Int
    private(set) var exchanges: [[ModelMessage]]
    private var costs: [Int]

    /// - Parameters:
    ///   - limit: tokens of the window. Depends on nothing that changes from one reply to the next.
    init(_ turns: [ReplyPrompt.Turn], limit: Int) {
        exchanges = Self.exchanges(turns)
        costs = exchanges.map { exchange in exchange.reduce(0) { $0 + PromptAssembly.cost($1) } }
        start = 0
        var sum = 0
        for index in exchanges.indices {
            sum += costs[index]
            guard sum > limit else { continue }
            while sum > limit / 2, start < index {
                sum -= costs[start]
                start += 1
            }
        }
        drop(start)
    }

    /// Lets go of the oldest exchanges until the rest fits into what is really left.
    mutating func fit(into room: Int) {
        var sum = costs.reduce(0, +)
        var count = 0
        while sum > room, count < costs.count {
            sum -= costs[count]
            count += 1
        }
        drop(count)
        start += count
    }

    private mutating func drop(_ count: Int) {
        exchanges.removeFirst(count)
        costs.removeFirst(count)
    }

    var messages: [ModelMessage] { exchanges.flatMap { $0 } }

    /// The conversation in exchanges, messages in a row from one side as one. What comes before the first word of the customer
    /// is left out: models insist on a user who begins.
    private static func exchanges(_ turns: [ReplyPrompt.Turn]) -> [[ModelMessage]] {
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
        return exchanges
    }

    private static func message(_ turn: ReplyPrompt.Turn) -> ModelMessage? {
        let text = PromptText.data(turn.text)
        if text.isEmpty { return nil }
        switch turn.role {
        case .customer: return ModelMessage(.user, text)
        case .assistant: return ModelMessage(.assistant, text)
        case .humanAgent: return ModelMessage(.assistant, "\(PromptText.humanAgentTag) \(text)")
        }
    }
}
