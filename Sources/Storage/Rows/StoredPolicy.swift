import Domain

/// The assistant's policy as it stands in a workspace's settings: an object of what differs from the defaults.
enum StoredPolicy {
    enum Key {
        static let providers = "providers"
        static let dailyTokens = "daily_tokens"
        static let dailyCostMicros = "daily_cost_micros"
        static let hourlyConversationTokens = "hourly_conversation_tokens"
        static let currency = "currency"
        static let handoffTopics = "handoff_topics"
        static let handoffPhrases = "handoff_phrases"
        static let onAnger = "on_anger"
        static let onRepetition = "on_repetition"
        static let returnMinutes = "return_minutes"
        static let synonyms = "synonyms"
    }

    /// What a newer build wrote and this one does not know is as if it were not there.
    static func policy(_ stored: JSONValue) -> AssistantPolicy {
        var policy = AssistantPolicy()
        if let providers = texts(stored[Key.providers]) { policy.providers = providers }
        if let tokens = stored[Key.dailyTokens]?.intValue { policy.dailyTokens = tokens }
        if let micros = stored[Key.dailyCostMicros]?.intValue { policy.dailyCostMicros = micros }
        if let tokens = stored[Key.hourlyConversationTokens]?.intValue { policy.hourlyConversationTokens = tokens }
        if let currency = stored[Key.currency]?.stringValue { policy.currency = currency }
        if let topics = texts(stored[Key.handoffTopics]) {
            policy.handoffTopics = topics.compactMap(AssistantPolicy.Topic.init)
        }
        if let phrases = texts(stored[Key.handoffPhrases]) { policy.handoffPhrases = phrases }
        if let anger = stored[Key.onAnger]?.stringValue.flatMap(AssistantPolicy.Escalation.init) {
            policy.onAnger = anger
        }
        if let repetition = stored[Key.onRepetition]?.stringValue.flatMap(AssistantPolicy.Escalation.init) {
            policy.onRepetition = repetition
        }
        if let minutes = stored[Key.returnMinutes]?.intValue { policy.returnMinutes = minutes }
        if let groups = stored[Key.synonyms]?.arrayValue { policy.synonyms = groups.compactMap { texts($0) } }
        return policy
    }

    private static func texts(_ value: JSONValue?) -> [String]? {
        value?.arrayValue.map { $0.compactMap(\.stringValue) }
    }
}
