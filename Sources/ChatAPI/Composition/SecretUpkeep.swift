import Domain
import Storage

/// Looks at every stored secret before the database is used: whether our keys open it, and whether it is sealed with the
/// first of them. What is plain, or sealed with a later one, is sealed anew; of several nodes that do so at once, each
/// row is done by one.
struct SecretUpkeep: Sendable {
    struct Result: Sendable, Equatable {
        var secrets = 0
        var renewed = 0
        /// That a key of ours should open, and does not: changed by somebody, or by a disk.
        var damaged = 0
        var keyId: SecretKeyId
    }

    /// Rows of one look.
    private static let page = 200

    let store: ChatStore

    /// - Throws: ``CommandFailure`` with 78 when some are sealed with a key that is not configured.
    func run() async throws -> Result {
        var result = Result(keyId: store.settings.secrets.keyId)
        var next: Identifier<Inbox>?
        var outdated: [Identifier<Inbox>] = []
        repeat {
            let (found, end) = try await store.read { [next] in try $0.surveySecrets(after: next, limit: Self.page) }
            if let key = found.unknownKeys.map(\.description).min() {
                throw CommandFailure(
                    ExitStatus.configuration,
                    "ENCRYPTION_KEY: secrets in the database are encrypted with another key, \(key); "
                        + "set that one, or both with a comma between them")
            }
            result.secrets += found.count
            result.damaged += found.damaged.count
            outdated += found.outdated
            next = end
        } while next != nil
        // Only once all is known to open: a wrong key must change nothing.
        for id in outdated where try await store.write(run: { try $0.renewSecrets(of: id) }) { result.renewed += 1 }
        return result
    }
}
