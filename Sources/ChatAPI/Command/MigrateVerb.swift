import ArgumentParser
import Foundation
import Storage

/// `chat-api migrate`.
struct MigrateVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database's schema up to date, or copy everything into MySQL.",
        discussion: """
            With --from the installation in a SQLite file is copied into an empty MySQL database: the same accounts, \
            conversations and identifiers, so that clients just go on. Stop the server first. What was copied is read \
            back and compared. Interrupted, it is simply run again.
            """)

    @Option(help: "The SQLite file to copy, such as sqlite:data/chat.db.")
    var from: String?

    @Option(help: "Where to, mysql://user:password@host:3306/name; DATABASE_URL when not given.")
    var to: String?

    func perform(in program: Program) async throws {
        if let from { return try await copy(from: from, in: program) }
        guard to == nil else { throw CommandFailure(ExitStatus.usage, "--to needs --from, the SQLite file to copy") }
        let configuration = try program.configuration()
        let summary = try await program.withOperations(configuration) { try await $0.migrate() }
        for name in summary.applied { program.console.print("applied \(name)") }
        program.console.print("the schema is at version \(summary.version)")
    }

    private func copy(from: String, in program: Program) async throws {
        guard case .sqlite(let path) = try Self.address(from, of: "--from") else {
            throw CommandFailure(ExitStatus.usage, "--from: copies are made from SQLite files, sqlite:PATH")
        }
        let given = try to.map { try Self.address($0, of: "--to") }
        guard case .mysql(let target) = try given ?? program.configuration().database else {
            throw CommandFailure(
                ExitStatus.usage, "\(given == nil ? "DATABASE_URL" : "--to"): copies are made into MySQL, mysql://…")
        }
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure.databaseOutOfReach("--from: there is no file \(path)")
        }
        let lock = try InstanceLock.acquire(databasePath: path)
        defer { withExtendedLifetime(lock) {} }
        let console = program.console
        try await program.entryPoints.copyDatabase(path, target) { console.print(Self.line(of: $0)) }
        console.print("the copy is complete; serve it with DATABASE_URL set to \(target)")
    }

    private static func address(_ text: String, of option: String) throws -> DatabaseAddress {
        do {
            return try DatabaseAddress(text)
        } catch let wrong as WrongValue {
            throw CommandFailure(ExitStatus.usage, "\(option): \(wrong.problem)")
        }
    }

    private static func line(of step: CopyStep) -> String {
        switch step {
        case .goesOn: "going on with the copy that was interrupted"
        case .copied(let table, let rows, let total): "copied    \(table): \(rows) of \(total)"
        case .compared(let table, let rows): "compared  \(table): \(rows) so far"
        case .verified(let table, let rows, let sum): "verified  \(table): \(rows), sha256 \(sum)"
        }
    }
}
