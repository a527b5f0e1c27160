import Domain
import Foundation
import Logging
import Storage
import Synchronization
import Testing

@testable import ChatAPI

@Suite struct KnowledgeVerbTests {
    private final class Printed: Sendable {
        let lines = Mutex<[String]>([])
        let errors = Mutex<[String]>([])

        var console: Console {
            Console(
                print: { line in self.lines.withLock { $0.append(line) } },
                printError: { line in self.errors.withLock { $0.append(line) } }, readLine: { nil },
                askSecretly: { _ in nil })
        }
    }

    private let folder: TemporaryFolder
    private let operations = FakeOperations()
    private let printed = Printed()

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("help/.git"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: folder.file("help/sub"), withIntermediateDirectories: true)
        try folder.write("# A\n\ntext", to: "help/a.md")
        try folder.write("question,answer\nHow?,So\nWhy?,\n", to: "help/bad.csv")
        try folder.write("# C\n\ntext", to: "help/sub/c.md")
        try folder.write("{}", to: "help/other.json")
        try folder.write("# hidden\n\ntext", to: "help/.git/d.md")
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("help/sub/loop"), withDestinationPath: folder.file("help"))
    }

    private func run(
        _ path: String, collection: String? = nil, status: Article.Status? = nil, isTrial: Bool = false
    )
        async throws -> (run: KnowledgeImportRun, files: KnowledgeFiles)
    {
        let files = try KnowledgeFiles(path: folder.file(path), collection: collection)
        var run = KnowledgeImportRun(
            workspace: "acme", status: status, isTrial: isTrial, operations: operations, console: printed.console)
        try await run.importAll(files)
        return (run, files)
    }

    @Test func aFolderIsImportedFileByFileAndBadOnesAreTold() async throws {
        let (run, _) = try await self.run("help", status: .published)
        #expect(
            operations.calls == [
                "import acme published false help/a.md", "import acme published false help/sub/c.md",
            ])
        #expect(printed.errors.withLock { $0 } == ["help/bad.csv: refused: line 3: the answer is missing"])
        let failure = #expect(throws: CommandFailure.self) { try run.finish() }
        #expect(failure == .refused("1 file was not imported"))
        #expect(
            printed.lines.withLock { $0 } == ["help/a.md: 1 created", "help/sub/c.md: 1 created", "3 files: 2 created"])
    }

    @Test func whatIsGoneIsDraftedButNothingOfABadFile() async throws {
        var (run, files) = try await self.run("help")
        try await run.prune(files)
        #expect(operations.calls.suffix(2) == ["sources acme help/ -", "draft help/old.md help/old.md#2"])
    }

    @Test func aTrialChangesNothing() async throws {
        var (run, files) = try await self.run("help", isTrial: true)
        try await run.prune(files)
        #expect(operations.calls.contains("import acme - true help/a.md"))
        #expect(!operations.calls.contains { $0.hasPrefix("draft") })
        #expect(printed.lines.withLock { $0.contains("would draft  help/old.md") })
    }

    @Test func oneFileIsKnownAsInItsFolder() async throws {
        var (run, files) = try await self.run("help/a.md")
        #expect(operations.calls == ["import acme - false help/a.md"])
        try await run.prune(files)
        // Articles that begin alike are another file's.
        #expect(operations.calls == ["import acme - false help/a.md", "sources acme help/a.md -"])
        _ = try await self.run("help", collection: "docs/site")
        #expect(operations.calls.contains("import acme - false docs/site/sub/c.md"))
    }

    @Test(arguments: ["nothing", "help/.git", "help/other.json/x"])
    func withNothingToImportNothingIsPruned(_ path: String) async throws {
        if path == "help/.git" {
            try FileManager.default.removeItem(atPath: folder.file("help/.git/d.md"))
        }
        await #expect(throws: CommandFailure.self) { _ = try await self.run(path) }
        var (run, files) = try await self.run("help/bad.csv")
        await #expect(throws: CommandFailure.self) { try await run.prune(files) }
        #expect(!operations.calls.contains { $0.hasPrefix("draft") })
    }

    @Test func longTextsGoThroughTheControlSocketInPieces() async throws {
        // The worst there is: each character needs an escape of six bytes.
        let escape = String(repeating: "\u{1}", count: 199_000)
        try folder.write("# Worst\n\nx" + escape + "x", to: "help/sub/worst.md")
        let rows = (0..<1000).map { "q\($0),\(String(repeating: "答", count: 500))" }.joined(separator: "\n")
        try folder.write("question,answer\n" + rows, to: "help/sub/many.csv")
        let server = ControlServer(
            path: folder.file("control.sock"), logger: Logger(label: "test"),
            handler: OperationsDispatch(operations).answer)
        let (path, console) = (folder.file("control.sock"), printed.console)
        let files = try KnowledgeFiles(path: folder.file("help/sub"), collection: nil)
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            #expect(await eventually { (try? await RemoteOperations(ControlClient(path: path)).doctor()) != nil })
            var run = KnowledgeImportRun(
                workspace: "acme", status: nil, isTrial: false, operations: RemoteOperations(ControlClient(path: path)),
                console: console)
            try await run.importAll(files)
            try run.finish()
            group.cancelAll()
            while await group.nextResult() != nil {}
        }
        #expect(printed.lines.withLock { $0.last } == "3 files: 1002 created")
        let counts = operations.calls.filter { $0.hasPrefix("import") }.map { $0.split(separator: " ").count - 4 }
        #expect(counts.allSatisfy { (1...ArticleBatch.maximumArticles).contains($0) })
        #expect(counts.reduce(0, +) == 1002)
    }
}
