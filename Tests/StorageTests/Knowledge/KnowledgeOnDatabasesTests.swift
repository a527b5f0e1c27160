import Assistant
import Domain
import Foundation
import RetrievalFigures
import Storage
import Testing

/// The assistant finds the same on every database: the ranking is ours, and a database only keeps the articles.
@Suite(.databases) struct KnowledgeOnDatabasesTests {
    private static func set() throws -> QuestionSet {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try QuestionSet(folder: root.appending(path: "Bench/knowledge"))
    }

    /// The set's articles stored in two steps, some of them changed and taken away in between.
    private static func library(
        _ set: QuestionSet, on fixture: StoreFixture
    ) async throws -> (KnowledgeLibrary, names: [Int64: String]) {
        let library = KnowledgeLibrary(store: fixture.store)
        let admin = fixture.admin
        var names: [Int64: String] = [:]
        for (name, article) in zip(set.names, set.articles) {
            let id = try await fixture.store.write { transaction in
                let stored = try transaction.createArticle(
                    title: article.title, content: "Not written yet.", locale: article.locale, questions: [],
                    status: .published, by: admin)
                return stored.id
            }
            names[id.rawValue] = name
        }
        _ = try await library.index(of: fixture.workspace.id)
        for (place, id) in names.keys.sorted().enumerated() {
            let article = set.articles[place]
            try await fixture.store.write {
                var patch = ArticlePatch()
                patch.content = article.content
                patch.questions = article.questions
                _ = try $0.updateArticle(Identifier(id), patch, by: admin)
                let draft = try $0.createArticle(
                    title: article.title, content: article.content, locale: article.locale, questions: [],
                    status: .published, by: admin)
                try $0.deleteArticle(draft.id, by: admin)
            }
        }
        return (library, names)
    }

    @Test(arguments: TestDatabase.all)
    func `whole lists of results are those of the articles in memory`(_ database: TestDatabase) async throws {
        let set = try Self.set()
        let memory = KnowledgeIndex(articles: set.articles)
        let fixture = try await StoreFixture(on: database)
        let (library, names) = try await Self.library(set, on: fixture)
        let stored = try await library.index(of: fixture.workspace.id)
        #expect(stored.chunkCount == memory.chunkCount)
        for question in set.questions {
            var found = stored.search(question.ask, after: question.before.last, limit: 10)
            var expected = memory.search(question.ask, after: question.before.last, limit: 10)
            #expect(
                found.passages.map { names[$0.articleId] }
                    == expected.passages.map { set.names[Int($0.articleId) - 1] }, "\(question.ask)")
            // Everything else to the last digit; only the keys of the articles are the database's.
            for place in found.passages.indices { found.passages[place].articleId = 0 }
            for place in expected.passages.indices { expected.passages[place].articleId = 0 }
            #expect(found == expected, "\(question.ask)")
        }
    }
}
