/// The part of the articles that answers a question, quoted with its numbers.
enum Quotation {
    /// Characters up to which a piece is quoted whole, and of a longer one what is quoted of it.
    static let wholeLength = 600
    static let partLength = 400

    /// - Returns: nil when there is nothing to quote.
    static func answer(to question: String, from passages: [Passage]) -> String? {
        let words = QuestionWords(question)
        guard let first = passages.first, let quoted = quote(first, for: words.terms) else { return nil }
        var answer = quoted + mark(1, after: quoted)
        // A question about two things may need two articles.
        let missing = words.meanings.filter { !covers(first, $0) }
        let language = Language(locale: first.locale)
        for (number, passage) in passages.enumerated().dropFirst() where !missing.isEmpty {
            guard Language(locale: passage.locale) == language, passage.articleId != first.articleId,
                passage.score >= first.score * secondShare, missing.contains(where: { covers(passage, $0) }),
                let more = quote(passage, for: words.terms)
            else { continue }
            answer += "\n\n" + more + mark(number + 1, after: more)
            break
        }
        return answer
    }

    /// A second article must fit nearly as well as the first.
    private static let secondShare = 0.6

    private static func mark(_ number: Int, after text: String) -> String {
        (text.unicodeScalars.last?.isASCII ?? false ? " " : "") + "[\(number)]"
    }

    private static func covers(_ passage: Passage, _ meaning: Set<Term>) -> Bool {
        !TextTerms.set(of: passage.path + "\n" + passage.text).isDisjoint(with: meaning)
    }

    private static func quote(_ passage: Passage, for terms: Set<Term>) -> String? {
        let text = PlainText.of(passage.text)
        if text.count <= wholeLength { return text.isEmpty ? nil : text }
        let paragraphs = MarkdownBlock.all(in: text).map { block in
            switch block {
            case .heading(_, let text), .block(let text): text
            }
        }
        if let best = SentenceFit.best(of: paragraphs, for: terms), paragraphs[best].count <= wholeLength {
            return joined(paragraphs[best...], with: "\n\n")
        }
        let sentences = Sentences.all(in: text)
        guard !sentences.isEmpty else { return nil }
        let start = SentenceFit.best(of: sentences, for: terms) ?? 0
        return joined(sentences[start...], with: sentences[start].last?.isASCII ?? false ? " " : "")
    }

    /// As many as fit into ``partLength``, at least one.
    private static func joined(_ parts: ArraySlice<String>, with separator: String) -> String {
        var text = ""
        for part in parts {
            if !text.isEmpty, text.count + part.count > partLength { break }
            text += (text.isEmpty ? "" : separator) + part
        }
        return text.count > wholeLength ? text.prefix(wholeLength) + "…" : text
    }
}
