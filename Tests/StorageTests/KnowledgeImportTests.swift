import Domain
import Testing

@testable import Storage

@Suite(.databases) struct KnowledgeImportTests {
    private static func article(_ source: String = "help/a.md", _ content: String = "text") -> ImportedArticle {
        ImportedArticle(source: source, title: "退款", content: content, locale: "zh", questions: ["怎么退款？"])
    }

    private static func known(_ source: String, _ fixture: StoreFixture) async throws -> Article? {
        try await fixture.store.read { [admin = fixture.admin] in try $0.article(from: source, by: admin) }
    }

    private static func bring(
        _ article: ImportedArticle, _ status: Article.Status?, _ fixture: StoreFixture
    ) async throws -> ImportedArticle.Outcome {
        let admin = fixture.admin
        let foreseen = try await fixture.store.read { try $0.outcome(of: article, as: status, by: admin) }
        let outcome = try await fixture.store.write { try $0.importArticle(article, as: status, by: admin) }
        #expect(outcome == foreseen)
        return outcome
    }

    @Test(arguments: TestDatabase.all)
    func theSameAgainChangesNothing(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        #expect(try await Self.bring(Self.article(), nil, fixture) == .created)
        let made = try #require(await Self.known("help/a.md", fixture))
        #expect(made.status == .draft && made.version == 1 && made.questions == ["怎么退款？"])
        #expect(try await Self.bring(Self.article(), nil, fixture) == .unchanged)
        #expect(try await Self.known("help/a.md", fixture) == made)
        #expect(try await Self.bring(Self.article("help/a.md", "other"), nil, fixture) == .updated)
        #expect(try await Self.known("help/a.md", fixture)?.version == 2)
        #expect(try await fixture.audited() == [.articleUpdated, .articleCreated])
    }

    @Test(arguments: TestDatabase.all)
    func whatCustomersAreToldChangesOnlyWhenThatIsAskedFor(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        #expect(try await Self.bring(Self.article(), .published, fixture) == .created)
        let other = Self.article("help/a.md", "other")
        for status in [nil, Article.Status.draft] {
            #expect(try await Self.bring(other, status, fixture) == .publishedDiffers)
            #expect(try await Self.bring(Self.article(), status, fixture) == .unchanged)
        }
        var article = try #require(await Self.known("help/a.md", fixture))
        #expect(article.content == "text" && article.status == .published && article.version == 1)
        #expect(try await Self.bring(other, .published, fixture) == .updated)
        article = try #require(await Self.known("help/a.md", fixture))
        #expect(article.content == "other" && article.status == .published && article.version == 2)
        // A file that calls itself a draft is not published with the others.
        var unfinished = Self.article("help/b.md")
        unfinished.status = .draft
        #expect(try await Self.bring(unfinished, .published, fixture) == .created)
        #expect(try await Self.known("help/b.md", fixture)?.status == .draft)
        unfinished.status = .published
        #expect(try await Self.bring(unfinished, .draft, fixture) == .unchanged)
        #expect(try await Self.bring(unfinished, nil, fixture) == .updated)
        #expect(try await Self.known("help/b.md", fixture)?.status == .published)
    }

    @Test(arguments: TestDatabase.all)
    func sourcesAreListedByTheirBeginningAndDrafted(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let admin = fixture.admin
        let sources = ["help/a.md", "help/b.csv#怎么退款？", "help/退款.md", "help2/a.md", "helo"]
        for source in sources { _ = try await Self.bring(Self.article(source), .published, fixture) }
        func listed(_ prefix: String, after last: String? = nil, limit: Int = 10) async throws -> [String] {
            try await fixture.store.read {
                try $0.importedSources(beginningWith: prefix, after: last, limit: limit, by: admin).map(\.source)
            }
        }
        #expect(try await listed("help/") == Array(sources[..<3]))
        #expect(try await listed("help/", limit: 1) == ["help/a.md"])
        #expect(try await listed("help/", after: "help/a.md") == Array(sources[1..<3]))
        #expect(try await listed("").count == 5)
        let drafted = try await fixture.store.write {
            try $0.draftArticles(from: ["help/a.md", "help/b.csv#怎么退款？", "gone"], by: admin)
        }
        #expect(drafted == 2)
        #expect(try await Self.known("help/a.md", fixture)?.status == .draft)
        #expect(try await fixture.store.write { try $0.draftArticles(from: ["help/a.md"], by: admin) } == 0)
        #expect(try await Self.known("help/退款.md", fixture)?.status == .published)
    }

    @Test(arguments: TestDatabase.all)
    func theLongestSourceIsKept(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let source = String(repeating: "𠀀", count: ArticleLimits.maximumSource)
        #expect(try await Self.bring(Self.article(source), nil, fixture) == .created)
        #expect(try await Self.bring(Self.article(source), nil, fixture) == .unchanged)
        #expect(try await Self.known(source, fixture) != nil)
    }

    @Test(arguments: TestDatabase.all)
    func anArticleOfCommentsOnlyIsNotPublished(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (admin, silent) = (fixture.admin, Self.article("correction:1", "<!-- wrong -->\n "))
        let (draft, isKnown) = try await fixture.store.write { try $0.addCorrection(silent, by: admin) }
        #expect(!isKnown && draft.status == .draft)
        let again = try await fixture.store.write { try $0.addCorrection(silent, by: admin) }
        #expect(again.isKnown && again.article == draft)
        var patch = ArticlePatch()
        patch.status = .published
        await #expect(throws: Refusal.self) {
            try await fixture.store.write { [patch] in try $0.updateArticle(draft.id, patch, by: admin) }
        }
        patch.content = "<!-- wrong -->\nRight."
        let published = try await fixture.store.write { [patch] in try $0.updateArticle(draft.id, patch, by: admin) }
        #expect(published.status == .published && published.spokenContent == "\nRight.")
    }
}
