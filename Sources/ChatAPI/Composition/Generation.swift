import Domain
import Identity
import Logging
import Storage

/// Fills a workspace of a database that this process holds.
struct Generation: Sendable {
    let configuration: ServerConfiguration
    let request: GenerationRequest
    let logger: Logger

    /// - Parameter report: told how many conversations there are so far.
    func run(report: @escaping @Sendable (Int) -> Void) async throws {
        let name = "command-\(UInt32.random(in: .min ... .max))"
        let database = try await OpenDatabase.open(configuration, as: name, logger: logger)
        let result: Result<Void, any Error>
        do {
            result = .success(try await fill(database, report: report))
        } catch {
            result = .failure(error)
        }
        await database.close()
        try result.get()
    }

    private func fill(_ database: OpenDatabase, report: @Sendable (Int) -> Void) async throws {
        let passwords = PasswordHasher()
        try await FirstStart(store: database.store, passwords: passwords, logger: logger).prepare(
            admin: configuration.admin, environment: configuration.environment)
        let slug = request.workspace
        guard let workspace = try await database.store.read({ try $0.workspace(slug: slug) }) else {
            throw CommandFailure.refused("there is no workspace \(slug)")
        }
        let installation = GeneratedInstallation(
            in: workspace, of: database.store,
            size: .init(conversations: request.conversations, agents: request.agents), seed: request.seed,
            end: request.end ?? database.store.clock.now())
        do {
            try await installation.make(
                passwordHash: try await passwords.hash(request.password),
                inboxKey: { (InboxKeys.publicKey(), Array(InboxKeys.secret().utf8)) }, report: report)
        } catch Refusal.conflict(let detail) {
            throw CommandFailure.refused(detail)
        }
    }
}
