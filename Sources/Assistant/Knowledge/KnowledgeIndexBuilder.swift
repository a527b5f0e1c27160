/// Makes an index from another one and what has changed since, in steps: reading the articles is the long part, and who
/// builds beside other work can pause between them.
///
/// The result depends only on the articles that it holds, not on the way there.
public struct KnowledgeIndexBuilder: Sendable {
    private let base: KnowledgeIndex?
    private var put: [Int64: (article: IndexedArticle, terms: IndexedArticle.Terms)] = [:]
    private var removed: Set<Int64> = []

    /// - Parameter base: the index to begin with, an empty one when nil.
    public init(from base: KnowledgeIndex? = nil) {
        self.base = base
    }

    /// Adds articles, in place of those with the same id.
    public mutating func put(_ articles: some Sequence<KnowledgeArticle>) {
        for article in articles { put[article.id] = IndexedArticle.read(article) }
    }

    /// Takes articles away that the base has.
    public mutating func remove(_ ids: some Sequence<Int64>) { removed.formUnion(ids) }

    /// The index over the base's articles without those removed, and those put.
    public consuming func index() -> KnowledgeIndex {
        let old = base?.articles ?? []
        let gone = removed.union(put.keys)
        let kept = old.filter { !gone.contains($0.id) }
        // Those with the lowest ids stay; what is left out of the put ones has not been counted yet, and of the kept ones
        // has to be taken out.
        let ids = Set((kept.map(\.id) + put.keys).sorted().prefix(KnowledgeIndex.maximumArticles))
        let added = put.filter { ids.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
        let articles = (kept.filter { ids.contains($0.id) } + added.map(\.article)).sorted { $0.id < $1.id }

        var changes: [ArraySlice<UInt8>: Int32] = [:]
        for (article, _) in added { for word in article.words { changes[word, default: 0] += 1 } }
        let stays = Set(articles.map(ObjectIdentifier.init))
        for article in old where !stays.contains(ObjectIdentifier(article)) {
            for word in article.words { changes[word, default: 0] -= 1 }
        }

        let places = NewPlaces(of: articles)
        let postings = Postings(of: added.lazy.flatMap(\.terms.chunks))
        let pairs = Postings(of: added.lazy.flatMap(\.terms.questions))
        guard let base, !old.isEmpty else {
            return KnowledgeIndex(
                articles: articles, postings: postings, pairs: pairs, words: WordList().changed(by: changes))
        }
        let news = added.map(\.article)
        return KnowledgeIndex(
            articles: articles,
            postings: base.postings.merged(
                renumbered: places.chunks(of: old), with: postings, renumbered: places.chunks(of: news)),
            pairs: base.questions.pairs.merged(
                renumbered: places.questions(of: old), with: pairs, renumbered: places.questions(of: news)),
            words: base.words.changed(by: changes))
    }
}

/// Where the chunks and questions of articles lie in a new index.
private struct NewPlaces {
    private var starts: [ObjectIdentifier: (chunk: Int, question: Int)] = [:]

    init(of articles: [IndexedArticle]) {
        starts.reserveCapacity(articles.count)
        var chunk = 0
        var question = 0
        for article in articles {
            starts[ObjectIdentifier(article)] = (chunk, question)
            chunk += article.chunks.count
            question += article.questionCount
        }
    }

    /// The new number of each chunk of `articles`, in their order.
    func chunks(of articles: [IndexedArticle]) -> [UInt32] {
        articles.flatMap { Self.numbers($0.chunks.count, from: starts[ObjectIdentifier($0)]?.chunk) }
    }

    func questions(of articles: [IndexedArticle]) -> [UInt32] {
        articles.flatMap { Self.numbers($0.questionCount, from: starts[ObjectIdentifier($0)]?.question) }
    }

    private static func numbers(_ count: Int, from start: Int?) -> [UInt32] {
        (0..<count).map { number in start.map { UInt32($0 + number) } ?? Postings.gone }
    }
}
