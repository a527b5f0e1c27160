import Foundation

/// Every article of a workspace, ready to be searched. Immutable: a change of the articles makes a new one.
///
/// The ranking is made here and not in the database, so that SQLite and MySQL give the same answers, in Chinese as well,
/// where neither of them has a usable tokenizer.
public struct KnowledgeIndex: Sendable {
    struct Entry: Sendable {
        var articleId: Int64
        var title: String
        var headings: [String]
        var text: String
        var locale: String
        var language: Language
        /// Where the chunk's comparable text lies in ``comparable``.
        var comparable: Range<Int>
    }

    /// Length of a chunk's fields over the average length, by which many occurrences in a long text count less. Apart from
    /// the entries, because the innermost loop reads nothing else.
    struct Norm: Sendable {
        var title: Float
        var body: Float
    }

    let entries: [Entry]
    let norms: [Norm]
    let postings: Postings
    let questions: QuestionPairs
    let words: WordList
    /// UTF-8 of the comparable texts, runs parted by one space, for finding phrases.
    let comparable: [UInt8]

    /// Articles that one index takes. Beyond it a search within 10 ms is no longer measured.
    public static let maximumArticles = 50_000

    /// An index without articles.
    public static let empty = KnowledgeIndex(articles: [])

    public init(articles: [KnowledgeArticle]) {
        self = KnowledgeIndexBuilder.index(articles)
    }

    init(
        entries: [Entry], norms: [Norm], postings: Postings, questions: QuestionPairs, words: WordList,
        comparable: [UInt8]
    ) {
        self.entries = entries
        self.norms = norms
        self.postings = postings
        self.questions = questions
        self.words = words
        self.comparable = comparable
    }

    /// Pieces of text that are searched.
    public var chunkCount: Int { entries.count }

    /// How much a term tells: always positive (`ln(1 + (N - n + ½) / (n + ½))`), because in a small knowledge base the
    /// usual formula turns to zero or below for a word that stands in half of the articles.
    func weight(ofTermIn count: Int) -> Double {
        log1p((Double(entries.count - count) + 0.5) / (Double(count) + 0.5))
    }
}
