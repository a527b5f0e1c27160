import Domain
import Storage

extension DatabaseOperations {
    func importArticles(_ batch: ArticleBatch) async throws -> [ImportedArticle.Outcome] {
        let access = Access.server(of: try await workspace(batch.workspace).id)
        guard !batch.isTrial else {
            return try await database.store.read { snapshot in
                try batch.articles.map { try snapshot.outcome(of: $0, as: batch.status, by: access) }
            }
        }
        return try await database.store.write { transaction in
            try batch.articles.map { try transaction.importArticle($0, as: batch.status, by: access) }
        }
    }

    func importedSources(_ page: SourcePage) async throws -> [ImportedSource] {
        let access = Access.server(of: try await workspace(page.workspace).id)
        return try await database.store.read {
            try $0.importedSources(
                beginningWith: page.prefix, after: page.last, limit: SourcePage.maximumSources, by: access)
        }
    }

    func draftArticles(_ sources: SourceList) async throws -> Int {
        let access = Access.server(of: try await workspace(sources.workspace).id)
        return try await database.store.write { try $0.draftArticles(from: sources.sources, by: access) }
    }
}

extension ServerOperations {
    func importArticles(_ batch: ArticleBatch) async throws -> [ImportedArticle.Outcome] {
        try await operations.importArticles(batch)
    }
    func importedSources(_ page: SourcePage) async throws -> [ImportedSource] {
        try await operations.importedSources(page)
    }
    func draftArticles(_ sources: SourceList) async throws -> Int { try await operations.draftArticles(sources) }
}
