import Foundation
import Synchronization
import Testing

@testable import StorageMySQL

/// A MariaDB server of one test, which may be killed, frozen and started again. Same data and port throughout.
final class PrivateMariaDB: Sendable {
    /// Servers that run at once.
    private static let turnstile = Turnstile(places: 2)
    private static let startPatience = Duration.seconds(60)

    private let folder: URL
    private let port: Int
    private let options: [String]
    private let process = Mutex<Process?>(nil)

    /// An installed, empty folder of data to copy: that is much faster than to install.
    private static let template = Task {
        let folder = templateFolder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: PrivateMariaDB.templateFolder) }
        let install = try launch(
            "mariadb-install-db",
            ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"] + asRoot
                + ["--datadir=\(folder.path)", "--innodb-log-file-size=16M", unsynced])
        try await blocking { install.waitUntilExit() }
        #expect(install.terminationStatus == 0)
        return folder
    }

    /// Only the process dies in these tests, not the machine: what it wrote is safe without a sync, which would hold up the
    /// tests beside.
    private static let unsynced = "--innodb-flush-method=nosync"

    private static var templateFolder: URL {
        FileManager.default.temporaryDirectory.appending(path: "chat-api-mariadb-template-\(getpid())")
    }

    private static var asRoot: [String] { geteuid() == 0 ? ["--user=root"] : [] }

    /// Starts one. It ends with the test.
    init(options: String...) async throws {
        let scope = try #require(DatabaseScope.current, "the suite needs the trait .databases")
        await Self.turnstile.enter()
        scope.atTheEnd { await Self.turnstile.leave() }
        self.options = options
        folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-mariadb-\(UUID().uuidString)")
        port = try Self.freePort()
        try FileManager.default.copyItem(at: await Self.template.value, to: folder)
        scope.atTheEnd { [self] in
            kill(SIGKILL)
            try? FileManager.default.removeItem(at: folder)
        }
        try await start()
    }

    /// With an account that may do everything.
    var server: MySQLTestServer {
        MySQLTestServer(address: MySQLAddress(host: "127.0.0.1", port: port, user: "root", database: ""))
    }

    func start() async throws {
        let started = try Self.launch(
            "mariadbd",
            ["--no-defaults"] + Self.asRoot + [
                "--datadir=\(folder.path)", "--socket=\(folder.path)/socket", "--pid-file=\(folder.path)/pid",
                "--bind-address=127.0.0.1", "--port=\(port)", "--innodb-buffer-pool-size=32M",
                "--innodb-log-file-size=16M", "--performance-schema=OFF", "--skip-name-resolve", "--skip-log-bin",
                Self.unsynced,
            ] + options)
        process.withLock { $0 = started }
        let address = server.address
        let deadline = ContinuousClock.now + Self.startPatience
        while true {
            do {
                return try await blocking { try ServerProbe.look(at: address) }
            } catch {
                guard ContinuousClock.now < deadline, started.isRunning else { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Stops it where it stands: when this returns, none of its threads runs.
    func freeze() async throws {
        signal(SIGSTOP)
        guard let id = process.withLock({ $0?.processIdentifier }) else { return }
        try await eventually {
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/task")
            return threads.allSatisfy { thread in
                // The state stands behind the name, which is in brackets.
                let status = try? String(contentsOfFile: "/proc/\(id)/task/\(thread)/stat", encoding: .utf8)
                return status?.split(separator: ")").last?.hasPrefix(" T") ?? true
            }
        }
    }

    func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        guard let running = process.withLock({ $0 }), running.isRunning else { return }
        Glibc.kill(running.processIdentifier, number)
    }

    /// Ends it and waits for its end.
    func kill(_ number: Int32) {
        guard let running = process.withLock({ $0 }) else { return }
        signal(SIGCONT)
        signal(number)
        running.waitUntilExit()
    }

    private static func launch(_ program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/usr/libexec"]
        let path = folders.map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        process.executableURL = URL(fileURLWithPath: try #require(path, "\(program) is not installed"))
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    static func freePort() throws -> Int {
        let listener = try TCPListener()
        defer { listener.close() }
        return listener.port
    }
}

/// A socket that listens on a free port of this machine.
struct TCPListener {
    let socket: Int32
    let port: Int

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = socket
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int32 in
                guard bind(socket, address, length) == 0, listen(socket, 16) == 0 else { return -1 }
                return getsockname(socket, address, &length)
            }
        }
        try #require(status == 0)
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func close() { Glibc.close(socket) }
}

/// Waits until `condition` holds.
func eventually(
    within limit: Duration = .seconds(60), _ condition: () async throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("it did not come about within \(limit)", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}
