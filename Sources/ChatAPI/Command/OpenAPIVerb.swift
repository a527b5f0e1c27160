import ArgumentParser
import Foundation
import HTTPAPI
import Wire

/// `chat-api openapi`.
struct OpenAPIVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "openapi", abstract: "Print the description of the HTTP API (OpenAPI 3.1).",
        discussion: "It needs no server and no database, and says nothing of the installation that it is run in.")

    @Flag(help: "Print the WebSocket's frames and events instead, as Markdown.")
    var events = false

    func perform(in program: Program) async throws {
        if events { return program.console.print(String(APIDescription.events.dropLast())) }
        // The description is that of the server as it is put together, so one is: in a folder that lives as long.
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "chat-api-openapi-\(UInt64.random(in: .min ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path(percentEncoded: false)
        var sources = program.sources
        sources.options = [:]
        sources.environment = [
            "DATA_DIR": path, "DATABASE_URL": "sqlite:\(path)/chat.db", "AI_PROVIDERS": "builtin",
        ]
        sources.workingDirectory = path
        let configuration = try ServerConfiguration(from: sources)
        let description = try await program.entryPoints.describe(configuration)
        program.console.print(String(description.document.pretty.dropLast()))
    }
}
