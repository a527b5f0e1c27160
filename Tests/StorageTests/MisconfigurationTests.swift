import Foundation
import Storage
import Testing

@testable import StorageMySQL

/// What no trying again will help against ends the start with one clear line, and never with the password in it.
@Suite(.databases, .enabled(if: MySQLTestServer.isThere)) struct MisconfigurationTests {
    private static let password = "s3cret-\u{1F511}-pässword"

    /// A user of the common server with `rights`, removed at the end of the test.
    private func user(_ rights: String...) async throws -> MySQLAddress {
        let scope = try #require(DatabaseScope.current)
        let server = try #require(MySQLTestServer.environment)
        var address = try await server.newDatabase()
        let name = "chat_\(UInt32.random(in: .min ... .max))"
        try await server.run("CREATE USER '\(name)'@'%' IDENTIFIED BY '\(Self.password)'")
        scope.atTheEnd { _ = try? await server.run("DROP USER '\(name)'@'%'") }
        for right in rights {
            try await server.run(
                "GRANT \(right.replacingOccurrences(of: "$", with: "`\(address.database)`")) TO '\(name)'@'%'")
        }
        (address.user, address.password) = (name, Self.password)
        return address
    }

    /// Migrates and hands over why that is refused.
    private func refusal(_ address: MySQLAddress) async throws -> String {
        let driver = try #require(DatabaseScope.current).driver(on: address)
        do {
            try await driver.migrate()
        } catch StorageFailure.misconfigured(let text) {
            #expect(!text.contains(address.password) || address.password.isEmpty)
            #expect(!text.contains("\n") && !text.isEmpty)
            return text
        } catch {
            Issue.record("\(error)")
            return ""
        }
        Issue.record("the server took it")
        return ""
    }

    @Test func aUserWithTheRightsOnItsOwnDatabaseIsEnoughAndMayCreateIt() async throws {
        let address = try await user("ALL PRIVILEGES ON $.*")
        let driver = try #require(DatabaseScope.current).driver(on: address)
        #expect(try await driver.migrate().version == MySQLSchema().known)
        #expect(try await driver.number("SELECT count(*) FROM events") == 0)
        let server = try #require(MySQLTestServer.environment)
        let charset = try await server.run(
            "SELECT DEFAULT_CHARACTER_SET_NAME FROM information_schema.schemata WHERE schema_name = '\(address.database)'"
        )
        #expect(charset == [["utf8mb4"]])
    }

    @Test func aWrongPassword() async throws {
        var address = try await user("ALL PRIVILEGES ON $.*")
        address.password = "wrong \(Self.password)"
        #expect(try await refusal(address).contains("Access denied"))
        address.password = ""
        #expect(try await refusal(address).contains("Access denied"))
        address.user = "nobody"
        #expect(try await refusal(address).contains("nobody"))
    }

    @Test func aDatabaseThatIsNotThereAndMayNotBeCreated() async throws {
        #expect(try await refusal(user()).contains("chat_test_"))
        // With rights on another database, so that the user may at least come in.
        #expect(try await refusal(user("SELECT ON mysql.proc")).contains("chat_test_"))
    }

    @Test func rightsThatAreMissing() async throws {
        let server = try #require(MySQLTestServer.environment)
        // No tables may be made.
        let reader = try await user("SELECT, INSERT, UPDATE, DELETE ON $.*")
        try await server.run("CREATE DATABASE \(reader.database)")
        #expect(try await refusal(reader).contains("CREATE command denied"))
        // All is made, and then may only be read: found at the start, not with the first customer.
        let other = try await user("SELECT ON $.*")
        var admin = server.address
        admin.database = other.database
        try await #require(DatabaseScope.current).driver(on: admin).migrate()
        #expect(try await refusal(other).contains("UPDATE command denied"))
    }

    @Test func aDatabaseOfAnotherProgram() async throws {
        let server = try #require(MySQLTestServer.environment)
        let address = try await server.newDatabase()
        try await server.run(
            "CREATE DATABASE \(address.database)", "CREATE TABLE \(address.database).users (id INT PRIMARY KEY)")
        #expect(try await refusal(address).contains("users"))
    }

    @Test func aDatabaseOfANewerBuild() async throws {
        let server = try #require(MySQLTestServer.environment)
        let driver = try #require(DatabaseScope.current).driver(on: try await server.newDatabase())
        try await driver.migrate()
        try await driver.commit {
            try $0.run("INSERT INTO schema_versions (version, statements_done, finished) VALUES (7, 1, 1)", [])
        }
        await #expect(throws: StorageFailure.newerSchema(found: 7, known: MySQLSchema().known)) {
            try await driver.migrate()
        }
    }

    @Test(arguments: [
        ("8.0.36", true), ("8.4.0-commercial", true), ("9.1.0", true), ("5.7.44-log", false),
        ("10.11.6-MariaDB-0+deb12u1", true),
        ("10.6.1-MariaDB", true), ("10.5.23-MariaDB", false), ("11.4.2-MariaDB-log", true),
        ("5.5.5-10.11.6-MariaDB", true),
        ("5.5.68-MariaDB", false),
    ])
    func versionsThatWork(text: String, isSupported: Bool) throws {
        #expect(try #require(ServerVersion(text)).isSupported == isSupported)
    }

    @Test(arguments: ["", "x", "8", "MariaDB"]) func aVersionThatIsNone(text: String) {
        #expect(ServerVersion(text) == nil)
    }

    // MARK: - Other kinds of servers

    @Test(
        arguments: [
            (nil, "HTTP/1.1 400 Bad Request\r\n\r\n"), (nil, "-ERR wrong number of arguments\r\n"),
            ("SSH-2.0-OpenSSH_9.2\r\n", nil),
            ("220 mail ESMTP\r\n", nil), ("\u{5}\0\0\0\u{b}\u{8}\u{5}\u{1a}\0", nil),
        ] as [(String?, String?)])
    func aServerThatSpeaksAnotherProtocol(greeting: String?, answer: String?) async throws {
        let server = try ScriptedServer(greeting: greeting, answer: answer)
        defer { server.close() }
        let address = MySQLAddress(host: "127.0.0.1", port: server.port, user: "root", database: "chat")
        #expect(try await refusal(address).contains("another protocol"))
    }

    @Test(arguments: [false, true])
    func aServerThatSaysNothingIsOnlyUnavailable(hangsUp: Bool) async throws {
        let server = try ScriptedServer(greeting: nil, answer: nil, hangsUp: hangsUp)
        defer { server.close() }
        let address = MySQLAddress(host: "127.0.0.1", port: server.port, user: "root", database: "chat")
        let driver = try #require(DatabaseScope.current).driver(on: address)
        let began = ContinuousClock.now
        do {
            try await driver.migrate()
            Issue.record("there is no server")
        } catch StorageFailure.unavailable {
        }
        #expect(ContinuousClock.now - began < .seconds(6))
    }

    @Test func anAddressWhereNobodyListensIsUnavailable() async throws {
        let driver = try #require(DatabaseScope.current).driver(
            on: MySQLAddress(host: "127.0.0.1", port: try PrivateMariaDB.freePort(), user: "root", database: "chat"))
        for host in ["127.0.0.1", "localhost"] {
            _ = host
            do {
                try await driver.migrate()
                Issue.record("there is no server")
            } catch StorageFailure.unavailable(let text) {
                #expect(text.contains("127.0.0.1"))
            }
        }
        let unknown = try #require(DatabaseScope.current).driver(
            on: MySQLAddress(host: "no-such-host.invalid", user: "root", database: "chat"))
        do {
            try await unknown.migrate()
            Issue.record("there is no server")
        } catch StorageFailure.unavailable(let text) {
            #expect(text.contains("no-such-host.invalid"))
        }
    }
}

/// Accepts connections, says something or not, and answers the first line or not.
private final class ScriptedServer: Sendable {
    private let listener: TCPListener
    var port: Int { listener.port }

    init(greeting: String?, answer: String?, hangsUp: Bool = false) throws {
        listener = try TCPListener()
        let socket = listener.socket
        Thread.detachNewThread {
            while true {
                let connection = accept(socket, nil, nil)
                guard connection >= 0 else { return }
                if let greeting { _ = greeting.withCString { send(connection, $0, greeting.utf8.count, 0) } }
                var buffer = [UInt8](repeating: 0, count: 256)
                let count = recv(connection, &buffer, buffer.count, 0)
                if count > 0, let answer { _ = answer.withCString { send(connection, $0, answer.utf8.count, 0) } }
                if hangsUp || greeting != nil || answer != nil {
                    _ = Glibc.close(connection)
                } else {
                    // Until the client has enough.
                    while recv(connection, &buffer, buffer.count, 0) > 0 {}
                    _ = Glibc.close(connection)
                }
            }
        }
    }

    func close() {
        shutdown(listener.socket, Int32(SHUT_RDWR))
        listener.close()
    }
}
