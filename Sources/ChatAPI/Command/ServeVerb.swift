import ArgumentParser
import Logging
import Observability

/// `chat-api serve`.
struct ServeVerb: Verb, ConfigurationOptions {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve until a signal ends it. Migrates the schema itself. The default.",
        discussion:
            "The options stand for the configuration keys PORT, HOST, NODE_ID and COMPONENTS, and win over them.")

    @Option(help: "TCP port to listen on; 0 takes any free one.")
    var port: String?

    @Option(help: "Address to listen on.")
    var host: String?

    @Option(name: .customLong("node-id"), help: "Name of this process.")
    var nodeId: String?

    @Option(help: "What this process runs, comma-separated.")
    var components: String?

    var values: [String: String] {
        let options: [(ConfigurationKey, String?)] = [
            (.port, port), (.host, host), (.nodeId, nodeId), (.components, components),
        ]
        return options.reduce(into: [:]) { values, option in
            if let text = option.1 { values[option.0.name] = text }
        }
    }

    func perform(in program: Program) async throws {
        let configuration = try program.configuration(options: values)
        let lock = try InstanceLock.acquire(for: configuration.database)
        let output = program.startLog(configuration.logs)
        // Whatever ends the server, its last words are written.
        defer { output?.flush(within: Program.logFlushSeconds) }

        let logger = Logger(label: "server")
        for warning in configuration.warnings { logger.warning("\(warning)") }
        defer { withExtendedLifetime(lock) {} }
        try await program.entryPoints.serve(configuration)
    }
}
