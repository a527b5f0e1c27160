extension Program {
    /// Does `work` on the data: on the database itself when nobody holds it, otherwise through the running server's
    /// control socket. One process owns a SQLite file (two that write can corrupt it), so there is no third way.
    func withOperations<Result: Sendable>(
        _ configuration: ServerConfiguration, _ work: (any Operations) async throws -> Result
    ) async throws -> Result {
        do {
            let lock = try InstanceLock.acquire(for: configuration.database)
            defer { withExtendedLifetime(lock) {} }
            let operations = try await entryPoints.openOperations(configuration)
            do {
                let result = try await work(operations)
                await operations.close()
                return result
            } catch {
                await operations.close()
                throw error
            }
        } catch let held as DatabaseHeld {
            let client = ControlClient(path: configuration.dataDirectory.controlSocket)
            do {
                return try await work(RemoteOperations(client))
            } catch let unreachable as ControlUnreachable {
                throw CommandFailure(ExitStatus.databaseHeld, "\(held), and \(unreachable)")
            }
        }
    }
}
