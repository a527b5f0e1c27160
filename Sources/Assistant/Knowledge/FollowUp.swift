/// Whether a question leans on the one before it.
enum FollowUp {
    /// Words that point back, in comparable form.
    private static let pointers: Set<String> = [
        "it", "its", "that", "this", "them", "they", "those", "these", "one", "ones",
    ]
    private static let chinesePointers = ["它", "这个", "那个", "这种", "那种", "这些", "那些", "上面", "刚才", "那么", "那"]
    private static let openers: Set<String> = ["and", "also", "then", "so"]
    /// Parts that carry meaning in a question too short to stand alone ("价格呢？", "on Windows?").
    private static let fewParts = 2

    static func isLikely(_ question: String, _ words: QuestionWords) -> Bool {
        if words.parts.count <= fewParts { return true }
        let text = ComparableText(question, limit: QuestionWords.readScalars)
        let runs = TextRuns.all(in: text.scalars)
        for (number, run) in runs.enumerated() {
            let word = String(String.UnicodeScalarView(text.scalars[run.range].compactMap(Unicode.Scalar.init)))
            if run.kind == .word {
                if pointers.contains(word) || (number == 0 && openers.contains(word)) { return true }
            } else if run.kind == .unspaced {
                if chinesePointers.contains(where: word.contains) { return true }
            }
        }
        return false
    }
}
