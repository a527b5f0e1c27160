import Domain

/// Which messages of a conversation are to be summed up, if any.
///
/// Whole exchanges, the oldest ones, and so many at a time that the beginning of prompts changes seldom. The newest exchange
/// always stays: what is to be answered next stands in it.
struct SummaryPlan: Equatable {
    /// Exchanges from which on a conversation is summed up.
    static let exchanges = 20
    /// Share of the room for history from which on it is, however few exchanges it has. The window is trimmed at the whole of
    /// it, so the summary comes first, also where a model counts half as many tokens again as we estimate.
    static let share = 0.6
    /// What stays as it was said: so many exchanges, and such a share of the room at most.
    static let keptExchanges = 6
    static let keptShare = 0.25

    /// What is covered, oldest first.
    var covered: [Message]
    /// `seq` of the last one.
    var upToSeq: Int64

    /// - Parameters:
    ///   - messages: what was said since the last summary, oldest first.
    ///   - history: tokens that a prompt has for history.
    ///   - longest: tokens of messages that can be summed up at once.
    /// - Returns: nil when there is nothing to do yet.
    init?(_ messages: [Message], history: Int, longest: Int) {
        var exchanges: [(messages: [Message], tokens: Int)] = []
        var wasContact = false
        for message in messages {
            let isContact = message.sender.kind == .contact
            if exchanges.isEmpty || (isContact && !wasContact) { exchanges.append(([], 0)) }
            wasContact = isContact
            exchanges[exchanges.count - 1].messages.append(message)
            exchanges[exchanges.count - 1].tokens += Self.tokens(of: message)
        }
        let whole = exchanges.reduce(0) { $0 + $1.tokens }
        guard exchanges.count >= Self.exchanges || Double(whole) > Double(history) * Self.share else { return nil }
        var kept = 0
        var left = Int(Double(history) * Self.keptShare)
        for exchange in exchanges.reversed() {
            left -= exchange.tokens
            guard kept == 0 || (kept < Self.keptExchanges && left >= 0) else { break }
            kept += 1
        }
        exchanges.removeLast(kept)
        var covered: [Message] = []
        var room = longest
        for exchange in exchanges {
            room -= exchange.tokens
            // One that is too long by itself is shortened in the prompt.
            guard covered.isEmpty || room >= 0 else { break }
            covered += exchange.messages
        }
        guard let last = covered.last else { return nil }
        self.covered = covered
        upToSeq = last.seq
    }

    private static func tokens(of message: Message) -> Int {
        TokenEstimate.tokens(in: message.told) + TokenEstimate.perMessage
    }

    /// Whether looking at the messages themselves can be worth it.
    static func mayBeDue(messages: Int, characters: Int, history: Int) -> Bool {
        messages >= exchanges
            || Double(characters) * TokenEstimate.otherScript + Double(messages * TokenEstimate.perMessage)
                > Double(history) * share
    }
}
