/// What a human who takes over from the assistant is told.
public struct Handoff: Sendable, Equatable {
    /// Why the assistant gave the conversation up. In the order in which the rules are asked.
    public enum Reason: String, Sendable, Codable, CaseIterable {
        /// The contact's words asked for a human.
        case requested
        /// The contact accepted the offer of a human.
        case consent
        /// What the conversation is about belongs to humans: see ``AssistantPolicy/handoffTopics``.
        case topic
        /// A provider refused to speak about it.
        case contentFilter = "content_filter"
        /// What the assistant may use is used up.
        case budget
        /// No reply could be made.
        case failure
        /// No reply came in time.
        case timeout
        /// The assistant did not know, twice in a row.
        case unanswered
        /// The contact asked the same again, or rejected the answers.
        case repeated
        /// The contact is angry.
        case anger
        /// The model asked for it.
        case model
        /// The reply said that a human takes over.
        case claimed
    }

    public enum Urgency: String, Sendable, Codable, CaseIterable {
        case normal, high, urgent
    }

    public var reason: Reason
    /// What it is about, such as `legal`; nil where nobody told.
    public var category: String?
    public var urgency: Urgency
    /// `en` or `zh`: the contact's.
    public var language: String
    /// What the conversation was about so far.
    public var summary: String
    /// What the assistant tried, one line each: answers given, articles cited, failures.
    public var tried: [String]

    public init(
        _ reason: Reason, category: String? = nil, urgency: Urgency = .normal, language: String, summary: String,
        tried: [String] = []
    ) {
        self.reason = reason
        self.category = category
        self.urgency = urgency
        self.language = language
        self.summary = summary
        self.tried = tried
    }
}
