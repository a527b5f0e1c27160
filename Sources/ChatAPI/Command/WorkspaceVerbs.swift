import ArgumentParser

/// `chat-api workspace …`.
struct WorkspaceVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workspace", abstract: "Workspaces: each has its own users, contacts and conversations.",
        subcommands: [Create.self])

    struct Create: Verb {
        static let configuration = CommandConfiguration(commandName: "create", abstract: "Create a workspace.")

        @Option(help: "Short name used at login, such as acme.")
        var slug: String

        @Option(help: "Name that people see.")
        var name: String

        func perform(in program: Program) async throws {
            let configuration = try program.configuration()
            let request = NewWorkspace(slug: slug, name: name)
            let workspace = try await program.withOperations(configuration) { try await $0.createWorkspace(request) }
            program.console.print(
                """
                created workspace \(workspace.slug) (\(workspace.id))
                inbox key     \(workspace.inboxKey)  (for the widget: data-inbox-key)
                inbox secret  \(workspace.inboxSecret)  (signs identity tokens; shown only now)
                """)
        }
    }
}
