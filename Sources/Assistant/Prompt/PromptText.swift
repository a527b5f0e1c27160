/// Text of others on its way into a prompt.
enum PromptText {
    /// Marks what a human colleague wrote.
    static let humanAgentTag = "[human agent]"

    /// Without what nobody sees: zero-width, bidirectional and control characters hide instructions from human readers.
    static func clean(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !Characters.isInvisible(scalar.value) { result.append(scalar) }
        return String(result)
    }

    /// Clean, on one line, for names and titles.
    static func line(_ text: String) -> String {
        Sentences.trimmed(clean(text).replacing("\n", with: " ").replacing("\"", with: "'"))
    }

    /// Clean, and unable to open or close the tags that hold it.
    static func data(_ text: String, nonce: String) -> String {
        var result = clean(text).replacing(nonce, with: "")
        for tag in ["sources", "source", "question", "conversation"] {
            result = result.replacing("<\(tag)", with: "‹\(tag)").replacing("</\(tag)", with: "‹/\(tag)")
        }
        return result
    }

    /// The beginning and the end of a text that is too long, with a mark between them.
    static func shortened(_ text: String, toTokens limit: Int) -> String {
        guard TokenEstimate.tokens(in: text) > limit else { return text }
        let scalars = Array(text.unicodeScalars)
        let kept = max(0, limit - TokenEstimate.tokens(in: omission))
        let head = prefix(scalars[...], tokens: Double(kept) * 2 / 3)
        let tail = prefix(scalars[head.count...].reversed()[...], tokens: Double(kept) / 3)
        return string(head) + omission + string(tail.reversed())
    }

    private static let omission = "\n[… shortened …]\n"

    private static func prefix(_ scalars: ArraySlice<Unicode.Scalar>, tokens: Double) -> [Unicode.Scalar] {
        var kept: [Unicode.Scalar] = []
        var used = 0.0
        for scalar in scalars {
            // The dearest character costs 1.2, so that cutting by single characters never exceeds the limit.
            used +=
                Characters.isSpacedLetter(scalar.value) && scalar.value < 0x80 ? 0.3 : scalar.value < 0x80 ? 0.5 : 1.2
            if used > tokens { break }
            kept.append(scalar)
        }
        return kept
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
