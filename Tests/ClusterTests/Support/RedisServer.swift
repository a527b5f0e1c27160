import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Cluster

/// A `redis-server` of a test's own, in a temporary folder, on a free port of 127.0.0.1.
///
/// It is started by a shell that looks each second whether the tests still run, and else kills it: so it ends with them,
/// however they end.
final class RedisServer {
    static let path = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    static let isThere = path != nil
    static let comment: Comment = "redis-server is not installed: Scripts/install-packages test"

    let folder: URL
    let port: Int
    private let options: [String]
    private(set) var pid: Int32 = 0

    /// - Parameter options: of the command line; `%port` and `%folder` are filled in. Listens without TLS when there are none.
    init(_ options: [String] = []) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try await FreePort.find()
        let (folder, port) = (folder.path, port)
        self.options = (options.contains("--port") ? [] : ["--port", "%port"]).appending(options).map {
            $0.replacing("%port", with: "\(port)").replacing("%folder", with: folder)
        }
    }

    /// Starts the server, empty, and waits until it takes connections.
    func start() async throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        // No pipes: a process that another test starts at the same time would inherit their ends.
        let script = """
            folder=$0; tests=$1; shift
            "$@" >"$folder/log" 2>&1 & server=$!
            echo $server >"$folder/pid.new"; mv "$folder/pid.new" "$folder/pid"
            (while kill -0 $tests; do sleep 1; done; kill -KILL $server) 2>/dev/null & guard=$!
            wait $server; kill -KILL $guard
            """
        shell.arguments =
            ["-c", script, folder.path, "\(ProcessInfo.processInfo.processIdentifier)", try #require(Self.path)]
            + ["--bind", "127.0.0.1", "--dir", folder.path, "--save", "", "--appendonly", "no"] + options
        shell.standardInput = FileHandle.nullDevice
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = FileHandle.nullDevice
        let pidFile = folder.appending(path: "pid")
        try? FileManager.default.removeItem(at: pidFile)
        try shell.run()
        try await eventually("redis-server runs") {
            guard let text = try? String(contentsOf: pidFile, encoding: .utf8) else { return false }
            pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            return true
        }
        try await eventually("redis-server takes connections") { await FreePort.isTaken(port) }
    }

    func kill(_ signal: Int32 = SIGKILL) {
        if pid > 0 { _ = Foundation.kill(pid, signal) }
    }

    /// Kills the server, and waits until nobody listens.
    func stop() async throws {
        kill()
        try await eventually("redis-server is gone") { await !FreePort.isTaken(port) }
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Quick in what the tests wait for, patient with a machine that is busy with other tests.
    static let timing = RedisTiming(
        beat: .milliseconds(50), connect: .seconds(20), reply: .seconds(60), firstPause: .milliseconds(5),
        longestPause: .milliseconds(50))

    /// Gives up connections and attempts soon.
    static let impatient = RedisTiming(
        beat: .milliseconds(50), connect: .milliseconds(500), reply: .milliseconds(400), firstPause: .milliseconds(5),
        longestPause: .milliseconds(50))

    var settings: RedisSettings { RedisSettings(host: "127.0.0.1", port: port) }

    /// A node on this server. Close it.
    func bus(
        _ settings: RedisSettings? = nil, installation: String = "inst", timing: RedisTiming = RedisServer.timing
    ) -> RedisBus {
        RedisBus(
            settings: settings ?? self.settings, installation: installation, nodeId: "a",
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(), timing: timing, logger: .quiet)
    }
}

extension Array {
    fileprivate func appending(_ others: [Element]) -> [Element] { self + others }
}

/// Runs a test with a Redis of its own and a connected node.
func withRedis(
    _ options: [String] = [], timing: RedisTiming = RedisServer.timing,
    _ body: (RedisServer, RedisBus) async throws -> Void
) async throws {
    let server = try await RedisServer(options)
    try await server.start()
    let bus = server.bus(timing: timing)
    _ = await bus.connect()
    do {
        try await eventually("connected") { bus.health == .healthy }
        try await body(server, bus)
    } catch {
        await bus.close()
        throw error
    }
    await bus.close()
}

enum FreePort {
    /// A port that nobody listens on now.
    static func find() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        try await channel.close()
        return port
    }

    static func isTaken(_ port: Int) async -> Bool {
        let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port).get()
        try? await channel?.close()
        return channel != nil
    }
}
