import Assistant
import Domain
import Foundation
import Identity
import Logging
import Storage

/// What a new installation begins with: a workspace with an inbox, the first admin, and sample knowledge.
struct FirstStart: Sendable {
    let store: ChatStore
    let passwords: PasswordHasher
    let logger: Logger
    /// Of the first admin's password, where it was begun already.
    var begun: Task<String, any Error>?

    /// Begins to hash the first admin's password where there is no database yet: it takes as long as all the rest of a first
    /// start, which goes on beside it.
    static func begin(_ configuration: ServerConfiguration, _ passwords: PasswordHasher) -> Task<String, any Error>? {
        let admin = configuration.admin
        guard case .sqlite(let path) = configuration.database, !FileManager.default.fileExists(atPath: path),
            configuration.environment == .development || !admin.hasBuiltInPassword
        else { return nil }
        return Task { try await passwords.hash(admin.password.reveal()) }
    }

    /// Makes what is missing. Running it again changes nothing.
    func prepare(admin: ServerConfiguration.Admin, environment: DeploymentEnvironment) async throws {
        let known = try await store.read { try $0.workspace(slug: Workspace.defaultSlug) }
        if let known {
            try await refuseBuiltInPassword(admin, in: known, environment: environment)
            return
        }
        guard environment == .development || !admin.hasBuiltInPassword else {
            throw ConfigurationProblem.builtInAdminPassword
        }
        let hash: String
        if let begun { hash = try await begun.value } else { hash = try await passwords.hash(admin.password.reveal()) }
        let drafts = SampleKnowledge.articles()
        let (email, inboxKey, secret) = (admin.email, InboxKeys.publicKey(), Array(InboxKeys.secret().utf8))
        do {
            try await store.write { transaction in
                let (workspace, _) = try transaction.createWorkspace(
                    slug: Workspace.defaultSlug, name: "Default", inboxKey: inboxKey, inboxSecret: secret)
                let server = Access.server(of: workspace.id)
                _ = try transaction.addUser(
                    UserDraft(email: email, name: "Admin", passwordHash: hash, role: Role.admin.name), by: server)
                for draft in drafts {
                    _ = try transaction.createArticle(
                        title: draft.title, content: draft.content, locale: draft.locale, questions: draft.questions,
                        status: .published, by: server)
                }
            }
        } catch Refusal.conflict {
            // Another node that starts at the same moment has made it.
            return
        }
        logger.info("made the first workspace", metadata: ["admin": "\(email)", "articles": "\(drafts.count)"])
    }

    /// In production nobody may get in with the password that the documentation tells.
    private func refuseBuiltInPassword(
        _ admin: ServerConfiguration.Admin, in workspace: Workspace, environment: DeploymentEnvironment
    ) async throws {
        guard environment == .production else { return }
        let email = admin.email
        let found = try await store.read { try $0.user(email: email, in: workspace.id) }
        guard let found else { return }
        let builtIn = ServerConfiguration.Admin.builtInPassword.reveal()
        if try await passwords.verify(builtIn, against: found.passwordHash) {
            throw ConfigurationProblem.builtInAdminPassword
        }
    }
}
