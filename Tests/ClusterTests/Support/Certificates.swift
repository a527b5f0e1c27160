import Foundation
import Testing

/// An authority and certificates that it signed, made by `openssl` in a folder.
struct Certificates {
    let folder: URL

    var authority: String { folder.appending(path: "ca.pem").path }

    /// - Throws: when `openssl` is not there or fails.
    init(in folder: URL) throws {
        self.folder = folder
        try openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem",
        ])
    }

    /// A certificate for names such as `DNS:localhost,IP:127.0.0.1`.
    func make(_ name: String, for names: String) throws -> (certificate: String, key: String) {
        try openssl([
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", "\(name).key", "-out", "\(name).csr",
        ])
        try "subjectAltName=\(names)\n".write(
            to: folder.appending(path: "\(name).ext"), atomically: true, encoding: .utf8)
        try openssl([
            "x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "\(name).ext", "-out", "\(name).pem",
        ])
        return (folder.appending(path: "\(name).pem").path, folder.appending(path: "\(name).key").path)
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
