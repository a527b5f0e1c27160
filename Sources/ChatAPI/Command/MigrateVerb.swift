import ArgumentParser

/// `chat-api migrate`.
struct MigrateVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database's schema up to date.")

    func perform(in program: Program) async throws {
        let configuration = try program.configuration()
        let summary = try await program.withOperations(configuration) { try await $0.migrate() }
        for name in summary.applied { program.console.print("applied \(name)") }
        program.console.print("the schema is at version \(summary.version)")
    }
}
