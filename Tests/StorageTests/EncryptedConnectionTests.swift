import Foundation
import Storage
import Testing

@testable import StorageMySQL

/// TLS to a server with a certificate of an authority that only these tests know.
@Suite(.databases, .enabled(if: MySQLTestServer.isThere)) struct EncryptedConnectionTests {
    /// Makes an authority, a server's certificate for 127.0.0.1 and one for another host.
    private func certificates() async throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try #require(DatabaseScope.current).atTheEnd { try? FileManager.default.removeItem(at: folder) }
        let script = """
            set -e; cd '\(folder.path)'
            for ca in ca other; do
              openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.pem -days 2 -subj "/CN=Test $ca"
            done
            for host in 127.0.0.1 10.9.9.9; do
              openssl req -newkey rsa:2048 -nodes -keyout $host.key -out $host.csr -subj "/CN=$host"
              printf 'subjectAltName=IP:%s' $host > $host.ext
              openssl x509 -req -in $host.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $host.pem -days 2 -extfile $host.ext
            done
            chmod 644 *
            """
        let status = try await blocking {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", script]
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus
        }
        try #require(status == 0)
        return folder.path
    }

    /// The cipher that a connection of the driver has; empty without one.
    private func cipher(_ server: MySQLTestServer, _ security: MySQLSecurity) async throws -> String {
        var address = try await server.newDatabase()
        address.security = security
        let driver = try #require(DatabaseScope.current).driver(on: address)
        try await driver.migrate()
        return try await driver.read { connection in
            var cipher = ""
            try connection.each("SHOW STATUS LIKE 'Ssl_cipher'", []) { row in
                cipher = row.optionalText(1) ?? ""
                return true
            }
            return cipher
        }
    }

    private func isRefused(_ server: MySQLTestServer, _ security: MySQLSecurity) async throws -> Bool {
        do {
            _ = try await cipher(server, security)
            return false
        } catch StorageFailure.misconfigured {
            return true
        }
    }

    @Test func theModesDoWhatTheySay() async throws {
        let path = try await certificates()
        let mariadb = try await PrivateMariaDB(
            options: "--ssl-ca=\(path)/ca.pem", "--ssl-cert=\(path)/127.0.0.1.pem", "--ssl-key=\(path)/127.0.0.1.key")
        let server = mariadb.server
        #expect(try await cipher(server, .init(mode: .disabled)).isEmpty)
        #expect(try await !cipher(server, .init(mode: .preferred)).isEmpty)
        #expect(try await !cipher(server, .init(mode: .required)).isEmpty)
        #expect(try await !cipher(server, .init(mode: .verifyCA, authorities: "\(path)/ca.pem")).isEmpty)
        #expect(try await !cipher(server, .init(mode: .verifyIdentity, authorities: "\(path)/ca.pem")).isEmpty)
        #expect(try await isRefused(server, .init(mode: .verifyCA, authorities: "\(path)/other.pem")))
        #expect(try await isRefused(server, .init(mode: .verifyIdentity, authorities: "\(path)/other.pem")))
        #expect(try await isRefused(server, .init(mode: .verifyIdentity)), "the system knows no such authority")
        #expect(try await isRefused(server, .init(mode: .verifyCA, authorities: "\(path)/nothing.pem")))
    }

    @Test func aCertificateForAnotherHostIsNoIdentity() async throws {
        let path = try await certificates()
        let mariadb = try await PrivateMariaDB(
            options: "--ssl-ca=\(path)/ca.pem", "--ssl-cert=\(path)/10.9.9.9.pem", "--ssl-key=\(path)/10.9.9.9.key")
        #expect(try await !cipher(mariadb.server, .init(mode: .verifyCA, authorities: "\(path)/ca.pem")).isEmpty)
        #expect(try await isRefused(mariadb.server, .init(mode: .verifyIdentity, authorities: "\(path)/ca.pem")))
    }

    @Test func aServerWithoutTLSIsRefusedByAllModesThatAskForIt() async throws {
        let path = try await certificates()
        let server = try await PrivateMariaDB(options: "--skip-ssl").server
        #expect(try await cipher(server, .init(mode: .preferred)).isEmpty)
        #expect(try await isRefused(server, .init(mode: .required)))
        #expect(try await isRefused(server, .init(mode: .verifyCA, authorities: "\(path)/ca.pem")))
        #expect(try await isRefused(server, .init(mode: .verifyIdentity, authorities: "\(path)/ca.pem")))
    }
}
