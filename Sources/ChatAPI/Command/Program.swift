import ArgumentParser
import Logging
import Observability

/// One run of the command: from arguments to an exit code.
struct Program: Sendable {
    /// How long the end of the process waits for somebody to read the log.
    static let logFlushSeconds = 2.0

    let entryPoints: ServerEntryPoints
    var sources: ConfigurationSources
    var console: Console
    /// Starts the process's log; nil where it was started before.
    var startLog: @Sendable (LogsConfiguration) -> LogOutput?

    /// The program of this process.
    static func process(entryPoints: ServerEntryPoints) -> Program {
        Program(entryPoints: entryPoints, sources: .process(), console: .process) { logs in
            let output = logs.format.output(descriptor: 1)
            return LoggingBootstrap.start(format: logs.format, level: logs.level, output: output) ? output : nil
        }
    }

    /// Runs the verb that `arguments` (without the command's own name) ask for.
    /// - Returns: the exit code; what there is to say has been printed.
    func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try ChatAPICommand.parseAsRoot(arguments)
            if let verb = command as? any Verb {
                try await verb.perform(in: self)
            } else {
                try command.run()  // prints help
            }
            return ExitStatus.success
        } catch {
            // `--help`, `--version` and a wrong command line are ArgumentParser's to word; anything else is ours.
            let code = ChatAPICommand.exitCode(for: error).rawValue
            let text = ChatAPICommand.fullMessage(for: error)
            switch code {
            case ExitStatus.success: console.print(ChatAPICommand.complete(help: text))
            case ExitStatus.usage: console.printError(text)
            default:
                let failure = CommandFailure(error)
                console.printError("chat-api: \(failure)")
                return failure.exitCode
            }
            return code
        }
    }

    /// The configuration of this run.
    func configuration(options: [String: String] = [:]) throws -> ServerConfiguration {
        var sources = sources
        sources.options = options
        return try ServerConfiguration(from: sources)
    }
}
