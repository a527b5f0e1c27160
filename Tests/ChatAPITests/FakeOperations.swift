import Domain
import Storage
import Synchronization

@testable import ChatAPI

/// Operations on nothing, which remember what they were asked.
final class FakeOperations: Operations {
    private let log = Mutex<[String]>([])
    private let failure: CommandFailure?

    init(failure: CommandFailure? = nil) {
        self.failure = failure
    }

    var calls: [String] { log.withLock { $0 } }

    private func note(_ call: String) throws {
        log.withLock { $0.append(call) }
        if let failure { throw failure }
    }

    func migrate() async throws -> MigrationSummary {
        try note("migrate")
        return MigrationSummary(version: 1, applied: ["0001_initial"])
    }

    func createWorkspace(_ workspace: NewWorkspace) async throws -> WorkspaceSummary {
        try note("workspace \(workspace.slug) \(workspace.name)")
        return WorkspaceSummary(
            id: "w1", slug: workspace.slug, name: workspace.name, inboxKey: "ibx_k", inboxSecret: "ibs_s")
    }

    func createUser(_ user: NewUser) async throws -> UserSummary {
        try note("user \(user.workspace) \(user.email) \(user.name) \(user.role) \(user.password)")
        return UserSummary(id: "u1", workspace: user.workspace, email: user.email, role: user.role)
    }

    func setPassword(_ change: PasswordChange) async throws -> UserSummary {
        try note("password \(change.workspace) \(change.email) \(change.password)")
        return UserSummary(id: "u1", workspace: change.workspace, email: change.email, role: "agent")
    }

    func rebuildStatistics() async throws -> StatisticsState {
        try note("rebuild")
        return StatisticsState(position: 0, head: 3, isClearing: true)
    }

    func continueStatistics() async throws -> StatisticsState {
        try note("count")
        let rounds = log.withLock { $0.count { $0 == "count" } }
        return StatisticsState(position: Int64(rounds), head: 4, isClearing: rounds == 1)
    }

    func importArticles(_ batch: ArticleBatch) async throws -> [ImportedArticle.Outcome] {
        let sources = batch.articles.map(\.source).joined(separator: " ")
        try note("import \(batch.workspace) \(batch.status?.rawValue ?? "-") \(batch.isTrial) \(sources)")
        return batch.articles.map { _ in .created }
    }

    func importedSources(_ page: SourcePage) async throws -> [ImportedSource] {
        try note("sources \(page.workspace) \(page.prefix) \(page.last ?? "-")")
        return ["old.md", "old.md#2", "bad.csv#x"].map { ImportedSource(source: page.prefix + $0, status: .published) }
    }

    func draftArticles(_ sources: SourceList) async throws -> Int {
        try note("draft \(sources.sources.joined(separator: " "))")
        return sources.sources.count
    }

    func doctor() async throws -> [DoctorCheck] {
        try note("doctor")
        return [DoctorCheck(name: "schema", status: .ok, detail: "version 1")]
    }

    func close() async {
        log.withLock { $0.append("close") }
    }
}
