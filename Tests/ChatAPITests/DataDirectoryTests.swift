import Foundation
import Testing

@testable import ChatAPI

@Suite struct DataDirectoryTests {
    @Test func secretsAreMadeOnceAndKeptForTheirOwnerOnly() throws {
        let folder = try TemporaryFolder()
        let first = try folder.configuration()
        let second = try folder.configuration()
        #expect(first.secrets == second.secrets)
        #expect(first.secrets.jwt != first.secrets.encryption)
        #expect(first.secrets.jwt.bytes.count == 64)
        #expect(first.nodeId == second.nodeId)
        #expect(try folder.mode(of: "data") == 0o700)
        for name in ["jwt-secret", "encryption-key", "node-id"] {
            #expect(try folder.mode(of: "data/\(name)") == 0o600)
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.file("data")).sorted()
        #expect(left == ["encryption-key", "jwt-secret", "node-id"])

        let other = try TemporaryFolder().configuration()
        #expect(other.secrets.jwt != first.secrets.jwt)
        #expect(other.nodeId != first.nodeId)
    }

    @Test func aGivenSecretIsNotKept() throws {
        let folder = try TemporaryFolder()
        let secret = String(repeating: "s3", count: 16)
        let configuration = try folder.configuration(["JWT_SECRET": secret, "ENCRYPTION_KEY": secret, "NODE_ID": "n"])
        #expect(configuration.secrets.jwt == Secret(secret))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("data")).isEmpty)
    }

    @Test func aKeptSecretThatOthersCanReadIsMadePrivate() throws {
        let folder = try TemporaryFolder()
        let secret = try folder.configuration().secrets.jwt
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.file("data/jwt-secret"))
        #expect(try folder.configuration().secrets.jwt == secret)
        #expect(try folder.mode(of: "data/jwt-secret") == 0o600)
    }

    @Test func aDamagedSecretIsRefusedAndNotReplaced() throws {
        let folder = try TemporaryFolder()
        _ = try folder.configuration()
        for damage in ["", "short", "\n"] {
            try folder.write(damage, to: "data/jwt-secret")
            let problem = #expect(throws: ConfigurationProblem.self) { try folder.configuration() }
            #expect(problem?.key.hasSuffix("data/jwt-secret") == true)
            #expect(try folder.read("data/jwt-secret") == damage)
        }
        try folder.write(String(repeating: "x", count: 100_000), to: "data/jwt-secret")
        #expect(throws: ConfigurationProblem.self) { try folder.configuration() }
        try FileManager.default.removeItem(atPath: folder.file("data/jwt-secret"))
        try FileManager.default.createDirectory(
            atPath: folder.file("data/jwt-secret"), withIntermediateDirectories: false)
        #expect(throws: ConfigurationProblem.self) { try folder.configuration() }
    }

    @Test func encryptionKeysCanTurnInTheConfigurationAndInTheKeptFile() throws {
        let folder = try TemporaryFolder()
        let keys = ["new", "older", "oldest"].map { "\($0)-key-of-thirty-two-bytes-or-more" }
        let configured = try folder.configuration(["ENCRYPTION_KEY": keys.joined(separator: " , ")]).secrets
        #expect(configured.encryption == Secret(keys[0]))
        #expect(configured.formerEncryption == [Secret(keys[1]), Secret(keys[2])])
        let made = try folder.configuration().secrets
        #expect(made.formerEncryption.isEmpty)
        let kept = try folder.read("data/encryption-key").trimmingWhitespace()
        try folder.write("\(keys[0]),\(kept)\n", to: "data/encryption-key")
        let turned = try folder.configuration().secrets
        #expect(turned.encryption == Secret(keys[0]) && turned.formerEncryption == [made.encryption])
        try folder.write("\(keys[0]),short\n", to: "data/encryption-key")
        let problem = #expect(throws: ConfigurationProblem.self) { try folder.configuration() }
        #expect(problem?.key.hasSuffix("data/encryption-key") == true)
        #expect(problem.map { !"\($0)".contains(keys[0]) && !"\($0)".contains("short") } == true)
    }

    @Test func processesThatStartTogetherAgreeOnOneSecret() async throws {
        let folder = try TemporaryFolder()
        let file = KeptFile(path: folder.file("secret"))
        let found = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<32 { group.addTask { try file.content { "secret \(number)" } } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(found.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["secret"])
    }

    @Test(arguments: [
        ("web-1.example.com", "web-1-"), ("", "node-"), ("\r\nX-Evil: 1", "X-Evil1-"), ("主机", "node-"),
        (String(repeating: "h", count: 300), String(repeating: "h", count: 40) + "-"),
    ]) func aNodeIsNamedAfterItsHost(_ host: String, _ prefix: String) throws {
        let name = NodeName.make(hostName: host)
        #expect(name.hasPrefix(prefix))
        #expect(name.utf8.count == prefix.utf8.count + 6)
        #expect(throws: Never.self) { try Parse.nodeName(name) }
    }
}
