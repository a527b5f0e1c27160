import Domain
import Storage

extension RemoteOperations {
    func importArticles(_ batch: ArticleBatch) async throws -> [ImportedArticle.Outcome] {
        try await ask(.importArticles, batch)
    }

    func importedSources(_ page: SourcePage) async throws -> [ImportedSource] {
        try await ask(.importedSources, page)
    }

    func draftArticles(_ sources: SourceList) async throws -> Int { try await ask(.draftArticles, sources) }
}
