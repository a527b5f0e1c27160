/// What the command needs from the server: the two ways into its composition.
struct ServerEntryPoints: Sendable {
    /// Serves until a signal ends it. The caller holds the database's ``InstanceLock`` and has started the log.
    ///
    /// - Throws: ``ConfigurationProblem`` (exit code 78), ``CommandFailure`` (its own), anything else (70).
    var serve: @Sendable (ServerConfiguration) async throws -> Void

    /// Opens the database for one verb. The caller holds the database's ``InstanceLock`` and calls `close()`.
    var openOperations: @Sendable (ServerConfiguration) async throws -> any Operations
}
