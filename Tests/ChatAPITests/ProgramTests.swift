import Domain
import Foundation
import HTTPAPI
import Logging
import NIOCore
import Storage
import Synchronization
import Testing

@testable import ChatAPI

@Suite struct ProgramTests {
    /// What a run printed and did.
    private final class Run: Sendable {
        private let state = Mutex<
            (
                out: [String], err: [String], served: [ServerConfiguration], opened: Int, copied: [String],
                generated: [GenerationRequest]
            )
        >(([], [], [], 0, [], []))
        let operations: FakeOperations

        init(operations: FakeOperations = FakeOperations()) {
            self.operations = operations
        }

        var out: String { state.withLock { $0.out.joined(separator: "\n") } }
        var err: [String] { state.withLock { $0.err } }
        var served: [ServerConfiguration] { state.withLock { $0.served } }
        var opened: Int { state.withLock { $0.opened } }
        var copied: [String] { state.withLock { $0.copied } }
        var generated: [GenerationRequest] { state.withLock { $0.generated } }

        func program(
            _ sources: ConfigurationSources, input: String? = nil, typed: [String] = [],
            serve: @escaping @Sendable (ServerConfiguration) async throws -> Void = { _ in }
        ) -> Program {
            let typed = Typed(typed)
            return Program(
                entryPoints: ServerEntryPoints(
                    serve: { configuration in
                        self.state.withLock { $0.served.append(configuration) }
                        try await serve(configuration)
                    },
                    openOperations: { _ in
                        self.state.withLock { $0.opened += 1 }
                        return self.operations
                    },
                    describe: { _ in APIDescription(endpoints: [], version: "1.2.3") },
                    copyDatabase: { path, target, report in
                        self.state.withLock { $0.copied.append("\(path) \(target)") }
                        for step in [CopyStep.goesOn, .copied(table: "t", rows: 2, of: 3)] { report(step) }
                        report(.verified(table: "t", rows: 3, sha256: "00ff"))
                    },
                    generate: { _, request, report in
                        self.state.withLock { $0.generated.append(request) }
                        report(request.conversations)
                    }),
                sources: sources,
                console: Console(
                    print: { text in self.state.withLock { $0.out.append(text) } },
                    printError: { text in self.state.withLock { $0.err.append(text) } },
                    readLine: { input }, askSecretly: { _ in typed.next() }),
                startLog: { _ in nil })
        }
    }

    private final class Typed: Sendable {
        private let lines: Mutex<[String]>

        init(_ lines: [String]) {
            self.lines = Mutex(lines)
        }

        func next() -> String? {
            lines.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    // MARK: serve

    @Test(arguments: [[], ["serve"]]) func servingIsTheDefault(_ arguments: [String]) async throws {
        let run = Run()
        #expect(await run.program(folder.sources()).run(arguments) == 0)
        #expect(run.served.count == 1)
        #expect(run.served.first?.http.port == 8000)
    }

    @Test func optionsOfServeWinOverTheEnvironment() async throws {
        let run = Run()
        let arguments = [
            "--port", "9001", "--host", "::1", "--node-id", "n2", "--components",
            "realtime,assistant,api,admin,scheduler",
        ]
        let sources = folder.sources(["PORT": "9000", "NODE_ID": "n1"])
        #expect(await run.program(sources).run(["serve"] + arguments) == 0)
        #expect(await run.program(sources).run(arguments) == 0)
        for configuration in run.served {
            #expect(configuration.http.port == 9001)
            #expect(configuration.http.host == "::1")
            #expect(configuration.nodeId == "n2")
        }
        #expect(run.served.count == 2)
    }

    @Test(arguments: [
        ["serve", "--port", "70000"], ["--port", "x"], ["serve", "--components", "api"], ["serve", "--node-id", "a b"],
    ]) func aWrongOptionIsAWrongConfiguration(_ arguments: [String]) async throws {
        let run = Run()
        #expect(await run.program(folder.sources()).run(arguments) == 78)
        #expect(run.err.count == 1)
        #expect(run.err.first?.isOneLine == true)
        #expect(run.served.isEmpty)
    }

    @Test func aSecondServerOnTheSameFileIsRefused() async throws {
        let lock = try InstanceLock.acquire(databasePath: folder.file("data/chat.db"))
        let run = Run()
        #expect(await run.program(folder.sources()).run([]) == 73)
        #expect(run.served.isEmpty)
        #expect(run.err.count == 1)
        #expect(run.err.first?.contains("held by process \(ProcessInfo.processInfo.processIdentifier)") == true)
        withExtendedLifetime(lock) {}
    }

    @Test func theFileIsHeldForAsLongAsItIsServed() async throws {
        let run = Run()
        let path = folder.file("data/chat.db")
        let program = run.program(folder.sources()) { _ in
            #expect(throws: DatabaseHeld.self) { try InstanceLock.acquire(databasePath: path) }
        }
        #expect(await program.run([]) == 0)
        #expect(throws: Never.self) { try InstanceLock.acquire(databasePath: path) }
    }

    @Test func whatTheServerEndsWithDecidesTheExitCode() async throws {
        struct Odd: Error {}
        let endings: [(any Error, Int32)] = [
            (ConfigurationProblem.builtInAdminPassword, 78), (CommandFailure.databaseOutOfReach("disk\nfull"), 69),
            (Odd(), 70),
        ]
        for (error, code) in endings {
            let run = Run()
            #expect(await run.program(folder.sources()) { _ in throw error }.run([]) == code)
            #expect(run.err.count == 1)
            #expect(run.err.first?.isOneLine == true)
        }
    }

    // MARK: Usage

    @Test(arguments: [
        ["nonsense"], ["serve", "--nonsense"], ["workspace", "create"], ["user", "create", "--email", "a@b.c"],
        ["user", "x"],
        ["workspace", "create", "--slug", "a", "--name"],
    ]) func aWrongCommandLineIsAUsageError(_ arguments: [String]) async throws {
        let run = Run()
        #expect(await run.program(folder.sources()).run(arguments) == 64)
        #expect(!run.err.isEmpty)
        #expect(run.opened == 0)
        #expect(!folder.exists("data"))
    }

    @Test func helpListsEveryVerbAndEveryKey() async throws {
        for arguments in [["--help"], ["-h"], ["help"]] {
            let run = Run()
            #expect(await run.program(folder.sources(["PORT": "wrong"])).run(arguments) == 0)
            for word in ["serve", "migrate", "doctor", "workspace", "user", "--version"] {
                #expect(run.out.contains(word))
            }
            for key in ConfigurationKey.all { #expect(run.out.contains(key.name)) }
        }
    }

    @Test func theVersionIsPrinted() async throws {
        let run = Run()
        #expect(await run.program(folder.sources()).run(["--version"]) == 0)
        #expect(run.out == "chat-api \(Version.current)")
    }

    // MARK: Verbs

    @Test func verbsWorkOnAFileThatNobodyHolds() async throws {
        let run = Run()
        let program = run.program(folder.sources(["CHAT_API_PASSWORD": "from environment"]), input: "from input")
        #expect(await program.run(["migrate"]) == 0)
        #expect(await program.run(["workspace", "create", "--slug", "acme", "--name", "Acme"]) == 0)
        let user = ["--email", "a@b.c", "--name", "A", "--role", "agent"]
        #expect(await program.run(["user", "create"] + user) == 0)
        #expect(await program.run(["user", "create", "--workspace", "acme", "--password-stdin"] + user) == 0)
        #expect(await program.run(["user", "set-password", "--email", "a@b.c"]) == 0)
        #expect(
            run.operations.calls == [
                "migrate", "close", "workspace acme Acme", "close", "user default a@b.c A agent from environment",
                "close",
                "user acme a@b.c A agent from input", "close", "password default a@b.c from environment", "close",
            ])
        #expect(run.out.contains("the schema is at version 1"))
        #expect(run.out.contains("created workspace acme (w1)"))
        #expect(run.out.contains("ibx_k") && run.out.contains("ibs_s"))
        #expect(!run.out.contains("from environment"))
        #expect(run.err.isEmpty)
    }

    @Test func aFileIsCopiedIntoADatabaseServer() async throws {
        let file = folder.file("old.db")
        try Data().write(to: URL(filePath: file))
        let run = Run()
        let secret = String(repeating: "secret", count: 8)
        let program = run.program(
            folder.sources(["DATABASE_URL": "mysql://c@db/other", "JWT_SECRET": secret, "ENCRYPTION_KEY": secret]))
        #expect(await program.run(["migrate", "--from", "sqlite:\(file)", "--to", "mysql://chat:secret@db/chat"]) == 0)
        #expect(await program.run(["migrate", "--from", "sqlite:\(file)"]) == 0)
        #expect(run.copied == ["\(file) chat@db:3306/chat", "\(file) c@db:3306/other"])
        #expect(run.out.contains("copied    t: 2 of 3\nverified  t: 3, sha256 00ff\nthe copy is complete"))
        #expect(!run.out.contains("secret") && run.err.isEmpty && run.opened == 0)
    }

    @Test func aFileThatAServerHoldsIsNotCopied() async throws {
        let file = folder.file("old.db")
        try Data().write(to: URL(filePath: file))
        let lock = try InstanceLock.acquire(databasePath: file)
        let run = Run()
        #expect(
            await run.program(folder.sources()).run(["migrate", "--from", "sqlite:\(file)", "--to", "mysql://c@db/c"])
                == 73)
        #expect(run.copied.isEmpty && run.err.count == 1)
        #expect(run.err.first?.contains("is held by process") == true)
        withExtendedLifetime(lock) {}
    }

    @Test(arguments: [
        ["--to", "mysql://c:secret@db/c"], ["--from", "mysql://c:secret@db/c", "--to", "mysql://c:secret@db/c"],
        ["--from", "sqlite:a.db", "--to", "sqlite:b.db"], ["--from", "sqlite:a.db"],
        ["--from", "a.db", "--to", "mysql://c:secret@db/c"], ["--from", "sqlite:a.db", "--to", "mysql://:secret@db"],
    ]) func aCopyNeedsAFileAndAServer(_ arguments: [String]) async throws {
        let run = Run()
        #expect(await run.program(folder.sources()).run(["migrate"] + arguments) == 64)
        #expect(run.copied.isEmpty && run.err.count == 1 && !run.err.joined().contains("secret"))
    }

    @Test func aFileThatIsNotThereIsNotMade() async throws {
        let run = Run()
        let arguments = ["migrate", "--from", "sqlite:\(folder.file("none.db"))", "--to", "mysql://c@db/c"]
        #expect(await run.program(folder.sources()).run(arguments) == 69)
        #expect(run.copied.isEmpty && !folder.exists("none.db.lock"))
    }

    @Test func conversationsAreGeneratedAsAskedFor() async throws {
        let run = Run()
        let arguments = ["generate", "--conversations", "7", "--seed", "3", "--end", "2026-01-31T12:00:00Z"]
        #expect(await run.program(folder.sources()).run(arguments) == 0)
        #expect(run.generated.map(\.conversations) == [7] && run.generated.first?.seed == 3)
        #expect(run.generated.first?.end == Timestamp(milliseconds: 1_769_860_800_000))
        for wrong in [["--conversations", "0"], ["--conversations", "5", "--end", "yesterday"], []] {
            #expect(await run.program(folder.sources()).run(["generate"] + wrong) == 64)
        }
        #expect(run.generated.count == 1)
    }

    @Test func figuresAreCountedAnewUntilAllIsCounted() async throws {
        let run = Run()
        #expect(await run.program(folder.sources()).run(["stats", "rebuild"]) == 0)
        #expect(run.operations.calls == ["rebuild", "count", "count", "count", "close"])
        let lines = ["removing the old figures", "removing the old figures", "counted up to event 2 of 3"]
        #expect(run.out == (lines + ["counted 3 events anew"]).joined(separator: "\n"))
    }

    @Test func aPasswordIsTypedTwice() async throws {
        let arguments = ["user", "set-password", "--email", "a@b.c"]
        let same = Run()
        #expect(await same.program(folder.sources(), typed: ["typed", "typed"]).run(arguments) == 0)
        #expect(same.operations.calls.first == "password default a@b.c typed")
        for typed in [["one", "two"], ["one"], [""], []] {
            let run = Run()
            #expect(await run.program(folder.sources(), typed: typed).run(arguments) == 64)
            #expect(run.opened == 0)
        }
        let empty = Run()
        #expect(await empty.program(folder.sources(), input: "").run(arguments + ["--password-stdin"]) == 64)
    }

    @Test func aRefusalIsPrintedAndTheDatabaseClosed() async throws {
        let run = Run(operations: FakeOperations(failure: .refused("the slug is taken")))
        #expect(await run.program(folder.sources()).run(["workspace", "create", "--slug", "a", "--name", "A"]) == 65)
        #expect(run.err == ["chat-api: the slug is taken"])
        #expect(run.operations.calls == ["workspace a A", "close"])
    }

    @Test func verbsGoThroughTheServerThatHoldsTheFile() async throws {
        let lock = try InstanceLock.acquire(databasePath: folder.file("data/chat.db"))
        let inServer = FakeOperations()
        let server = ControlServer(
            path: folder.file("data/control.sock"), logger: Logger(label: "test"),
            handler: OperationsDispatch(inServer).answer)
        await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            let run = Run()
            let program = run.program(folder.sources())
            #expect(await eventually { await program.run(["workspace", "create", "--slug", "a", "--name", "A"]) == 0 })
            #expect(inServer.calls == ["workspace a A"])
            #expect(run.opened == 0)
            #expect(await program.run(["doctor"]) == 0)
            #expect(run.out.contains("schema"))
            group.cancelAll()
            while await group.nextResult() != nil {}
        }
        withExtendedLifetime(lock) {}
    }

    @Test func verbsRefuseWhenTheHolderDoesNotAnswer() async throws {
        let lock = try InstanceLock.acquire(databasePath: folder.file("data/chat.db"))
        let run = Run()
        #expect(await run.program(folder.sources()).run(["migrate"]) == 73)
        #expect(run.opened == 0)
        #expect(run.err.count == 1)
        #expect(run.err.first?.contains("held by process") == true)
        #expect(run.err.first?.contains("control socket does not answer") == true)
        withExtendedLifetime(lock) {}
    }

    @Test func doctorTellsWhatIsBroken() async throws {
        let well = Run()
        #expect(await well.program(folder.sources()).run(["doctor"]) == 0)
        #expect(well.out.contains("ok      data folder"))
        #expect(well.out.contains("ok      schema"))
        let ill = Run(operations: FakeOperations(failure: .databaseOutOfReach("it is gone")))
        #expect(await ill.program(folder.sources()).run(["doctor"]) == 1)
        #expect(ill.out.contains("failed  database"))
        let unconfigured = Run()
        #expect(await unconfigured.program(folder.sources(["PORT": "x"])).run(["doctor"]) == 78)
    }
}
