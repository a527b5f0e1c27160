import ArgumentParser

/// `chat-api` itself. Without a verb it serves.
struct ChatAPICommand: ParsableCommand {
    private static let abstract = "A self-hosted, AI-first customer service chat server."

    static let configuration = CommandConfiguration(
        commandName: "chat-api",
        abstract: abstract,
        version: "chat-api \(Version.current)",
        subcommands: [
            ServeVerb.self, MigrateVerb.self, DoctorVerb.self, WorkspaceVerbs.self, UserVerbs.self,
            StatisticsVerbs.self, KnowledgeVerbs.self,
            OpenAPIVerb.self, GenerateVerb.self, EnvExampleVerb.self,
        ],
        defaultSubcommand: ServeVerb.self)

    /// `help` with the configuration behind it when it is that of the command itself: a discussion would stand before
    /// the verbs and push them off the screen.
    static func complete(help: String) -> String {
        guard help.contains(abstract) else { return help }
        return help + "\n\n" + ConfigurationText.help
    }
}

/// Prints `.env.example`. For this project's own use; the file is checked in.
struct EnvExampleVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "env-example", abstract: "Print .env.example.", shouldDisplay: false)

    func perform(in program: Program) async throws {
        program.console.print(String(ConfigurationText.example.dropLast()))
    }
}
