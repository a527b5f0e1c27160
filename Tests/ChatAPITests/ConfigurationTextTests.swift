import Foundation
import Testing

@testable import ChatAPI

@Suite struct ConfigurationTextTests {
    @Test func theExampleFileIsUpToDate() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = try String(contentsOf: root.appendingPathComponent(".env.example"), encoding: .utf8)
        #expect(file == ConfigurationText.example, "write it anew: chat-api env-example > .env.example")
    }

    @Test func aCopyOfTheExampleFileChangesNothing() throws {
        #expect(try EnvironmentFile.parse(ConfigurationText.example).isEmpty)
    }

    @Test func everyLineOfTheExampleCanBeUncommented() throws {
        let folder = try TemporaryFolder()
        let text = ConfigurationText.example.split(separator: "\n").map { line in
            let isKey = ConfigurationKey.all.contains { line.hasPrefix("#\($0.name)=") }
            return isKey ? String(line.dropFirst()) : String(line)
        }.joined(separator: "\n")
        let values = try EnvironmentFile.parse(text)
        #expect(Set(values.keys) == Set(ConfigurationKey.all.map(\.name)))
        // Providers that need a key are listed in the example, and no example holds a key.
        var environment = values.filter { $0.key != "DATA_DIR" }
        environment["OPENAI_API_KEY"] = "sk-1"
        environment["DASHSCOPE_API_KEY"] = "sk-2"
        #expect(throws: Never.self) { try folder.configuration(environment) }
    }

    @Test func helpListsEveryKeyWithItsDefaultInLinesThatFit() {
        let help = ConfigurationText.help
        for key in ConfigurationKey.all { #expect(help.contains("    \(key.name)  (\(key.shownDefault))\n")) }
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
}
