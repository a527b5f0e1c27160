import ArgumentParser

/// `chat-api user …`.
struct UserVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Users: the people who sign in.",
        subcommands: [Create.self, SetPassword.self])

    private static let passwordNote = """
        The password comes from --password-stdin, else from \(PasswordSource.environmentName), else from the terminal.
        """

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Create a user.", discussion: passwordNote)

        @Option(help: "E-mail address, used at login.")
        var email: String

        @Option(help: "Name that people see.")
        var name: String

        @Option(help: "Role: admin, supervisor, agent or customer.")
        var role: String

        @Option(help: "Slug of the workspace.")
        var workspace = "default"

        @OptionGroup var password: PasswordSource

        func perform(in program: Program) async throws {
            let configuration = try program.configuration()
            let request = NewUser(
                workspace: workspace, email: email, name: name, role: role,
                password: try password.read(environment: program.sources.environment, console: program.console))
            let user = try await program.withOperations(configuration) { try await $0.createUser(request) }
            program.console.print("created \(user.role) \(user.email) in \(user.workspace) (\(user.id))")
        }
    }

    struct SetPassword: Verb {
        static let configuration = CommandConfiguration(
            commandName: "set-password", abstract: "Set a user's password and end the user's logins.",
            discussion: passwordNote)

        @Option(help: "E-mail address of the user.")
        var email: String

        @Option(help: "Slug of the workspace.")
        var workspace = "default"

        @OptionGroup var password: PasswordSource

        func perform(in program: Program) async throws {
            let configuration = try program.configuration()
            let request = PasswordChange(
                workspace: workspace, email: email,
                password: try password.read(environment: program.sources.environment, console: program.console))
            let user = try await program.withOperations(configuration) { try await $0.setPassword(request) }
            program.console.print("set the password of \(user.email) in \(user.workspace)")
        }
    }
}
