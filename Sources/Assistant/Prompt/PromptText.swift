/// Text of others on its way into a prompt.
enum PromptText {
    /// Marks what a human colleague wrote.
    static let humanAgentTag = "[human agent]"

    /// Without what nobody sees: zero-width, bidirectional and control characters hide instructions from human readers.
    /// Ends of lines are line feeds, whichever way they were written.
    static func clean(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var afterReturn = false
        for scalar in text.unicodeScalars {
            let value = scalar.value
            if value == 0x0D || value == 0x85 || value == 0x2028 || value == 0x2029 {
                result.append("\n")
            } else if !Characters.isInvisible(value), !(afterReturn && value == 0x0A) {
                result.append(scalar)
            }
            afterReturn = value == 0x0D
        }
        return String(result)
    }

    /// Clean, on one line, for names and titles.
    static func line(_ text: String) -> String {
        Sentences.trimmed(clean(text).replacing("\n", with: " ").replacing("\"", with: "'"))
    }

    /// Clean, and unable to open or close the tags that hold it or to pass for a colleague.
    static func data(_ text: String) -> String { defanged(clean(text)) }

    /// The same for text between tags that carry a nonce.
    static func data(_ text: String, nonce: String) -> String {
        // Not by nothing: what is left around it could be the nonce again.
        nonce.isEmpty ? data(text) : data(text).replacing(nonce, with: "…")
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

    // MARK: Tags

    /// Tags of the prompts. `<sourcecode` is taken for one as well, which harms nobody.
    private static let tags = ["source", "question", "conversation", "summary", "interlude"].map { Array($0.utf8) }
    private static let human = Array("human".utf8)
    private static let agent = Array("agent".utf8)
    /// Space and slashes within a tag that are looked past.
    private static let longestGap = 8

    /// With the opening mark of everything that passes for a tag of ours replaced. Not removed, so that nothing new comes
    /// together around the gap.
    private static func defanged(_ text: String) -> String {
        // Most text holds none of these marks.
        guard
            text.unicodeScalars.contains(where: {
                Lookalikes.isOpeningAngle($0) || Lookalikes.isOpeningBracket($0)
            })
        else { return text }
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            if Lookalikes.isOpeningAngle(scalar), isTag(scalars, behind: index) {
                result.append("‹")
            } else if Lookalikes.isOpeningBracket(scalar), isHumanAgent(scalars, behind: index) {
                result.append("(")
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    private static func isTag(_ text: [Unicode.Scalar], behind mark: Int) -> Bool {
        let start = gapEnd(in: text, from: mark + 1)
        return tags.contains { word($0, in: text, from: start) != nil }
    }

    private static func isHumanAgent(_ text: [Unicode.Scalar], behind mark: Int) -> Bool {
        guard let end = word(human, in: text, from: gapEnd(in: text, from: mark + 1)) else { return false }
        return word(agent, in: text, from: gapEnd(in: text, from: end)) != nil
    }

    /// Whether `label`, what stands between brackets, passes for ``humanAgentTag``.
    static func isHumanAgentLabel(_ label: ArraySlice<Unicode.Scalar>) -> Bool {
        isHumanAgent(["["] + label, behind: 0)
    }

    private static func gapEnd(in text: [Unicode.Scalar], from start: Int) -> Int {
        var index = start
        while index < text.count, index - start < longestGap,
            Characters.isSpace(text[index].value) || text[index] == "-" || text[index] == "_"
                || Lookalikes.isCombining(text[index]) || Lookalikes.isSlash(text[index])
        {
            index += 1
        }
        return index
    }

    /// The place behind `word` when it stands at `start`, in whichever letters.
    private static func word(_ word: [UInt8], in text: [Unicode.Scalar], from start: Int) -> Int? {
        var index = start
        for letter in word {
            guard index < text.count, Lookalikes.letter(text[index]) == letter else { return nil }
            index += 1
            while index < text.count, Lookalikes.isCombining(text[index]) { index += 1 }
        }
        return index
    }
}
