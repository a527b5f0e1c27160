import Domain

/// A change of what a workspace decides of its assistant. `null` gives a setting its default again.
struct AssistantPolicyEdit: Decodable, Sendable {
    /// Names of providers in the order in which they are asked; null for the configured order.
    var providers: Patch<[String]>
    /// Tokens of a day in UTC; null for the installation's `AI_DAILY_TOKEN_BUDGET`.
    var dailyTokens: Patch<Int64>
    /// Money of a day in UTC, in millionths of `currency`; null for no limit.
    var dailyCostMicros: Patch<Int64>
    /// Tokens of one conversation in an hour; null for no limit.
    var hourlyConversationTokens: Patch<Int64>
    /// ISO 4217 code of the currency of prices, costs and budgets.
    var currency: Patch<String>
    /// Matters that are left to humans.
    var handoffTopics: Patch<[AssistantPolicy.Topic]>
    /// Words of a contact, any of which brings a human.
    var handoffPhrases: Patch<[String]>
    var onAnger: Patch<AssistantPolicy.Escalation>
    /// When the contact asks the same again or rejects answers.
    var onRepetition: Patch<AssistantPolicy.Escalation>
    /// Minutes after a human's last word after which the assistant answers again; null for never.
    var returnMinutes: Patch<Int64>
    /// Groups of words that mean the same.
    var synonyms: Patch<[[String]]>

    /// - Parameter edit: nil says which rules there are, and checks nothing.
    static func validate(_ edit: AssistantPolicyEdit?, _ check: inout Validation) {
        func name(_ field: String) -> String { "assistant.\(field)" }
        func number(_ value: Patch<Int64>?, _ field: String, _ range: ClosedRange<Int64>) {
            check.note(.number(minimum: range.lowerBound, maximum: range.upperBound), of: name(field))
            if let value = value?.applied(to: nil) { check.number(value, field: name(field), in: range) }
        }
        check.providers(edit?.providers.applied(to: nil), field: name("providers"))
        number(edit?.dailyTokens, "daily_tokens", AssistantPolicy.budgetTokens)
        number(edit?.dailyCostMicros, "daily_cost_micros", AssistantPolicy.budgetMicros)
        number(edit?.hourlyConversationTokens, "hourly_conversation_tokens", AssistantPolicy.budgetTokens)
        check.note(.text(scalars: 3...3), of: name("currency"))
        if let currency = edit?.currency.applied(to: nil), !isCurrency(currency) {
            check.reject(
                name("currency"), code: "invalid_currency", message: "must be an ISO 4217 code such as USD or CNY")
        }
        let topics = AssistantPolicy.Topic.allCases.count
        check.note(.items(maximum: topics), of: name("handoff_topics"))
        if let chosen = edit?.handoffTopics.applied(to: nil), chosen.count > topics {
            check.reject(name("handoff_topics"), code: "too_many", message: "must have at most \(topics) items")
        }
        check.texts(
            edit?.handoffPhrases.applied(to: nil), field: name("handoff_phrases"),
            maximum: AssistantPolicy.maximumPhrases, scalars: AssistantPolicy.phraseLength)
        number(edit?.returnMinutes, "return_minutes", AssistantPolicy.returnRange)
        validate(edit?.synonyms.applied(to: nil), name("synonyms"), &check)
    }

    private static func validate(_ synonyms: [[String]]?, _ field: String, _ check: inout Validation) {
        let (groups, size) = (AssistantPolicy.maximumSynonymGroups, AssistantPolicy.synonymGroupSize)
        check.note(.items(maximum: groups), of: field)
        check.note(.items(minimum: size.lowerBound, maximum: size.upperBound), of: "\(field)[]")
        guard let synonyms else { return }
        guard synonyms.count <= groups else {
            return check.reject(field, code: "too_many", message: "must have at most \(groups) items")
        }
        for (index, group) in synonyms.enumerated() {
            if !size.contains(group.count) {
                check.reject(
                    "\(field)[\(index)]", code: "out_of_range",
                    message: "must have from \(size.lowerBound) to \(size.upperBound) words")
            } else {
                for (place, word) in group.enumerated() {
                    check.text(word, field: "\(field)[\(index)][\(place)]", scalars: AssistantPolicy.synonymLength)
                }
            }
        }
    }

    private static func isCurrency(_ text: String) -> Bool {
        text.utf8.count == 3 && text.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    var patch: AssistantPolicyPatch {
        var patch = AssistantPolicyPatch()
        patch.providers = providers.change
        patch.dailyTokens = dailyTokens.change
        patch.dailyCostMicros = dailyCostMicros.change
        patch.hourlyConversationTokens = hourlyConversationTokens.change
        patch.currency = currency.change
        patch.handoffTopics = handoffTopics.change
        patch.handoffPhrases = handoffPhrases.change
        patch.onAnger = onAnger.change
        patch.onRepetition = onRepetition.change
        patch.returnMinutes = returnMinutes.change
        patch.synonyms = synonyms.change
        return patch
    }
}

extension Validation {
    /// An order of providers, by its form.
    mutating func providers(_ names: [String]?, field: String) {
        note(.items(minimum: 1, maximum: AssistantPolicy.maximumProviders), of: field)
        note(.distinct, of: field)
        guard let names else { return }
        if names.isEmpty {
            reject(field, code: "required", message: "must name a provider at least, or be null")
        } else if names.count > AssistantPolicy.maximumProviders {
            reject(field, code: "too_many", message: "must have at most \(AssistantPolicy.maximumProviders) items")
        } else {
            for (index, name) in names.enumerated() where names.prefix(index).contains(name) {
                reject("\(field)[\(index)]", code: "duplicate", message: "is named twice")
            }
        }
    }

    /// The same, by the providers that there are.
    mutating func known(_ names: [String]?, of providers: [String], field: String) {
        for (index, name) in (names ?? []).prefix(AssistantPolicy.maximumProviders).enumerated()
        where !providers.contains(name) {
            reject(
                "\(field)[\(index)]", code: "unknown_provider",
                message: "is not a provider of this installation, which has \(providers.joined(separator: ", "))")
        }
    }
}
