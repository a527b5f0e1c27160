import Foundation

/// Every article of a workspace, ready to be searched. Immutable: a change of the articles makes a new one, which shares
/// what stayed the same.
///
/// The ranking is made here and not in the database, so that SQLite and MySQL give the same answers, in Chinese as well,
/// where neither of them has a usable tokenizer.
public struct KnowledgeIndex: Sendable, Equatable {
    /// Where in the index one chunk of an article lies.
    struct Place: Sendable, Equatable {
        var article: UInt32
        /// Among the article's chunks.
        var chunk: UInt32
    }

    /// Length of a chunk's fields over the average length, by which many occurrences in a long text count less. Apart from
    /// the texts, because the innermost loop reads nothing else.
    struct Norm: Sendable, Equatable {
        var title: Float
        var body: Float
        var language: Language
    }

    /// By ascending id, so that the order in which a database gives its rows does not decide between equals.
    let articles: [IndexedArticle]
    /// Of every chunk of every article, in order.
    let places: [Place]
    let norms: [Norm]
    let postings: Postings
    let questions: QuestionPairs
    /// The chunks of the article that each question belongs to.
    let chunksOfQuestion: [Range<Int>]
    let words: WordList

    /// Articles that one index takes; of more, those added first. Beyond it a search within 10 ms is no longer measured.
    public static let maximumArticles = 50_000

    /// An index without articles.
    public static let empty = KnowledgeIndex(articles: [])

    public init(articles: [KnowledgeArticle]) {
        var builder = KnowledgeIndexBuilder()
        builder.put(articles)
        self = builder.index()
    }

    init(articles: [IndexedArticle], postings: Postings, pairs: Postings, words: WordList) {
        var places: [Place] = []
        var chunksOfQuestion: [Range<Int>] = []
        var titles = 0
        var bodies = 0
        for (number, article) in articles.enumerated() {
            let chunks = places.count..<(places.count + article.chunks.count)
            for (chunk, content) in article.chunks.enumerated() {
                places.append(Place(article: UInt32(number), chunk: UInt32(chunk)))
                titles += content.titleLength
                bodies += content.bodyLength
            }
            chunksOfQuestion += repeatElement(chunks, count: article.questionCount)
        }
        let titleMean = max(Double(titles) / Double(max(places.count, 1)), 1)
        let bodyMean = max(Double(bodies) / Double(max(places.count, 1)), 1)
        norms = articles.flatMap { article in
            article.chunks.map { chunk in
                Norm(
                    title: Float(1 - Ranking.titleB + Ranking.titleB * Double(chunk.titleLength) / titleMean),
                    body: Float(1 - Ranking.bodyB + Ranking.bodyB * Double(chunk.bodyLength) / bodyMean),
                    language: article.language)
            }
        }
        self.articles = articles
        self.places = places
        self.postings = postings
        self.chunksOfQuestion = chunksOfQuestion
        self.words = words
        questions = QuestionPairs(pairs, count: chunksOfQuestion.count)
    }

    /// Pieces of text that are searched.
    public var chunkCount: Int { places.count }

    /// Ids of the articles, ascending.
    public var articleIds: [Int64] { articles.map(\.id) }

    func article(of chunk: Int) -> IndexedArticle { articles[Int(places[chunk].article)] }

    func content(of chunk: Int) -> IndexedArticle.Chunk { article(of: chunk).chunks[Int(places[chunk].chunk)] }

    /// How much a term tells: always positive (`ln(1 + (N - n + ½) / (n + ½))`), because in a small knowledge base the
    /// usual formula turns to zero or below for a word that stands in half of the articles.
    func weight(ofTermIn count: Int) -> Double {
        log1p((Double(places.count - count) + 0.5) / (Double(count) + 0.5))
    }
}
