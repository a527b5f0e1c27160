import Foundation
import StorageMySQL

/// Where the data is, as `DATABASE_URL` says it.
enum DatabaseAddress: Sendable, Equatable {
    /// A SQLite file; the path is relative to the working directory or absolute.
    case sqlite(path: String)
    /// A MySQL or MariaDB server.
    case mysql(MySQLAddress)

    /// Reads `sqlite:path`, `sqlite:///absolute/path` or `mysql://user:password@host:3306/name`. Never quotes the
    /// text in an error, because it may hold a password.
    /// - Throws: ``WrongValue``.
    init(_ text: String) throws {
        if text.hasPrefix("sqlite:") {
            self = .sqlite(path: try Self.path(of: text.dropFirst("sqlite:".count)))
        } else if text.hasPrefix("mysql://") {
            let address = try ServerAddress(text, defaultPort: 3306)
            guard let user = address.user, !user.isEmpty, !address.name.isEmpty else {
                throw WrongValue(problem: "names no user or no database: mysql://user:password@host:3306/name")
            }
            self = .mysql(
                MySQLAddress(
                    host: address.host, port: address.port, user: user, password: address.password?.reveal() ?? "",
                    database: address.name, security: try Self.security(address.options)))
        } else {
            throw WrongValue(problem: "starts with neither sqlite: nor mysql://")
        }
    }

    private static func security(_ options: [String: String]) throws -> MySQLSecurity {
        do {
            return try MySQLSecurity(options: options)
        } catch {
            throw WrongValue(problem: error.description)
        }
    }

    private static func path(of text: Substring) throws -> String {
        var path = text
        if text.hasPrefix("//") {
            // A URL with an empty host, as other programs write it: sqlite:///var/lib/chat.db
            guard text.hasPrefix("///") else {
                throw WrongValue(problem: "names a host; a SQLite file has a path: sqlite:data/chat.db")
            }
            path = text.dropFirst(2)
        }
        guard !path.isEmpty, path != ":memory:", !path.hasSuffix("/") else {
            throw WrongValue(problem: "names no file: sqlite: and a path, such as sqlite:data/chat.db")
        }
        guard !path.contains("?") else {
            throw WrongValue(problem: "has options, of which SQLite files have none")
        }
        return try Parse.path(String(path))
    }
}

/// Where Redis is, as `REDIS_URL` says it.
struct RedisAddress: Sendable, Equatable {
    let server: ServerAddress
    let isSecure: Bool
    /// Number of the logical database, 0 when not given.
    let database: Int
    /// PEM file of the authorities that may have signed the server's certificate; the system's when nil.
    let authorityFile: String?

    /// Reads `redis://[user:password@]host[:6379][/database]`, or `rediss://` for TLS, which takes `?ssl-ca=FILE`.
    /// - Throws: ``WrongValue``.
    init(_ text: String) throws {
        guard text.hasPrefix("redis://") || text.hasPrefix("rediss://") else {
            throw WrongValue(problem: "starts with neither redis:// nor rediss://")
        }
        server = try ServerAddress(text, defaultPort: 6379)
        isSecure = text.hasPrefix("rediss://")
        guard let database = server.name.isEmpty ? 0 : Int(server.name), (0...65_535).contains(database) else {
            throw WrongValue(problem: "has a database that is not a number")
        }
        self.database = database
        authorityFile = server.options["ssl-ca"]
        guard server.options.keys.allSatisfy({ $0 == "ssl-ca" }), isSecure || server.options.isEmpty else {
            throw WrongValue(problem: "has options; there is ssl-ca alone, with rediss://")
        }
    }
}

/// The parts of a server's URL.
struct ServerAddress: Sendable, Equatable {
    let host: String
    let port: Int
    let user: String?
    let password: Secret?
    /// The path without its slash: a database's name or number.
    let name: String
    /// What stands behind the question mark, by name.
    let options: [String: String]

    /// - Throws: ``WrongValue``, which never quotes the text.
    init(_ text: String, defaultPort: Int) throws {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false) else {
            throw WrongValue(
                problem: "is not a URL; special characters in a user name or password are written as %40 and the like")
        }
        host = URLHost.text(of: parts)
        guard IPAddress(host) != nil || HostName.isValid(host) else { throw WrongValue(problem: "has no valid host") }
        port = parts.port ?? defaultPort
        guard (1...65535).contains(port) else { throw WrongValue(problem: "has no valid port") }
        guard parts.fragment == nil else {
            throw WrongValue(problem: "has a fragment; a # in a password is written as %23")
        }
        user = parts.user
        password = parts.password.map(Secret.init)
        name = String(parts.path.drop { $0 == "/" })
        guard !name.contains("/") else { throw WrongValue(problem: "has a path with more than one part") }
        options = Dictionary(
            (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { _, last in last })
    }
}
