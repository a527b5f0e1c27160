import ArgumentParser
import Domain

/// `chat-api generate`. For this project's own measurements, and to see the console with something in it.
struct GenerateVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Fill a workspace with generated conversations.",
        discussion: "Stop the server first. The same seed, size and end make the same conversations.",
        shouldDisplay: false)

    @Option(help: "How many conversations, up to 2000000.")
    var conversations: Int

    @Option(help: "Which of the many possible ones.")
    var seed: UInt64 = 1

    @Option(help: "When the newest began, such as 2026-01-31T12:00:00Z; now when not given.")
    var end: String?

    @Option(help: "Slug of the workspace.")
    var workspace = "default"

    @Option(help: "How many agents, agent1@example.com and so on, all with the password of the option below.")
    var agents = 40

    @Option(help: "Password of the agents.")
    var password = "generated-agents-only"

    func perform(in program: Program) async throws {
        let configuration = try program.configuration()
        let until = try end.map { text in
            guard let time = Timestamp(rfc3339: text) else {
                throw CommandFailure(ExitStatus.usage, "--end: must be an RFC 3339 time, such as 2026-01-31T12:00:00Z")
            }
            return time
        }
        guard (1...2_000_000).contains(conversations), (1...1000).contains(agents) else {
            throw CommandFailure(ExitStatus.usage, "--conversations: 1 to 2000000, --agents: 1 to 1000")
        }
        do {
            let lock = try InstanceLock.acquire(for: configuration.database)
            defer { withExtendedLifetime(lock) {} }
            let console = program.console
            let request = GenerationRequest(
                workspace: workspace, conversations: conversations, agents: agents, seed: seed, end: until,
                password: password)
            try await program.entryPoints.generate(configuration, request) { made in
                if made % 50_000 == 0 { console.print("\(made) conversations") }
            }
            console.print("made \(conversations) conversations in the workspace \(workspace)")
        } catch let held as DatabaseHeld {
            throw CommandFailure(ExitStatus.databaseHeld, "\(held): stop the server first")
        }
    }
}

/// What `generate` asks for.
struct GenerationRequest: Sendable {
    /// Slug of the workspace.
    let workspace: String
    let conversations: Int
    let agents: Int
    let seed: UInt64
    /// When the newest conversation began; now when nil.
    let end: Timestamp?
    /// Of every agent.
    let password: String
}
