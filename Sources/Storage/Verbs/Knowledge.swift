public import Domain

/// What staff enter of an article. `nil` leaves a field.
public struct ArticlePatch: Sendable, Equatable {
    public var title: String?
    public var content: String?
    public var locale: String?
    public var questions: [String]?
    public var status: Article.Status?

    public init() {}
}

/// Where a reader of a workspace's knowledge stands.
public struct KnowledgePosition: Sendable, Equatable {
    /// Of the knowledge.
    public var version: Int64
    /// Of the last article of that version that was read; the largest there is for all of them.
    public var id: Int64

    public init(version: Int64, id: Int64) {
        self.version = version
        self.id = id
    }

    /// Before everything.
    public static let beginning = KnowledgePosition(version: 0, id: 0)

    /// Behind everything that had changed up to `version`.
    public static func after(_ version: Int64) -> KnowledgePosition {
        KnowledgePosition(version: version, id: Int64.max)
    }
}

extension Transaction {
    /// - Parameter source: what an import knows the article by; see ``ImportedArticle``.
    public func createArticle(
        title: String, content: String, locale: String, questions: [String], status: Article.Status,
        source: String? = nil, by access: Access
    ) throws -> Article {
        try access.require(.knowledgeWrite)
        let article = Article(
            id: identifiers.next(), workspaceId: access.workspaceId, title: title, content: content, locale: locale,
            questions: questions, status: status, version: 1, updatedAt: now)
        try requireWords(of: article)
        try connection.run(
            """
            INSERT INTO articles (title, content, locale, questions, status, version, updated_at, id, workspace_id, \
            created_at, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            try article.editableColumns + [
                .identifier(article.id), .identifier(article.workspaceId), .time(now), .optional(source),
            ])
        try noteChangedKnowledge(of: access.workspaceId, article.id)
        try audit(.articleCreated, .article(article.id), after: article.administered(from: source), by: access)
        return article
    }

    public func updateArticle(_ id: Identifier<Article>, _ patch: ArticlePatch, by access: Access) throws -> Article {
        try access.require(.knowledgeWrite)
        try lock(id)
        let old = try article(id, by: access)
        var article = old
        if let title = patch.title { article.title = title }
        if let content = patch.content { article.content = content }
        if let locale = patch.locale { article.locale = locale }
        if let questions = patch.questions { article.questions = questions }
        if let status = patch.status { article.status = status }
        try requireWords(of: article)
        article.version += 1
        article.updatedAt = now
        try connection.run(
            """
            UPDATE articles SET title = ?, content = ?, locale = ?, questions = ?, status = ?, version = ?, \
            updated_at = ? WHERE id = ?
            """, try article.editableColumns + [.identifier(id)])
        try noteChangedKnowledge(of: access.workspaceId, id)
        let changes = old.changes(to: article)
        if !changes.isEmpty {
            try audit(.articleUpdated, .article(id), before: changes.before, after: changes.after, by: access)
        }
        return article
    }

    /// What customers are answered from must say something to them: a correction that nobody has written yet does not.
    private func requireWords(of article: Article) throws(Refusal) {
        guard article.status == .draft || Article.isSaying(article.content) else {
            throw .invalid([
                FieldProblem(
                    field: "content", code: "required", message: "must say something before the article is published")
            ])
        }
    }

    public func deleteArticle(_ id: Identifier<Article>, by access: Access) throws {
        try access.require(.knowledgeWrite)
        let article = try article(id, by: access)
        try connection.run("DELETE FROM articles WHERE id = ?", [.identifier(id)])
        try noteChangedKnowledge(of: access.workspaceId, id)
        try audit(.articleDeleted, .article(id), before: article.administered(), by: access)
    }

    /// The workspace first: until the commit nobody else gets a version, so whoever sees one sees all that is older.
    private func noteChangedKnowledge(of workspaceId: Identifier<Workspace>, _ articleId: Identifier<Article>) throws {
        try connection.run(
            "UPDATE workspaces SET knowledge_version = knowledge_version + 1 WHERE id = ?", [.identifier(workspaceId)])
        try connection.run(
            """
            UPDATE articles SET knowledge_version = (SELECT knowledge_version FROM workspaces WHERE id = ?) \
            WHERE id = ?
            """, [.identifier(workspaceId), .identifier(articleId)])
    }
}

extension Article {
    /// What the audit log tells of an article. Of the text, which can be long, only how much it is.
    /// - Parameter source: what an import knows it by.
    fileprivate func administered(from source: String? = nil) -> JSONValue {
        var members: [String: JSONValue] = [
            "title": .string(title), "locale": .string(locale), "status": .string(status.rawValue),
            "content_characters": .int(Int64(content.unicodeScalars.count)),
        ]
        if let source { members["source"] = .string(source) }
        return .object(members)
    }

    fileprivate func changes(to article: Article) -> Changes {
        func texts(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
        var changes = Changes()
        changes.note("title", .string(title), .string(article.title))
        changes.note("locale", .string(locale), .string(article.locale))
        changes.note("status", .string(status.rawValue), .string(article.status.rawValue))
        changes.note("questions", texts(questions), texts(article.questions))
        if content != article.content {
            // Together with the version, since the length may be the same.
            changes.note(
                "content_characters", .int(Int64(content.unicodeScalars.count)),
                .int(Int64(article.content.unicodeScalars.count)))
            changes.note("version", .int(version), .int(article.version))
        }
        return changes
    }

    fileprivate var editableColumns: [SQLValue] {
        get throws {
            [
                .text(title), .text(content), .text(locale), .text(try StoredJSON.encode(questions)),
                .text(status.rawValue), .integer(version), .time(updatedAt),
            ]
        }
    }
}

extension RowReader {
    public func article(_ id: Identifier<Article>, by access: Access) throws -> Article {
        try access.require(.knowledgeRead)
        let found = try connection.row(
            "SELECT \(ArticleRow.columns) FROM articles WHERE id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(access.workspaceId)], ArticleRow.decode)
        guard let found else { throw Refusal.notFound }
        return found
    }

    /// Articles of the workspace, newest first.
    public func articles(
        after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<Article> {
        try access.require(.knowledgeRead)
        var items = try connection.rows(
            "SELECT \(ArticleRow.columns) FROM articles WHERE workspace_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
            [.identifier(access.workspaceId), .integer(position?.id ?? Int64.max), .integer(Int64(limit) + 1)],
            ArticleRow.decode)
        let hasMore = items.count > limit
        if hasMore { items.removeLast() }
        return KeysetSlice(
            items: items, next: hasMore ? items.last.map { KeysetPosition(sortKey: 0, id: $0.id.rawValue) } : nil)
    }

    /// Grows with every change of the workspace's knowledge.
    public func knowledgeVersion(of workspaceId: Identifier<Workspace>) throws -> Int64 {
        try connection.integer(
            "SELECT knowledge_version FROM workspaces WHERE id = ?", [.identifier(workspaceId)]) ?? 0
    }

    /// The versions of several workspaces' knowledge, of those that are there.
    public func knowledgeVersions(
        of workspaceIds: [Identifier<Workspace>]
    ) throws -> [Identifier<Workspace>: Int64] {
        guard !workspaceIds.isEmpty else { return [:] }
        let places = workspaceIds.map { _ in "?" }.joined(separator: ", ")
        let rows = try connection.rows(
            "SELECT id, knowledge_version FROM workspaces WHERE id IN (\(places))",
            workspaceIds.map { .identifier($0) }
        ) { row in (row.identifier(0) as Identifier<Workspace>, row.integer(1)) }
        return Dictionary(rows) { $1 }
    }

    /// Workspaces in which something is published, those with the newest first.
    public func workspacesWithKnowledge(limit: Int) throws -> [Identifier<Workspace>] {
        try connection.rows(
            """
            SELECT id FROM workspaces WHERE EXISTS (SELECT 1 FROM articles WHERE articles.workspace_id = workspaces.id \
            AND articles.status = 'published') ORDER BY id DESC LIMIT ?
            """, [.integer(Int64(limit))]
        ) { $0.identifier(0) }
    }

    /// What the assistant may answer from: the version that it was read at, and the ids, those with the lowest first.
    public func publishedArticles(
        of workspaceId: Identifier<Workspace>, limit: Int
    ) throws -> (version: Int64, ids: [Identifier<Article>]) {
        let ids = try connection.rows(
            "SELECT id FROM articles WHERE workspace_id = ? AND status = 'published' ORDER BY id LIMIT ?",
            [.identifier(workspaceId), .integer(Int64(limit))]
        ) { $0.identifier(0) as Identifier<Article> }
        return (try knowledgeVersion(of: workspaceId), ids)
    }

    /// Published articles that changed after a version of the knowledge, in the order of their changes.
    /// - Parameter position: the version and the id of the last one that was read, or ``KnowledgePosition/after(_:)``.
    public func publishedArticles(
        of workspaceId: Identifier<Workspace>, after position: KnowledgePosition, limit: Int
    ) throws -> (articles: [Article], last: KnowledgePosition) {
        var last = position
        let articles = try connection.rows(
            """
            SELECT \(ArticleRow.columns), knowledge_version FROM articles WHERE workspace_id = ? \
            AND status = 'published' AND knowledge_version >= ? AND (knowledge_version > ? OR id > ?) \
            ORDER BY knowledge_version, id LIMIT ?
            """,
            [
                .identifier(workspaceId), .integer(position.version), .integer(position.version), .integer(position.id),
                .integer(Int64(limit)),
            ]
        ) { row in
            let article = try ArticleRow.decode(row)
            last = KnowledgePosition(version: row.integer(9), id: article.id.rawValue)
            return article
        }
        return (articles, last)
    }
}
