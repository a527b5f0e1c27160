/// Whether a customer explicitly asks for a human. Deterministic and before any model: nobody who asks for a human may
/// be held up by a model's mood.
///
/// The phrases, their negations and the questions that only look like requests are the tables ``ChineseHandoffPhrases``
/// and ``EnglishHandoffPhrases``.
public enum HandoffRequest {
    /// Whether `text` asks for a human. What is said last counts: "转人工……算了，不用了" does not.
    public static func detect(in text: String) -> Bool { wish(in: text) == .wanted }

    /// Whether `text` says that a human is not wanted.
    static func isRefusal(_ text: String) -> Bool { wish(in: text) == .refused || PhraseText(text).contains(refusals) }

    /// Without a verb that could be turned round.
    private static let refusals: PhraseSet = [
        "不要人工", "不要真人", "不用人工", "不用真人", "不需要人工", "不需要真人", "别转人工", "不转人工", "no human", "no humans", "no agent",
        "no agents",
    ]

    private static func wish(in text: String) -> HandoffWish {
        var last = HandoffWish.none
        for clause in HandoffClause.all(of: text) {
            let wishes = [ChineseHandoff.wish(of: clause.chinese), EnglishHandoff.wish(of: clause.english)]
            if wishes.contains(.wanted) {
                last = .wanted
            } else if wishes.contains(.refused) {
                last = .refused
            }
        }
        return last
    }

    /// Whether `text`, said right after the assistant offered a human, accepts the offer ("好的", "yes please").
    public static func isConsent(_ text: String) -> Bool {
        if detect(in: text) { return true }
        let comparable = ComparableText(text, limit: longestConsent).scalars
        let words = TextRuns.all(in: comparable).map { run in
            String(String.UnicodeScalarView(comparable[run.range].compactMap(Unicode.Scalar.init)))
        }
        let english = words.map { $0.filter { $0 != "'" } }
        return ChineseHandoffPhrases.consents.contains(words.joined())
            || EnglishHandoffPhrases.consents.contains(english.joined(separator: " "))
            || (EnglishHandoffPhrases.eagerConsents + ChineseHandoffPhrases.eagerConsents).contains { beginning in
                let count = beginning.split(separator: " ").count
                return english.count > count && english.prefix(count).joined(separator: " ") == beginning
            }
    }

    /// Scalars; longer than any row of the tables, so that a cut text never equals one.
    private static let longestConsent = 60
}
