import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing

@testable import ChatAPI

@Suite struct ControlSocketTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("control.sock")
    }

    /// Runs `body` beside a server that sends back what it gets.
    private func withServer(
        at path: String? = nil, patience: TimeAmount = .seconds(30), _ body: () async throws -> Void
    ) async throws {
        try await withServer(at: path, patience: patience, handler: { $0 }, body)
    }

    /// Runs `body` beside a server that answers with `handler`.
    private func withServer(
        at path: String? = nil, patience: TimeAmount = .seconds(30),
        handler: @escaping @Sendable (ByteBuffer) async -> ByteBuffer, _ body: () async throws -> Void
    ) async throws {
        let path = path ?? self.path
        let server = ControlServer(path: path, patience: patience, logger: Logger(label: "test"), handler: handler)
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            #expect(
                await eventually { (try? await ControlClient(path: path).exchange(ByteBuffer(string: "{}"))) != nil })
            try await body()
            group.cancelAll()
            while case .failure(let error)? = await group.nextResult() {
                #expect(error is CancellationError, "\(error)")
            }
        }
    }

    /// The server is there and sends back what it gets.
    private func expectEcho(at path: String) async throws {
        #expect(try await ControlClient(path: path).exchange(ByteBuffer(string: "x")) == ByteBuffer(string: "x"))
    }

    /// What the server sends until it closes, in answer to these bytes.
    private func rawExchange(_ bytes: [UInt8], closing: Bool = true) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try? await outbound.write(ByteBuffer(bytes: bytes))
            if closing { outbound.finish() }
            var text = ""
            do {
                for try await part in inbound { text += String(buffer: part) }
            } catch {
                // A reset after the answer: the server has closed with bytes of ours unread.
            }
            return text
        }
    }

    @Test func theSocketIsItsOwnersOnlyAndGoneAtTheEnd() async throws {
        try await withServer {
            let mode = try folder.mode(of: "control.sock")
            #expect(mode == 0o600)
        }
        #expect(!folder.exists("control.sock"))
    }

    @Test func everyOperationMakesTheRoundTrip() async throws {
        let operations = FakeOperations()
        let dispatch = OperationsDispatch(operations)
        try await withServer(handler: dispatch.answer) {
            let remote = RemoteOperations(ControlClient(path: path))
            #expect(try await remote.migrate() == MigrationSummary(version: 1, applied: ["0001_initial"]))
            let workspace = try await remote.createWorkspace(NewWorkspace(slug: "acme", name: "Acme 株式会社\n\"x\""))
            #expect(
                workspace
                    == WorkspaceSummary(
                        id: "w1", slug: "acme", name: "Acme 株式会社\n\"x\"", inboxKey: "ibx_k", inboxSecret: "ibs_s"))
            let user = try await remote.createUser(
                NewUser(workspace: "acme", email: "a@b.c", name: "A", role: "agent", password: "p w\u{0}é"))
            #expect(user == UserSummary(id: "u1", workspace: "acme", email: "a@b.c", role: "agent"))
            let change = PasswordChange(workspace: "acme", email: "a@b.c", password: "new")
            #expect(try await remote.setPassword(change).email == "a@b.c")
            #expect(try await remote.rebuildStatistics().isClearing)
            #expect(try await remote.continueStatistics().position == 1)
            #expect(try await remote.doctor() == [DoctorCheck(name: "schema", status: .ok, detail: "version 1")])
        }
        #expect(
            operations.calls == [
                "migrate", "workspace acme Acme 株式会社\n\"x\"", "user acme a@b.c A agent p w\u{0}é",
                "password acme a@b.c new", "rebuild", "count", "doctor",
            ])
    }

    @Test func aRefusalArrivesWithItsExitCode() async throws {
        let refusal = CommandFailure.refused("the slug is taken")
        let dispatch = OperationsDispatch(FakeOperations(failure: refusal))
        try await withServer(handler: dispatch.answer) {
            await #expect(throws: refusal) {
                try await RemoteOperations(ControlClient(path: path)).createWorkspace(
                    NewWorkspace(slug: "a", name: "A"))
            }
        }
    }

    @Test(arguments: [
        "", "x", "{}", "[]", "null", "{\"verb\":\"shutdown\"}", "{\"verb\":\"user create\"}", "{\"verb\":1}",
        "{\"verb\":\"user create\",\"arguments\":{\"email\":5}}", "{\"verb\":\"workspace create\",\"arguments\":[]}",
        "\u{0}\u{1}", String(repeating: "[", count: 60_000),
    ]) func garbageIsAnsweredAndChangesNothing(_ line: String) async throws {
        let operations = FakeOperations()
        let dispatch = OperationsDispatch(operations)
        try await withServer(handler: dispatch.answer) {
            let answer = try await rawExchange(Array("\(line)\n".utf8) + [0xFF, 0xFE, 0x0A])
            let lines = answer.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.allSatisfy { $0.contains("\"exit_code\":64") })
            // The server is still there.
            #expect(try await RemoteOperations(ControlClient(path: path)).doctor().count == 1)
        }
        #expect(operations.calls == ["doctor"])
    }

    @Test func aLineThatIsTooLongEndsTheConnection() async throws {
        try await withServer {
            let longest = [UInt8](repeating: 0x61, count: ControlLine.maximumBytes)
            #expect(try await rawExchange(longest + [0x0A]).utf8.count == longest.count + 1)
            let answer = try await rawExchange(longest + [0x61, 0x0A])
            #expect(answer.contains("too long"))
            #expect(
                try await rawExchange([UInt8](repeating: 0x61, count: 2 * ControlLine.maximumBytes), closing: false)
                    .contains("too long"))
            try await expectEcho(at: path)
        }
    }

    @Test func aLineWithoutAnEndIsNotARequest() async throws {
        try await withServer {
            let nothing = try await rawExchange(Array("half".utf8))
            #expect(nothing == "")
            #expect(try await rawExchange(Array("one\ntwo\nhalf".utf8)) == "one\ntwo\n")
        }
    }

    @Test func aClientThatSaysNothingIsLetGo() async throws {
        try await withServer(patience: .milliseconds(200)) {
            // Ends only because the server closes.
            let answer = try await rawExchange(Array("half".utf8), closing: false)
            #expect(answer == "")
        }
    }

    @Test func moreClientsThanPlacesWaitForTheirTurn() async throws {
        let isOpen = FlagBox()
        let inside = Counter()
        let handler: @Sendable (ByteBuffer) async -> ByteBuffer = { line in
            guard line == ByteBuffer(string: "wait") else { return line }
            inside.add(1)
            while !isOpen.isSet { try? await Task.sleep(for: .milliseconds(5)) }
            return line
        }
        try await withServer(handler: handler) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<ControlServer.maximumClients * 2 {
                    group.addTask { _ = try await ControlClient(path: path).exchange(ByteBuffer(string: "wait")) }
                }
                #expect(await eventually { inside.value == ControlServer.maximumClients })
                // All places are taken: this one is not served.
                let late = ControlClient(path: path, answerTimeout: .milliseconds(100))
                await #expect(throws: ControlUnreachable.self) { try await late.exchange(ByteBuffer(string: "x")) }
                #expect(inside.value == ControlServer.maximumClients)
                isOpen.set()
                try await group.waitForAll()
            }
            #expect(inside.value == ControlServer.maximumClients * 2)
            try await expectEcho(at: path)
        }
    }

    @Test func silentClientsCannotKeepAllPlaces() async throws {
        try await withServer(patience: .milliseconds(200)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<ControlServer.maximumClients * 2 {
                    group.addTask { _ = try await rawExchange(Array("half".utf8), closing: false) }
                }
                try await expectEcho(at: path)
                try await group.waitForAll()
            }
        }
    }

    @Test func clientsStillWaitingAtTheEndAreNoHarm() async throws {
        for _ in 0..<20 {
            try await withServer(patience: .hours(1)) {
                let address = path
                for _ in 0..<ControlServer.maximumClients * 2 {
                    _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .connect(unixDomainSocketPath: address).get()
                }
            }
        }
    }

    @Test func aGracefulShutdownAnswersWhatWasAskedAndNothingMore() async throws {
        let isOpen = FlagBox()
        let inside = Counter()
        let server = ControlServer(path: path, patience: .hours(1), logger: Logger(label: "test")) { line in
            guard line == ByteBuffer(string: "wait") else { return line }
            inside.add(1)
            while !isOpen.isSet { try? await Task.sleep(for: .milliseconds(5)) }
            return line
        }
        let services = ServiceGroup(
            configuration: .init(services: [.init(service: server)], logger: Logger(label: "test")))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            #expect(
                await eventually { (try? await ControlClient(path: path).exchange(ByteBuffer(string: "x"))) != nil })
            group.addTask { _ = try await rawExchange(Array("half".utf8), closing: false) }
            group.addTask {
                let answer = try await ControlClient(path: path).exchange(ByteBuffer(string: "wait"))
                #expect(answer == ByteBuffer(string: "wait"))
            }
            #expect(await eventually { inside.value == 1 })
            await services.triggerGracefulShutdown()
            await #expect(throws: ControlUnreachable.self) {
                while true { _ = try await ControlClient(path: path).exchange(ByteBuffer(string: "x")) }
            }
            isOpen.set()
            try await group.waitForAll()
        }
        #expect(!folder.exists("control.sock"))
    }

    @Test func whatACrashLeftIsReplaced() async throws {
        // A socket file with nobody behind it.
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(unixDomainSocketPath: path).get()
        try FileManager.default.linkItem(atPath: path, toPath: folder.file("left.sock"))
        try await channel.close()
        if !folder.exists("control.sock") {
            try FileManager.default.moveItem(atPath: folder.file("left.sock"), toPath: path)
        }
        #expect(folder.exists("control.sock"))
        try await withServer {
            let mode = try folder.mode(of: "control.sock")
            #expect(mode == 0o600)
        }
    }

    @Test func aServerThatAnswersIsNotReplaced() async throws {
        try await withServer {
            let failure = #expect(throws: CommandFailure.self) { _ = try ControlListener(path: path) }
            #expect(failure?.exitCode == 73)
            try await expectEcho(at: path)
        }
    }

    @Test func aFileThatIsNoSocketIsNotRemoved() throws {
        try folder.write("precious", to: "control.sock")
        #expect(throws: CommandFailure.self) { _ = try ControlListener(path: path) }
        #expect(try folder.read("control.sock") == "precious")
    }

    @Test func nobodyThereIsSaidSo() async throws {
        await #expect(throws: ControlUnreachable.self) {
            try await ControlClient(path: path).exchange(ByteBuffer(string: "x"))
        }
        await #expect(throws: ControlUnreachable.self) {
            try await ControlClient(path: folder.file("no/such/folder/control.sock")).exchange(ByteBuffer(string: "x"))
        }
    }

    @Test func aServerThatNeverAnswersIsGivenUp() async throws {
        let isOpen = FlagBox()
        let handler: @Sendable (ByteBuffer) async -> ByteBuffer = { line in
            if line == ByteBuffer(string: "{}") { return line }
            while !isOpen.isSet, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
            return line
        }
        try await withServer(handler: handler) {
            let client = ControlClient(path: path, answerTimeout: .milliseconds(100))
            await #expect(throws: ControlUnreachable.self) { try await client.exchange(ByteBuffer(string: "x")) }
            isOpen.set()
        }
    }

    #if os(Linux)
    @Test func aPathLongerThanTheSystemTakesWorks() async throws {
        let deep = folder.file(String(repeating: "d", count: 120))
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        let path = "\(deep)/control.sock"
        try await withServer(at: path) {
            try await expectEcho(at: path)
            #expect(FileManager.default.fileExists(atPath: path))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }
    #endif
}
