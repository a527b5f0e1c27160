public import Domain

/// An article that came from an import, by what the import knows it by.
public struct ImportedSource: Sendable, Equatable, Codable {
    public var source: String
    public var status: Article.Status

    public init(source: String, status: Article.Status) {
        self.source = source
        self.status = status
    }
}

extension Transaction {
    /// Brings the article that a file has into the knowledge. Importing the same again changes nothing.
    ///
    /// What customers are told changes only when it is asked for: a published article whose text differs stays as it is
    /// unless the imported one is to be published.
    /// - Parameter status: what whoever imports asks for; nil leaves it to the file.
    public func importArticle(
        _ imported: ImportedArticle, as status: Article.Status?, by access: Access
    ) throws -> ImportedArticle.Outcome {
        try access.require(.knowledgeWrite)
        guard let known = try article(from: imported.source, by: access) else {
            do {
                _ = try createArticle(
                    title: imported.title, content: imported.content, locale: imported.locale,
                    questions: imported.questions, status: imported.wantedStatus(status), source: imported.source,
                    by: access)
                return .created
            } catch StorageFailure.constraint {
                // The same import on another node was faster.
                guard let known = try article(from: imported.source, by: access) else { throw Refusal.notFound }
                return imported.outcome(for: known, as: status)
            }
        }
        try lock(known.id)
        let current = try article(known.id, in: access.workspaceId)
        let outcome = imported.outcome(for: current, as: status)
        guard outcome == .updated else { return outcome }
        var patch = ArticlePatch()
        patch.title = imported.title
        patch.content = imported.content
        patch.locale = imported.locale
        patch.questions = imported.questions
        if imported.wantedStatus(status) == .published { patch.status = .published }
        _ = try updateArticle(known.id, patch, by: access)
        return .updated
    }

    /// Makes drafts of articles whose files are gone. One that is a draft already, or not there, is left alone.
    /// - Returns: how many were published until now.
    public func draftArticles(from sources: [String], by access: Access) throws -> Int {
        try access.require(.knowledgeWrite)
        var count = 0
        for source in sources {
            guard let known = try article(from: source, by: access) else { continue }
            try lock(known.id)
            guard try article(known.id, in: access.workspaceId).status == .published else { continue }
            var patch = ArticlePatch()
            patch.status = .draft
            _ = try updateArticle(known.id, patch, by: access)
            count += 1
        }
        return count
    }
}

extension RowReader {
    /// The article that is known by `source`, or nil.
    public func article(from source: String, by access: Access) throws -> Article? {
        try access.require(.knowledgeWrite)
        return try connection.row(
            "SELECT \(ArticleRow.columns) FROM articles WHERE workspace_id = ? AND source = ?",
            [.identifier(access.workspaceId), .text(source)], ArticleRow.decode)
    }

    /// What ``Transaction/importArticle(_:as:by:)`` would do.
    public func outcome(
        of imported: ImportedArticle, as status: Article.Status?, by access: Access
    ) throws -> ImportedArticle.Outcome {
        guard let known = try article(from: imported.source, by: access) else { return .created }
        return imported.outcome(for: known, as: status)
    }

    /// Sources that begin with `prefix`, in their order.
    /// - Parameter last: the one to go on after; nil for the first.
    public func importedSources(
        beginningWith prefix: String, after last: String?, limit: Int, by access: Access
    ) throws -> [ImportedSource] {
        try access.require(.knowledgeWrite)
        // Nothing that begins with the prefix comes behind the last character there is.
        let arguments: [SQLValue] = [
            .identifier(access.workspaceId), .text(prefix), .text(prefix + "\u{10FFFF}"), .text(last ?? ""),
            .integer(Int64(limit)),
        ]
        return try connection.rows(
            """
            SELECT source, status FROM articles WHERE workspace_id = ? AND source >= ? AND source < ? AND source > ? \
            ORDER BY source LIMIT ?
            """, arguments
        ) { ImportedSource(source: $0.text(0), status: Article.Status(rawValue: $0.text(1)) ?? .draft) }
    }

    fileprivate func article(_ id: Identifier<Article>, in workspaceId: Identifier<Workspace>) throws -> Article {
        let found = try connection.row(
            "SELECT \(ArticleRow.columns) FROM articles WHERE id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(workspaceId)], ArticleRow.decode)
        guard let found else { throw Refusal.notFound }
        return found
    }
}

extension ImportedArticle {
    fileprivate func outcome(for known: Article, as status: Article.Status?) -> Outcome {
        let wanted = wantedStatus(status)
        // What is published stays so: a draft of the same is no reason to take it away from customers.
        if isSame(as: known) { return wanted == .published && known.status == .draft ? .updated : .unchanged }
        return known.status == .published && wanted == .draft ? .publishedDiffers : .updated
    }
}
