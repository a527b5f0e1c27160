/// The languages that the assistant itself speaks. A model behind it may speak more.
public enum Language: String, Sendable, Codable, CaseIterable {
    case english = "en"
    case chinese = "zh"

    /// The language of a BCP 47 tag: `zh`, `zh-CN`, `zh_Hant` are Chinese, everything else is English.
    public init(locale: String) {
        let primary = locale.lowercased().prefix { $0 != "-" && $0 != "_" }
        self = primary == "zh" || primary == "yue" || primary == "cmn" ? .chinese : .english
    }

    /// The language that `text` is written in, or nil when it does not show (`ok`-less text such as `123`, or another
    /// script).
    ///
    /// Chinese questions are full of English names ("Chat API 是什么？"), English ones hardly ever hold Chinese. So any
    /// Chinese decides, unless English grammar is there and English has more words than Chinese has characters.
    public static func detect(in text: String) -> Language? {
        let text = ComparableText(text, limit: scannedScalars)
        var han = 0
        var words = 0
        var functionWords = 0
        for run in TextRuns.all(in: text.scalars) {
            switch run.kind {
            case .number: break
            case .unspaced:
                han += text.scalars[run.range].count(where: Characters.isHan)
            case .word where text.scalars[run.range].allSatisfy(Characters.isASCIILetter):
                words += 1
                if EnglishWords.isFunctionWord(text.scalars[run.range]) { functionWords += 1 }
            case .word: break
            }
        }
        if han == 0 { return words == 0 ? nil : .english }
        return functionWords > 0 && words > han ? .english : .chinese
    }

    /// The language to answer `text` in.
    /// - Parameter locale: what to fall back on when the text does not tell: the session's language tag.
    public static func ofReply(to text: String, locale: String) -> Language {
        detect(in: text) ?? Language(locale: locale)
    }

    /// Scalars that the detection looks at. Nobody changes language after this many, and a pasted log must not cost.
    private static let scannedScalars = 2000
}
