import HTTPAPI
import Storage
import StorageMySQL

/// What the command needs from the server: the ways into its composition.
struct ServerEntryPoints: Sendable {
    /// Serves until a signal ends it. The caller holds the database's ``InstanceLock`` and has started the log.
    ///
    /// - Throws: ``ConfigurationProblem`` (exit code 78), ``CommandFailure`` (its own), anything else (70).
    var serve: @Sendable (ServerConfiguration) async throws -> Void

    /// Opens the database for one verb. The caller holds the database's ``InstanceLock`` and calls `close()`.
    var openOperations: @Sendable (ServerConfiguration) async throws -> any Operations

    /// Puts the server together without running it, and tells what its HTTP side offers.
    var describe: @Sendable (ServerConfiguration) async throws -> APIDescription

    /// Copies the installation in a SQLite file, whose ``InstanceLock`` the caller holds, into an empty MySQL database,
    /// and tells how far it has come.
    var copyDatabase:
        @Sendable (
            _ path: String, _ target: MySQLAddress, _ report: @escaping @Sendable (CopyStep) -> Void
        ) async throws -> Void

    /// Fills a workspace with generated conversations and tells how many there are so far. The caller holds the database's
    /// ``InstanceLock``.
    var generate:
        @Sendable (
            ServerConfiguration, GenerationRequest, _ report: @escaping @Sendable (Int) -> Void
        ) async throws -> Void
}
