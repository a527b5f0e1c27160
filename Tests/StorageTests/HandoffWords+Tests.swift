import Domain
import Storage

extension HandoffWords {
    /// What a test's assistant says at a handoff.
    static func of(_ reason: Handoff.Reason, urgency: Handoff.Urgency = .normal) -> HandoffWords {
        HandoffWords(
            announcement: "A colleague comes.", note: "The package.",
            handoff: Handoff(
                reason, category: nil, urgency: urgency, language: "en", summary: "What was said.",
                tried: ["Answered: nothing"]))
    }

    static let said: HandoffWording = { _, _, _, reason in .of(reason) }
}
