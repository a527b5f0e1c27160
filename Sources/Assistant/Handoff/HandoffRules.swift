public import Domain

/// Whether a human takes over, decided before any model is asked: nobody who needs a human may be held up by a model's
/// mood.
///
/// Pure: the same question with the same history gives the same decision, so the tables beside the tests are the
/// review.
public enum HandoffRules {
    public enum Decision: Sendable, Equatable {
        case handOver(HandoffCause)
        /// The assistant answers, and offers a human with its answer.
        case offer(Handoff.Reason)
        case none
    }

    /// In the order of ``Handoff/Reason``: what the contact asks for, what it is about, how it is said.
    public static func decision(for question: ReplyQuestion) -> Decision {
        let text = question.text
        func cause(_ reason: Handoff.Reason, _ category: String? = nil) -> HandoffCause {
            HandoffCause(reason, category: category, urgency: urgency(of: text, because: reason))
        }
        if HandoffRequest.detect(in: text) { return .handOver(cause(.requested)) }
        if isConsent(question) { return .handOver(cause(.consent)) }
        if let topic = HandoffTopics.topic(of: text, among: question.policy.handoffTopics) {
            return .handOver(
                HandoffCause(.topic, category: topic.rawValue, urgency: HandoffTopics.urgency(of: topic)))
        }
        if PhraseText(text).contains(PhraseSet(question.policy.handoffPhrases)) {
            return .handOver(cause(.topic, "phrase"))
        }
        return sign(in: question, cause: { cause($0) })
    }

    /// Signs that the assistant is of no help: what follows from them is the workspace's decision.
    private static func sign(in question: ReplyQuestion, cause: (Handoff.Reason) -> HandoffCause) -> Decision {
        var signs: [(Handoff.Reason, AssistantPolicy.Escalation)] = []
        if question.policy.onRepetition != .ignore, Repetition.shows(in: question) {
            signs.append((.repeated, question.policy.onRepetition))
        }
        if question.policy.onAnger != .ignore, Anger.strength(of: question.text) >= Anger.threshold {
            signs.append((.anger, question.policy.onAnger))
        }
        if let sign = signs.first(where: { $0.1 == .handOver }) { return .handOver(cause(sign.0)) }
        guard let sign = signs.first, !HandoffRequest.isRefusal(question.text) else { return .none }
        return .offer(sign.0)
    }

    /// Whether the contact says yes to what the assistant offered last.
    private static func isConsent(_ question: ReplyQuestion) -> Bool {
        guard let offered = question.handoff.offeredSeq,
            question.history.last(where: { $0.sender.kind == .ai || $0.sender.kind == .agent })?.seq == offered,
            let answer = question.asked.last
        else {
            return false
        }
        return HandoffRequest.isConsent(answer.content) || HandoffRequest.isConsent(question.text)
    }

    /// How soon a human is needed, by what was said.
    static func urgency(of text: String, because reason: Handoff.Reason) -> Handoff.Urgency {
        if let topic = HandoffTopics.topic(of: text, among: AssistantPolicy.Topic.allCases) {
            return HandoffTopics.urgency(of: topic)
        }
        return reason == .anger || Anger.strength(of: text) >= Anger.threshold ? .high : .normal
    }

    /// Whether there is any reason to let a model ask for a human: it must not offer one to everybody who greets.
    static func mayModelAsk(_ question: ReplyQuestion) -> Bool {
        let state = question.handoff
        return state.unanswered > 0 || state.offeredSeq != nil || state.offering != nil
            || Anger.strength(of: question.text) > 0 || PhraseText(question.text).contains(HumanMatters.words)
    }
}
