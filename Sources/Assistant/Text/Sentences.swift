/// Cuts text into sentences, in Chinese and English. Works on scalars: whole characters cost ten times as much, and no
/// mark that matters here is made of two.
enum Sentences {
    /// The sentences of `text`, each with its closing mark and without surrounding space; line ends separate as well.
    static func all(in text: String) -> [String] {
        var sentences: [String] = []
        let scalars = Array(text.unicodeScalars)
        var start = 0
        func close(at end: Int) {
            let sentence = trimmed(scalars[start..<end])
            if !sentence.isEmpty { sentences.append(sentence) }
            start = end
        }
        for index in scalars.indices {
            let next = index + 1 < scalars.count ? scalars[index + 1] : " "
            switch scalars[index] {
            case "\n", "\r":
                close(at: index)
            case "。", "！", "？", "；":
                if !isClosing(next), !isFullStop(next) { close(at: index + 1) }
            case ".", "!", "?":
                // `3.5`, `example.com` and `e.g.` go on; a sentence is followed by a space.
                if Characters.isSpace(next.value), !isAbbreviation(scalars[start...index]) { close(at: index + 1) }
            case let mark where isClosing(mark):
                if index > start, isFullStop(scalars[index - 1]) { close(at: index + 1) }
            default: break
            }
        }
        close(at: scalars.count)
        return sentences
    }

    private static func isClosing(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "”", "’", "」", "』", "）", ")", "\"": true
        default: false
        }
    }

    private static func isFullStop(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "。" || scalar == "！" || scalar == "？"
    }

    private static let abbreviations: Set<String> = ["e.g.", "i.e.", "vs.", "no.", "mr.", "mrs.", "ms.", "dr."]

    private static func isAbbreviation(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        let start = text.lastIndex { Characters.isSpace($0.value) || $0 == "(" }.map { $0 + 1 } ?? text.startIndex
        guard text.endIndex - start <= 4 else { return false }
        return abbreviations.contains(String(String.UnicodeScalarView(text[start...])).lowercased())
    }

    static func trimmed(_ text: String) -> String {
        trimmed(Array(text.unicodeScalars)[...])
    }

    static func trimmed(_ text: ArraySlice<Unicode.Scalar>) -> String {
        var text = text
        while let first = text.first, Characters.isSpace(first.value) { text.removeFirst() }
        while let last = text.last, Characters.isSpace(last.value) { text.removeLast() }
        return String(String.UnicodeScalarView(text))
    }
}
