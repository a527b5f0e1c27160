/// Facts that a summary must not lose: order numbers, amounts, telephone numbers, e-mail addresses.
///
/// A model is told to keep them. Whether it did can be seen without one: they are the words with digits or an `@` in them.
enum SummaryFacts {
    /// Facts that are put back, and characters of all of them. Beyond, somebody pastes logs.
    static let limit = 24
    static let longestLine = 600
    /// A single fact that is longer is a token or a hash.
    static let longest = 64

    /// Digits from which on a word is a fact. Fewer are counts and times of day.
    private static let digits = 4
    private static let digitsBesideLetters = 3

    /// What stands in `texts`, each once, in their order.
    static func all(in texts: [String]) -> [String] {
        var facts: [String] = []
        var known: Set<String> = []
        for text in texts {
            for word in words(of: text) where isFact(word) && known.insert(key(word)).inserted { facts.append(word) }
        }
        return facts
    }

    /// `summary`, with a line of what it has lost of `texts`.
    static func restored(_ summary: String, from texts: [String]) -> String {
        let kept = key(summary)
        var lost: [String] = []
        var length = 0
        for fact in all(in: texts) where lost.count < limit && !kept.contains(key(fact)) {
            length += fact.unicodeScalars.count + 2
            guard length <= longestLine else { break }
            lost.append(fact)
        }
        return lost.isEmpty ? summary : "\(summary)\nFacts: \(lost.joined(separator: ", "))"
    }

    private static func isFact(_ word: String) -> Bool {
        let scalars = word.unicodeScalars
        guard scalars.count <= longest else { return false }
        if let at = scalars.firstIndex(of: "@") {
            return at > scalars.startIndex && scalars[at...].contains(".")
        }
        let count = scalars.count { Characters.isDigit($0.value) }
        if scalars.contains(where: { Characters.isASCIILetter($0.value) }) { return count >= digitsBesideLetters }
        // 2026 alone is a year.
        if scalars.count == 4, word.hasPrefix("19") || word.hasPrefix("20") { return false }
        return count >= digits
    }

    /// The same however it is written: `138 0013-8000` and `13800138000`, `ab-12` and `AB12`.
    private static func key(_ text: String) -> String {
        var key = String.UnicodeScalarView()
        for value in ComparableText(text).scalars {
            guard !Characters.isSpace(value), value != 0x2D, let scalar = Unicode.Scalar(value) else { continue }
            key.append(scalar)
        }
        return String(key)
    }

    /// Runs of ASCII letters, digits and what joins them. A single space between digits joins as well.
    private static func words(of text: String) -> [String] {
        let scalars = Array(PromptText.clean(text).unicodeScalars)
        var words: [String] = []
        var word = String.UnicodeScalarView()
        func close() {
            let marks: Set<Unicode.Scalar> = [".", "-", "_", "+", "/", "#", "%", ":", ","]
            while let last = word.last, marks.contains(last) { word.removeLast() }
            while let first = word.first, marks.contains(first), first != "+" { word.removeFirst() }
            if !word.isEmpty { words.append(String(word)) }
            word = String.UnicodeScalarView()
        }
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : "\n"
            let isBetweenDigits = Characters.isDigit(word.last?.value ?? 0) && Characters.isDigit(next.value)
            if isPart(scalar) || (isBetweenDigits && (scalar == " " || scalar == ",")) {
                word.append(scalar)
            } else {
                close()
            }
        }
        close()
        return words
    }

    private static func isPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "0"..."9", "a"..."z", "A"..."Z", "@", ".", "-", "_", "+", "/", "#", "%": true
        default: false
        }
    }
}
