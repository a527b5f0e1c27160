/// Whether a question leans on the one before it.
enum FollowUp: Comparable {
    /// It stands by itself.
    case no
    /// It is too short to tell ("价格呢？", "on Windows?").
    case perhaps
    /// It says so: "it", "那个", "…呢？".
    case yes

    /// Words that point back, in comparable form.
    private static let pointers: Set<String> = [
        "it", "its", "that", "this", "them", "they", "those", "these", "one", "ones",
    ]
    private static let chinesePointers = ["它", "这个", "那个", "这种", "那种", "这些", "那些", "上面", "刚才", "那么", "那"]
    private static let openers: Set<String> = ["and", "also", "then", "so"]
    /// What a Chinese question ends in that only names what is different now ("新疆呢").
    private static let chineseEnding = "呢"
    /// Parts that carry meaning in a question too short to stand alone.
    private static let fewParts = 2

    init(_ question: String, _ words: QuestionWords) {
        let isShort = words.parts.count <= Self.fewParts
        let text = ComparableText(question, limit: QuestionWords.readScalars)
        let runs = TextRuns.all(in: text.scalars)
        self = isShort ? .perhaps : .no
        for (number, run) in runs.enumerated() {
            let word = String(String.UnicodeScalarView(text.scalars[run.range].compactMap(Unicode.Scalar.init)))
            let points =
                switch run.kind {
                case .word: Self.pointers.contains(word) || (number == 0 && Self.openers.contains(word))
                case .unspaced:
                    Self.chinesePointers.contains(where: word.contains)
                        || (isShort && number == runs.count - 1 && word.hasSuffix(Self.chineseEnding))
                case .number: false
                }
            if points { self = .yes }
        }
    }
}
