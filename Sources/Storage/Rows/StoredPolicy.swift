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

    /// What stands in the row after a change; what a newer build wrote is kept.
    static func applying(_ patch: AssistantPolicyPatch, to stored: JSONValue) -> JSONValue {
        let usual = AssistantPolicy()
        var members = stored.objectValue ?? [:]
        func set<Value>(_ key: String, _ change: Value??, _ json: (Value) -> JSONValue, unless usual: JSONValue = .null)
        {
            guard let change else { return }
            let value = change.map(json)
            members[key] = value == usual ? Optional<JSONValue>.none : value
        }
        set(Key.providers, patch.providers, Self.list)
        set(Key.dailyTokens, patch.dailyTokens, JSONValue.int)
        set(Key.dailyCostMicros, patch.dailyCostMicros, JSONValue.int)
        set(Key.hourlyConversationTokens, patch.hourlyConversationTokens, JSONValue.int)
        set(Key.currency, patch.currency, JSONValue.string, unless: .string(usual.currency))
        set(Key.handoffTopics, patch.handoffTopics, Self.topics, unless: topics(usual.handoffTopics))
        set(Key.handoffPhrases, patch.handoffPhrases, Self.list, unless: list(usual.handoffPhrases))
        set(Key.onAnger, patch.onAnger, { .string($0.rawValue) }, unless: .string(usual.onAnger.rawValue))
        set(
            Key.onRepetition, patch.onRepetition, { .string($0.rawValue) }, unless: .string(usual.onRepetition.rawValue)
        )
        set(Key.returnMinutes, patch.returnMinutes, JSONValue.int)
        set(Key.synonyms, patch.synonyms, Self.groups, unless: groups(usual.synonyms))
        return .object(members)
    }

    /// Every field, for the audit log.
    static func audited(_ policy: AssistantPolicy) -> [(String, JSONValue)] {
        [
            (Key.providers, policy.providers.map(list) ?? .null), (Key.dailyTokens, number(policy.dailyTokens)),
            (Key.dailyCostMicros, number(policy.dailyCostMicros)),
            (Key.hourlyConversationTokens, number(policy.hourlyConversationTokens)),
            (Key.currency, .string(policy.currency)), (Key.handoffTopics, topics(policy.handoffTopics)),
            (Key.handoffPhrases, list(policy.handoffPhrases)), (Key.onAnger, .string(policy.onAnger.rawValue)),
            (Key.onRepetition, .string(policy.onRepetition.rawValue)),
            (Key.returnMinutes, number(policy.returnMinutes)), (Key.synonyms, groups(policy.synonyms)),
        ]
    }

    private static func number(_ value: Int64?) -> JSONValue { value.map(JSONValue.int) ?? .null }
    private static func list(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
    private static func groups(_ groups: [[String]]) -> JSONValue { .array(groups.map(list)) }
    private static func topics(_ topics: [AssistantPolicy.Topic]) -> JSONValue { list(topics.map(\.rawValue)) }

    private static func texts(_ value: JSONValue?) -> [String]? {
        value?.arrayValue.map { $0.compactMap(\.stringValue) }
    }
}
