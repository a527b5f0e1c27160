import Identity
import Logging
import NIOCore
import Observability

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The process: its arguments in, its exit code out. What it can do is ``Program``; how the server is put together is
/// what the entry points below lead to.
@main
enum Main {
    static func main() async {
        // A reader that goes away is an error of the write, not the end of the server.
        signal(SIGPIPE, SIG_IGN)
        // Whatever the process makes holds customers' words or secrets: for its owner alone.
        umask(0o077)
        AllowedCores.limitEventLoops()
        let program = Program.process(entryPoints: entryPoints)
        exit(await program.run(Array(CommandLine.arguments.dropFirst())))
    }

    /// The server's composition.
    private static let entryPoints = ServerEntryPoints(
        serve: { configuration in
            let logger = Logger(label: "server")
            let metrics = Figures.start(nodeId: configuration.nodeId, logger: logger)
            let server = try await ChatServer(configuration, metrics: metrics, logger: logger) { channel in
                StartingPages.releaseSoon()
                logger.info(
                    "listening",
                    metadata: [
                        "address": "\(channel.localAddress?.description ?? "")", "version": "\(Version.current)",
                        "node_id": "\(configuration.nodeId)",
                    ])
            }
            try await server.run()
        },
        openOperations: { configuration in
            // A verb is a process among others for as long as it runs.
            let name = "command-\(UInt32.random(in: .min ... .max))"
            let database = try await OpenDatabase.open(configuration, as: name, logger: Logger(label: "command"))
            return DatabaseOperations(database: database, passwords: PasswordHasher())
        },
        describe: { configuration in
            // What it does on the way is nobody's concern.
            let logger = Logger(label: "command") { _ in SwiftLogNoOpLogHandler() }
            let server = try await ChatServer(
                configuration, metrics: PrometheusMetrics(logger: logger), logger: logger, onListening: { _ in })
            await server.close()
            return server.description
        },
        copyDatabase: { path, target, report in
            try await DatabaseMove(path: path, target: target, logger: Logger(label: "command")).run(report: report)
        },
        generate: { configuration, request, report in
            try await Generation(configuration: configuration, request: request, logger: Logger(label: "command"))
                .run(report: report)
        })
}
