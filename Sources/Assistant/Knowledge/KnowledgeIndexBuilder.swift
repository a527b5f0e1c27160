/// Reads articles into a ``KnowledgeIndex``.
struct KnowledgeIndexBuilder {
    private var postings = Postings.Builder()
    private var words = WordList()
    private var seenWords: Set<Term> = []
    private var entries: [KnowledgeIndex.Entry] = []
    private var lengths: [(title: Int, body: Int)] = []
    private var questions: [(text: String, chunks: Range<UInt32>)] = []
    private var comparable: [UInt8] = []

    static func index(_ articles: [KnowledgeArticle]) -> KnowledgeIndex {
        var builder = KnowledgeIndexBuilder()
        // By id, so that the order in which a database gives its rows does not decide between equals.
        for article in articles.sorted(by: { $0.id < $1.id }).prefix(KnowledgeIndex.maximumArticles) {
            builder.add(article)
        }
        return builder.finish()
    }

    private mutating func add(_ article: KnowledgeArticle) {
        let first = UInt32(entries.count)
        let asked = rows(of: ([article.title] + article.questions).joined(separator: "\n"))
        for chunk in Chunks.all(of: article) {
            let headings = chunk.headings.isEmpty ? [] : rows(of: chunk.headings.joined(separator: "\n"))
            let start = comparable.count
            let body = rows(of: chunk.text, keepsText: true)
            postings.add(chunk: entries.count, title: asked + headings, body: body)
            lengths.append((asked.count + headings.count, body.count))
            entries.append(
                KnowledgeIndex.Entry(
                    articleId: article.id, title: article.title, headings: chunk.headings, text: chunk.text,
                    locale: article.locale, language: Language(locale: article.locale),
                    comparable: start..<comparable.count))
        }
        let chunks = first..<UInt32(entries.count)
        for question in [article.title] + article.questions where !question.isEmpty {
            questions.append((question, chunks))
        }
    }

    private mutating func rows(of text: String, keepsText: Bool = false) -> [UInt32] {
        let scalars = ComparableText(text).scalars
        let runs = TextRuns.all(in: scalars)
        var rows: [UInt32] = []
        rows.reserveCapacity(scalars.count * 2)
        TextTerms.each(in: scalars, runs: runs) { rows.append(postings.row(of: $0)) }
        for run in runs where run.kind == .word { remember(scalars[run.range]) }
        if keepsText { ComparablePhrase.append(runs, of: scalars, to: &comparable) }
        return rows
    }

    private mutating func remember(_ word: ArraySlice<UInt32>) {
        guard WordList.lengths.contains(word.count), seenWords.insert(.word(word)).inserted,
            !EnglishWords.isFunctionWord(word)
        else { return }
        words.add(word, row: postings.row(of: .word(EnglishWords.stem(word))))
    }

    private consuming func finish() -> KnowledgeIndex {
        let count = Double(max(entries.count, 1))
        let titleMean = max(Double(lengths.reduce(0) { $0 + $1.title }) / count, 1)
        let bodyMean = max(Double(lengths.reduce(0) { $0 + $1.body }) / count, 1)
        let norms = lengths.map { length in
            KnowledgeIndex.Norm(
                title: Float(1 - Ranking.titleB + Ranking.titleB * Double(length.title) / titleMean),
                body: Float(1 - Ranking.bodyB + Ranking.bodyB * Double(length.body) / bodyMean))
        }
        return KnowledgeIndex(
            entries: entries, norms: norms, postings: postings.finish(), questions: QuestionPairs(questions),
            words: words,
            comparable: comparable)
    }
}
