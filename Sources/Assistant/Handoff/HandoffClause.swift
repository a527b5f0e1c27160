/// One clause of a message, as the two phrase tables read it.
struct HandoffClause: Equatable {
    /// The Chinese of the clause without spaces. Words of other scripts are `·`, apart from those that mean a human
    /// (真人) and those that mean nothing here, which are left out.
    var chinese: [Character]
    /// The English words of the clause, without apostrophes. Chinese is `·`, apart from what means a human.
    var english: [String]

    /// Stands where something was that the table cannot read; nothing matches across it.
    static let foreign = "·"

    /// Clauses of a message that are read: a long text is no request, whatever its end says in passing.
    private static let mostClauses = 60
    private static let readScalars = 2000

    static func all(of message: String) -> [HandoffClause] {
        let text = ComparableText(message, limit: readScalars)
        var clauses: [[TextRuns.Run]] = []
        for run in TextRuns.all(in: text.scalars) {
            if run.startsClause || clauses.isEmpty { clauses.append([]) }
            clauses[clauses.count - 1].append(run)
        }
        return clauses.prefix(mostClauses).flatMap { runs in
            let words = runs.map { run in
                (text: string(text.scalars[run.range]), isChinese: run.kind == .unspaced)
            }
            // "but" starts a thought of its own.
            return words.split { $0.text == "but" }.map { HandoffClause(Array($0)) }
        }
    }

    private init(_ words: [(text: String, isChinese: Bool)]) {
        chinese = []
        english = []
        let hasChinese = words.contains(where: \.isChinese)
        for word in words {
            if word.isChinese {
                chinese += Array(word.text)
                english.append(Self.chineseHumans.contains(word.text) ? "human" : Self.foreign)
            } else {
                let plain = word.text.filter { $0 != "'" }
                english.append(plain)
                if Self.englishHumans.contains(plain) {
                    chinese += ["真", "人"]
                } else if !hasChinese || !Self.englishFillers.contains(plain) {
                    chinese.append(Character(Self.foreign))
                }
            }
        }
    }

    private static let chineseHumans = Set(ChineseHandoffPhrases.bare)
    private static let englishHumans: Set<String> = ["human", "agent", "operator", "representative"]
    private static let englishFillers = Set(EnglishHandoffPhrases.sets["filler"] ?? [])

    private static func string(_ scalars: ArraySlice<UInt32>) -> String {
        String(String.UnicodeScalarView(scalars.compactMap(Unicode.Scalar.init)))
    }
}

/// What a clause says about a human.
enum HandoffWish: Equatable {
    /// Nothing.
    case none
    case wanted
    /// Refused, or taken back.
    case refused
}
