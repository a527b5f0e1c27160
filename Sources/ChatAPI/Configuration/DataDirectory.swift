import Foundation

/// The folder of everything that the server keeps on disk: the embedded database, secrets that were made once, the
/// node's name, and the control socket.
struct DataDirectory: Sendable, Equatable {
    let path: String

    /// - Parameters:
    ///   - path: as given; a relative one starts from `directory`.
    init(path: String, below directory: String) {
        self.path = Self.path(path, below: directory)
    }

    static func path(_ path: String, below directory: String) -> String {
        path.hasPrefix("/") || directory == "." ? path : "\(directory)/\(path)"
    }

    /// Path of a file in the folder.
    func file(_ name: String) -> String {
        path.hasSuffix("/") ? path + name : "\(path)/\(name)"
    }

    /// Makes the folder when it is missing, for its owner only.
    func create() throws(ConfigurationProblem) {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            guard isDirectory.boolValue else { throw problem("is not a folder") }
            return
        }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw problem("cannot be made")
        }
    }

    /// The given secret, else the one that is kept under this name, made now when there is none yet.
    func secret(_ given: Secret?, orKeptAs name: String) throws(ConfigurationProblem) -> Secret {
        if let given { return given }
        let secret = Secret(try KeptFile(path: file(name)).content { Self.randomText() })
        guard secret.bytes.count >= Secret.minimumKeyBytes else {
            throw ConfigurationProblem(
                key: file(name), problem: "holds a secret of less than \(Secret.minimumKeyBytes) bytes; restore it")
        }
        return secret
    }

    /// The keys that are kept under this name, one made now when there are none yet.
    func keptSecrets(_ name: String) throws(ConfigurationProblem) -> KeyRing {
        let text = try KeptFile(path: file(name)).content { Self.randomText() }
        do {
            return try KeyRing(text)
        } catch {
            let problem = (error as? WrongValue)?.problem ?? "cannot be read"
            throw ConfigurationProblem(key: file(name), problem: "\(problem); restore it")
        }
    }

    /// The node's name, made now when there is none yet.
    func keptNodeName(hostName: String) throws(ConfigurationProblem) -> String {
        let name = try KeptFile(path: file("node-id")).content { NodeName.make(hostName: hostName) }
        do {
            return try Parse.nodeName(name)
        } catch {
            throw ConfigurationProblem(key: file("node-id"), problem: "holds no valid name; remove the file")
        }
    }

    private func problem(_ text: String) -> ConfigurationProblem {
        ConfigurationKey.dataDirectory.problem("\"\(PlainLine.text(path, limit: 80))\" \(text)")
    }

    /// 64 hexadecimal digits: 256 bits from the system's generator, in a form that editors and shells leave alone.
    private static func randomText() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
