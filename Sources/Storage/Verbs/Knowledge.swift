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
        try connection.run(
            """
            INSERT INTO articles (title, content, locale, questions, status, version, updated_at, id, workspace_id, \
            created_at, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            try article.editableColumns + [
                .identifier(article.id), .identifier(article.workspaceId), .time(now), .optional(source),
            ])
        try noteChangedKnowledge(of: access.workspaceId)
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
        article.version += 1
        article.updatedAt = now
        try connection.run(
            """
            UPDATE articles SET title = ?, content = ?, locale = ?, questions = ?, status = ?, version = ?, \
            updated_at = ? WHERE id = ?
            """, try article.editableColumns + [.identifier(id)])
        try noteChangedKnowledge(of: access.workspaceId)
        let changes = old.changes(to: article)
        if !changes.isEmpty {
            try audit(.articleUpdated, .article(id), before: changes.before, after: changes.after, by: access)
        }
        return article
    }

    public func deleteArticle(_ id: Identifier<Article>, by access: Access) throws {
        try access.require(.knowledgeWrite)
        let article = try article(id, by: access)
        try connection.run("DELETE FROM articles WHERE id = ?", [.identifier(id)])
        try noteChangedKnowledge(of: access.workspaceId)
        try audit(.articleDeleted, .article(id), before: article.administered(), by: access)
    }

    private func noteChangedKnowledge(of workspaceId: Identifier<Workspace>) throws {
        try connection.run(
            "UPDATE workspaces SET knowledge_version = knowledge_version + 1 WHERE id = ?", [.identifier(workspaceId)])
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

    /// Everything that the assistant may answer from, with the version that it was read at.
    public func publishedArticles(
        of workspaceId: Identifier<Workspace>
    ) throws -> (version: Int64, articles: [Article]) {
        let articles = try connection.rows(
            "SELECT \(ArticleRow.columns) FROM articles WHERE workspace_id = ? AND status = 'published' ORDER BY id",
            [.identifier(workspaceId)], ArticleRow.decode)
        return (try knowledgeVersion(of: workspaceId), articles)
    }
}
