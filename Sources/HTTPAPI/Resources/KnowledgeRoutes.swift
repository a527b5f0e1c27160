import Assistant
import Domain
import HTTPTypes
import Storage
import Wire

/// The articles that the assistant answers from.
struct KnowledgeRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let library: KnowledgeLibrary

    struct New: Decodable, Sendable, Validated {
        var title: String
        var content: String
        var locale: String
        var questions: [String]?
        var status: Article.Status?

        func validate(_ check: inout Validation) {
            KnowledgeRoutes.validate(title, content, locale, questions, &check)
        }
    }

    struct Edit: Decodable, Sendable, Validated {
        var title: Patch<String>
        var content: Patch<String>
        var locale: Patch<String>
        var questions: Patch<[String]>
        var status: Patch<Article.Status>

        func validate(_ check: inout Validation) {
            check.present(title, field: "title")
            check.present(content, field: "content")
            check.present(locale, field: "locale")
            check.present(status, field: "status")
            KnowledgeRoutes.validate(
                title.applied(to: nil), content.applied(to: nil), locale.applied(to: nil), questions.applied(to: nil),
                &check)
        }
    }

    /// What the assistant would find for a question.
    struct Found: Codable, Sendable {
        struct Passage: Codable, Sendable {
            var articleId: String
            var title: String
            var headings: [String]
            var text: String
            var excerpt: String
            var locale: String
            var score: Double
        }

        var items: [Passage]
        var answerability: Answerability
        var coverage: Double
    }

    static let question = QueryParameter.text("q", maximum: 1000, "what a customer may ask").required
    static let limit = QueryParameter.integer("limit", in: 1...20, "passages, 5 when not given")
    static let defaultLimit = 5

    private static let path = "/api/v1/admin/knowledge/articles"

    func register(in table: inout EndpointTable) {
        table.group = "Knowledge"
        table.get(
            Self.path, summary: "Articles, newest first", access: .staff(.knowledgeRead), query: Paging.parameters,
            response: ListView<ArticleView>.self
        ) { call in
            let access = call.access
            var query = call.query
            let page = query.page(of: "articles", Article.self)
            try query.finish()
            let slice = try await store.read {
                try $0.articles(after: page.position, limit: page.limit, by: access)
            }
            return Answer(ListView(slice, of: "articles", Article.self, views.identifiers, views.article))
        }
        table.post(
            Self.path, summary: "Add an article", access: .staff(.knowledgeWrite), request: New.self,
            response: ArticleView.self, status: .created
        ) { body, call in
            let access = call.access
            let article = try await store.write {
                try $0.createArticle(
                    title: body.title, content: body.content, locale: body.locale, questions: body.questions ?? [],
                    status: body.status ?? .draft, by: access)
            }
            return answer(article)
        }
        table.get(
            Self.path + "/{id}", summary: "An article", access: .staff(.knowledgeRead), response: ArticleView.self
        ) { call in
            let (id, access) = (try call.id(Article.self), call.access)
            return answer(try await store.read { try $0.article(id, by: access) })
        }
        table.edit(
            Self.path + "/{id}", of: Article.self, summary: "Change an article", access: .staff(.knowledgeWrite),
            request: Edit.self, response: ArticleView.self, read: { try $0.article($1, by: $2) },
            check: { body, _ in try patch(body) }, change: { try $0.updateArticle($1, $2, by: $3) },
            view: { article, _ in views.article(article) })
        table.alsoNeeds(.knowledgeRead)
        table.get(
            "/api/v1/admin/knowledge/search", summary: "What the published articles say to a question",
            access: .staff(.knowledgeRead), query: [Self.question.description, Self.limit.description],
            response: Found.self
        ) { call in
            try await search(call)
        }
        table.remove(
            Self.path + "/{id}", of: Article.self, summary: "Delete an article", access: .staff(.knowledgeWrite),
            read: { try $0.article($1, by: $2) }, remove: { try $0.deleteArticle($1, by: $2) })
        table.alsoNeeds(.knowledgeRead)
    }

    private func search(_ call: Call) async throws -> Answer<Found> {
        var query = call.query
        let question = query[Self.question]
        let limit = query[Self.limit].map(Int.init) ?? Self.defaultLimit
        try query.finish()
        guard let question else {
            throw ValidationProblems(field: "q", code: "required", message: "must be given")
        }
        let workspaceId = call.access.workspaceId
        let synonyms = try await store.read { try $0.settings(of: workspaceId).assistant.synonyms }
        let found = try await library.index(of: workspaceId).search(
            question, limit: limit, synonyms: synonyms.isEmpty ? nil : SynonymTable(synonyms))
        return Answer(
            Found(
                items: found.passages.map { passage in
                    Found.Passage(
                        articleId: views.identifiers.text(Identifier<Article>(passage.articleId)),
                        title: passage.title, headings: passage.headings, text: passage.text,
                        excerpt: passage.excerpt, locale: passage.locale, score: passage.score)
                }, answerability: found.answerability, coverage: found.coverage))
    }

    private func answer(_ article: Article) -> Answer<ArticleView> {
        Answer(views.article(article), tag: EntityTag(article))
    }

    private func patch(_ edit: Edit) throws(ValidationProblems) -> ArticlePatch {
        var patch = ArticlePatch()
        patch.title = try edit.title.requiredValue(field: "title")
        patch.content = try edit.content.requiredValue(field: "content")
        patch.locale = try edit.locale.requiredValue(field: "locale")
        patch.questions = edit.questions.isAbsent ? nil : edit.questions.applied(to: nil) ?? []
        patch.status = try edit.status.requiredValue(field: "status")
        return patch
    }

    private static func validate(
        _ title: String?, _ content: String?, _ locale: String?, _ questions: [String]?, _ check: inout Validation
    ) {
        check.text(title, field: "title", scalars: FieldRules.title)
        check.text(content, field: "content", scalars: FieldRules.articleContent)
        check.locale(locale)
        check.texts(
            questions, field: "questions", maximum: FieldRules.maximumQuestions, scalars: FieldRules.question)
    }
}
