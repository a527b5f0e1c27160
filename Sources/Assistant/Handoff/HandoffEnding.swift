import Domain

/// How a finished reply goes on: with the offer of a human behind it, with a handoff, or as it is.
struct HandoffEnding: Equatable {
    /// The reply's own text and what was added.
    var text: String
    /// What is shown behind the reply's own text; empty when nothing is.
    var addition = ""
    /// Whether the text asks for the contact's consent to a human.
    var offersHuman = false
    /// Why a human takes over with the reply's end; nil when the assistant goes on.
    var cause: HandoffCause?

    /// Answers of "I do not know" in a row after which a human takes over.
    static let unansweredBeforeHandoff = 2

    init(of reply: ComposedReply, to question: ReplyQuestion) {
        text = reply.text
        let offer = question.handoff.offering
        if let handoff = reply.handoff {
            cause = HandoffCause(handoff)
        } else if HandoffClaim.isMade(in: reply.text) {
            cause = HandoffCause(.claimed, urgency: HandoffRules.urgency(of: question.text, because: .claimed))
        } else if !reply.isAnswered, question.handoff.unanswered + 1 >= Self.unansweredBeforeHandoff {
            cause = HandoffCause(.unanswered, urgency: HandoffRules.urgency(of: question.text, because: .unanswered))
        } else {
            offersHuman = HandoffClaim.isOffer(reply.text)
            guard !offersHuman, offer != nil || !reply.isAnswered else { return }
            offersHuman = true
            addition = "\n\n" + Texts.offer(because: offer ?? .unanswered, in: question.language)
            text += addition
        }
    }
}
