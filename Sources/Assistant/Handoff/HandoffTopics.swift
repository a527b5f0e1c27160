import Domain

/// Matters that a workspace leaves to humans, found by words.
///
/// A row is there because some sentence needs it; what only looks like one is in the tests beside it ("legal size
/// paper", 删除购物车里的商品). First person or deed, never the bare noun.
enum HandoffTopics {
    /// The first of `topics` that `text` is about, the most pressing first.
    static func topic(of text: String, among topics: [AssistantPolicy.Topic]) -> AssistantPolicy.Topic? {
        guard !topics.isEmpty else { return nil }
        let said = PhraseText(Quotes.removed(from: text))
        let order: [AssistantPolicy.Topic] = [.safety, .legal, .paymentDispute, .dataDeletion]
        return order.first { topics.contains($0) && isAbout($0, said) }
    }

    static func urgency(of topic: AssistantPolicy.Topic) -> Handoff.Urgency {
        switch topic {
        case .safety: .urgent
        case .legal, .paymentDispute: .high
        case .dataDeletion: .normal
        }
    }

    private static func isAbout(_ topic: AssistantPolicy.Topic, _ text: PhraseText) -> Bool {
        let table = HandoffTopicPhrases.table(of: topic)
        let rest = text.without(table.harmless)
        return rest.contains(table.phrases, notAfter: table.negations, within: HandoffTopicPhrases.reach)
    }
}

/// What somebody quotes is not what somebody says.
enum Quotes {
    private static let marks: [(Character, Character)] = [("“", "”"), ("「", "」"), ("『", "』"), ("\"", "\"")]

    /// `text` without what stands in quotation marks, unless nothing else is said.
    static func removed(from text: String) -> String {
        var rest: [Character] = []
        var closing: Character?
        var held: [Character] = []
        for character in text {
            if let end = closing {
                held.append(character)
                if character == end {
                    closing = nil
                    held = []
                    rest.append(" ")
                }
            } else if let mark = marks.first(where: { $0.0 == character }) {
                closing = mark.1
                held = [character]
            } else {
                rest.append(character)
            }
        }
        // One that nobody closed is no quotation.
        rest += held
        let isAll = rest.allSatisfy { $0.isWhitespace || $0.isPunctuation }
        return isAll ? text : String(rest)
    }
}
