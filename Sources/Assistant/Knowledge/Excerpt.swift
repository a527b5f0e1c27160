/// The part of a text that is shown under an answer as its source.
enum Excerpt {
    /// Most characters of an excerpt: three lines in the widget.
    static let length = 200

    /// The sentence with most of `terms`, and as many after it as fit, on one line.
    static func of(_ markdown: String, for terms: Set<Term>) -> String {
        let sentences = Sentences.all(in: PlainText.of(markdown))
        guard !sentences.isEmpty else { return "" }
        let best = SentenceFit.best(of: sentences, for: terms) ?? 0
        var excerpt = ""
        for sentence in sentences[best...] {
            let spaced = excerpt.last?.isASCII ?? false
            if !excerpt.isEmpty, excerpt.count + sentence.count + 1 > length { break }
            excerpt += (spaced ? " " : "") + sentence
        }
        return excerpt.count > length ? excerpt.prefix(length - 1) + "…" : excerpt
    }
}

/// How well sentences fit a question.
enum SentenceFit {
    /// The number of the sentence that holds most of `terms`, the first of equals; nil when none holds any.
    static func best(of sentences: [String], for terms: Set<Term>) -> Int? {
        var best: (number: Int, count: Int)?
        for (number, sentence) in sentences.enumerated() {
            let count = count(of: terms, in: sentence)
            if count > best?.count ?? 0 { best = (number, count) }
        }
        return best?.number
    }

    static func count(of terms: Set<Term>, in sentence: String) -> Int {
        TextTerms.set(of: sentence).intersection(terms).count
    }
}
