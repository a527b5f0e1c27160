import Foundation
import RetrievalFigures
import Testing

@testable import Assistant

/// An index that was changed bit by bit is the same as one made at once.
@Suite struct KnowledgeUpdateTests {
    private static func set() throws -> QuestionSet {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try QuestionSet(folder: root.appending(path: "Bench/knowledge"))
    }

    @Test(arguments: 0..<6)
    func `an index after any changes is that of the articles as they are`(_ seed: Int) throws {
        let set = try Self.set()
        var random = SeededGenerator(UInt64(seed))
        var variation = Variation(of: set, seed: UInt64(seed))
        var articles: [Int64: KnowledgeArticle] = [:]
        var index = KnowledgeIndex.empty
        for round in 0..<12 {
            var builder = KnowledgeIndexBuilder(from: index)
            let removed = articles.keys.sorted().filter { _ in Int.random(in: 0..<5, using: &random) == 0 }
            for id in removed { articles[id] = nil }
            builder.remove(removed)
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                // Old ones changed, new ones in between and behind, the smallest that there are.
                var article = variation.article(id: Int64.random(in: 1...60, using: &random))
                if Int.random(in: 0..<4, using: &random) == 0 { article.content = "" }
                if Int.random(in: 0..<4, using: &random) == 0 { article.questions = [] }
                if removed.contains(article.id) { continue }
                articles[article.id] = article
                builder.put([article])
            }
            index = builder.index()
            let fresh = KnowledgeIndex(articles: articles.values.shuffled(using: &random))
            #expect(index.articles == fresh.articles, "round \(round)")
            #expect(index.postings == fresh.postings, "round \(round)")
            #expect(index.questions == fresh.questions, "round \(round)")
            #expect(index.words == fresh.words, "round \(round)")
            #expect(index == fresh, "round \(round)")
            for question in set.questions.shuffled(using: &random).prefix(15) {
                #expect(
                    index.search(question.ask, after: question.before.last, limit: 5)
                        == fresh.search(question.ask, after: question.before.last, limit: 5))
            }
        }
    }

    @Test func `an index that everything was taken from is empty`() {
        let articles = KnowledgeIndexTests.articles
        var builder = KnowledgeIndexBuilder(from: KnowledgeIndex(articles: articles))
        builder.remove(articles.map(\.id))
        #expect(builder.index() == .empty)
    }

    @Test func `taking away what is not there changes nothing`() {
        var builder = KnowledgeIndexBuilder(from: KnowledgeIndexTests.index)
        builder.remove([1_000, -1, .max])
        #expect(builder.index() == KnowledgeIndexTests.index)
    }

    @Test func `a workspace's own words find what the built-in ones do not`() {
        let index = KnowledgeIndexTests.index
        #expect(index.search("光子券怎么用", limit: 1).passages.first?.articleId != 8)
        let own = SynonymTable([["光子券", "礼品卡", "gift card"], ["lumos", "lamp"], ["", "   "], []])
        #expect(index.search("光子券怎么用", limit: 1, synonyms: own).passages.first?.articleId == 8)
        #expect(index.search("my lumos is broken", limit: 1, synonyms: own).passages.first?.articleId == 6)
        // The built-in ones hold beside them.
        #expect(index.search("怎么退钱", limit: 1, synonyms: own).passages.first?.articleId == 1)
    }
}
