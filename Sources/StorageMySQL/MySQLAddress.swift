/// Where a MySQL or MariaDB server is and how to speak to it.
///
/// ```swift
/// let address = MySQLAddress(
///     host: "db.internal", user: "chat", password: secret, database: "chat",
///     security: try MySQLSecurity(options: ["ssl-mode": "VERIFY_CA", "ssl-ca": "/etc/chat/ca.pem"]))
/// ```
public struct MySQLAddress: Sendable, Equatable {
    public var host: String
    /// TCP port; sockets of the file system are not used, not even for `localhost`.
    public var port: Int
    public var user: String
    /// Never in a description, an error or a log.
    public var password: String
    public var database: String
    public var security: MySQLSecurity

    public init(
        host: String, port: Int = 3306, user: String, password: String = "", database: String,
        security: MySQLSecurity = MySQLSecurity()
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
        self.security = security
    }
}

extension MySQLAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(user)@\(host):\(port)/\(database)"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}

/// Whether and how the connection is encrypted, in the words of MySQL's own clients (`--ssl-mode` and its like).
public struct MySQLSecurity: Sendable, Equatable {
    /// As the URL's `ssl-mode` says it.
    public enum Mode: String, Sendable, CaseIterable {
        /// Never encrypted.
        case disabled = "DISABLED"
        /// Encrypted when the server offers it; whose certificate it shows is not looked at. The default, as in MySQL.
        case preferred = "PREFERRED"
        /// Encrypted or not at all; whose certificate it shows is not looked at.
        case required = "REQUIRED"
        /// The server's certificate must be signed by `ssl-ca`.
        case verifyCA = "VERIFY_CA"
        /// The certificate must also be for the host that the URL names. Without `ssl-ca` the system's authorities count.
        case verifyIdentity = "VERIFY_IDENTITY"
    }

    public var mode: Mode
    /// PEM files: the authorities to trust, and this client's own certificate and key.
    public var authorities: String?
    public var certificate: String?
    public var key: String?

    public init(
        mode: Mode = .preferred, authorities: String? = nil, certificate: String? = nil, key: String? = nil
    ) {
        self.mode = mode
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }

    /// Reads the options of a database URL: `ssl-mode`, `ssl-ca`, `ssl-cert`, `ssl-key`.
    /// - Throws: ``MySQLOptionProblem`` for an option that there is not, a mode that there is not, or files that do not fit
    ///   the mode.
    public init(options: [String: String]) throws(MySQLOptionProblem) {
        self.init()
        var namedMode: Mode?
        // In order, so that the same text always meets the same complaint.
        for (name, value) in options.sorted(by: { $0.key < $1.key }) {
            switch name {
            case "ssl-mode":
                guard let mode = Mode(rawValue: value.uppercased()) else {
                    let modes = Mode.allCases.map(\.rawValue).joined(separator: ", ")
                    throw MySQLOptionProblem("has an ssl-mode that is none of \(modes)")
                }
                namedMode = mode
            case "ssl-ca": authorities = try Self.file(name, value)
            case "ssl-cert": certificate = try Self.file(name, value)
            case "ssl-key": key = try Self.file(name, value)
            default:
                let plain = name.unicodeScalars.prefix(40).map { (0x21...0x7E).contains($0.value) ? String($0) : "?" }
                throw MySQLOptionProblem(
                    "has the option \(plain.joined()), which there is not; there are ssl-mode, ssl-ca, ssl-cert, ssl-key"
                )
            }
        }
        // Whoever names an authority wants it to count.
        mode = namedMode ?? (authorities == nil ? .preferred : .verifyCA)
        if (certificate == nil) != (key == nil) {
            throw MySQLOptionProblem("has one of ssl-cert and ssl-key; a client's certificate needs both")
        }
        if mode == .disabled, authorities != nil || certificate != nil {
            throw MySQLOptionProblem("has certificates, which ssl-mode=DISABLED never looks at")
        }
        if mode == .verifyCA, authorities == nil {
            throw MySQLOptionProblem("has ssl-mode=VERIFY_CA without ssl-ca, the file with the authorities to trust")
        }
        if authorities != nil, mode == .preferred || mode == .required {
            throw MySQLOptionProblem("has ssl-ca, which only ssl-mode=VERIFY_CA and VERIFY_IDENTITY look at")
        }
    }

    private static func file(_ name: String, _ value: String) throws(MySQLOptionProblem) -> String {
        guard !value.isEmpty, !value.utf8.contains(0) else { throw MySQLOptionProblem("has \(name) without a file") }
        return value
    }
}

/// What is wrong with the options of a database URL, in words that follow the name of the setting. Quotes no values.
public struct MySQLOptionProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
