/// An article as an index holds it: what of it does not depend on the other articles. Indexes that follow each other share
/// it.
final class IndexedArticle: Sendable, Equatable {
    struct Chunk: Sendable, Equatable {
        var headings: [String]
        var text: String
        /// UTF-8 of the comparable text, runs parted by one space, for finding phrases.
        var comparable: [UInt8]
        /// Terms of the title, the questions and the headings, and of the text.
        var titleLength: Int
        var bodyLength: Int
    }

    let id: Int64
    let title: String
    let locale: String
    let language: Language
    let chunks: [Chunk]
    /// The title and the ways in which customers ask for it.
    let questionCount: Int
    /// The words of title, questions and headings, in the form of ``Chunk/comparable``.
    private let asked: [UInt8]

    /// What goes into the inverted indexes, and is not kept.
    struct Terms {
        var chunks: [[Postings.Occurrence]] = []
        var questions: [[Postings.Occurrence]] = []
    }

    static func read(_ article: KnowledgeArticle) -> (article: IndexedArticle, terms: Terms) {
        var terms = Terms()
        let questions = ([article.title] + article.questions).filter { !$0.isEmpty }
        terms.questions = questions.map { question in
            QuestionPairs.pairs(of: question).map { Postings.Occurrence(key: $0, count: .one) }
        }
        var asked: [UInt8] = []
        let title = keys(of: questions.joined(separator: "\n"), appendingTo: &asked)
        let chunks = Chunks.all(of: article).map { chunk in
            var comparable: [UInt8] = []
            let headings =
                chunk.headings.isEmpty
                ? [] : keys(of: chunk.headings.joined(separator: "\n"), appendingTo: &asked)
            let body = keys(of: chunk.text, appendingTo: &comparable)
            terms.chunks.append(occurrences(title: title + headings, body: body))
            return Chunk(
                headings: chunk.headings, text: chunk.text, comparable: comparable,
                titleLength: title.count + headings.count, bodyLength: body.count)
        }
        return (IndexedArticle(article, chunks, questionCount: questions.count, asked: asked), terms)
    }

    private init(_ article: KnowledgeArticle, _ chunks: [Chunk], questionCount: Int, asked: [UInt8]) {
        id = article.id
        title = article.title
        locale = article.locale
        language = Language(locale: article.locale)
        self.chunks = chunks
        self.questionCount = questionCount
        self.asked = asked
    }

    /// Every different word of it that ``WordList`` holds.
    var words: Set<ArraySlice<UInt8>> {
        var words: Set<ArraySlice<UInt8>> = []
        for text in [asked] + chunks.map(\.comparable) {
            for word in text.split(separator: 0x20) where WordList.holds(word) { words.insert(word) }
        }
        return words
    }

    private static func keys(of text: String, appendingTo comparable: inout [UInt8]) -> [UInt64] {
        let scalars = ComparableText(text).scalars
        let runs = TextRuns.all(in: scalars)
        var keys: [UInt64] = []
        keys.reserveCapacity(scalars.count * 2)
        TextTerms.each(in: scalars, runs: runs) { keys.append($0.key) }
        ComparablePhrase.append(runs, of: scalars, to: &comparable)
        return keys
    }

    private static func occurrences(title: [UInt64], body: [UInt64]) -> [Postings.Occurrence] {
        let title = title.sorted()
        let body = body.sorted()
        var occurrences: [Postings.Occurrence] = []
        var left = 0
        var right = 0
        while left < title.count || right < body.count {
            let key = min(left < title.count ? title[left] : .max, right < body.count ? body[right] : .max)
            let (leftStart, rightStart) = (left, right)
            while left < title.count, title[left] == key { left += 1 }
            while right < body.count, body[right] == key { right += 1 }
            occurrences.append(
                Postings.Occurrence(
                    key: key,
                    count: Postings.Count(
                        inTitle: UInt8(clamping: left - leftStart), inBody: UInt8(clamping: right - rightStart))))
        }
        return occurrences
    }

    static func == (left: IndexedArticle, right: IndexedArticle) -> Bool {
        left === right
            || left.id == right.id && left.title == right.title && left.locale == right.locale
                && left.chunks == right.chunks && left.questionCount == right.questionCount && left.asked == right.asked
    }
}
