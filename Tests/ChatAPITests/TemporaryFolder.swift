import Foundation

@testable import ChatAPI

/// A folder of its own for a test, gone with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "chat-api-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: file(name), encoding: .utf8)
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    /// Permission bits of a file.
    func mode(of name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: file(name))
        return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
    }

    /// A configuration's sources with this folder as the working directory and nothing of the real environment.
    func sources(_ environment: [String: String] = [:], options: [String: String] = [:]) -> ConfigurationSources {
        ConfigurationSources(
            options: options, environment: environment, workingDirectory: path, hostName: "test-host.example",
            terminal: .none)
    }

    /// The configuration that `environment` gives.
    func configuration(_ environment: [String: String] = [:]) throws(ConfigurationProblem) -> ServerConfiguration {
        try ServerConfiguration(from: sources(environment))
    }
}
