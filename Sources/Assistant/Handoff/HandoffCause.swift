public import Domain

/// Why a human takes over, as far as it is known before anything was made of it.
public struct HandoffCause: Sendable, Equatable {
    public var reason: Handoff.Reason
    /// What it is about, such as `legal`.
    public var category: String?
    public var urgency: Handoff.Urgency
    /// The model's own summary, if that is what asked for it.
    public var summary: String?

    public init(
        _ reason: Handoff.Reason, category: String? = nil, urgency: Handoff.Urgency = .normal, summary: String? = nil
    ) {
        self.reason = reason
        self.category = category
        self.urgency = urgency
        self.summary = summary
    }

    init(_ handoff: Handoff) {
        self.init(
            handoff.reason, category: handoff.category, urgency: handoff.urgency,
            summary: handoff.summary.isEmpty ? nil : handoff.summary)
    }
}
