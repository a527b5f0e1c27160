import Storage

/// What `SELECT VERSION()` tells.
struct ServerVersion: Equatable, CustomStringConvertible {
    var isMariaDB: Bool
    var major: Int
    var minor: Int

    /// MySQL 8.0 and MariaDB 10.6: the first with atomic data definition, without which an interrupted migration could leave
    /// half a table.
    static let oldest = (mySQL: (8, 0), mariaDB: (10, 6))

    /// Reads `8.0.36`, `10.11.6-MariaDB-0+deb12u1-log` and the like; nil for anything else.
    init?(_ text: String) {
        // Replication's way of hiding a two-digit version from old clients.
        let text = text.hasPrefix("5.5.5-10.") || text.hasPrefix("5.5.5-11.") ? String(text.dropFirst(6)) : text
        let numbers = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".")
        guard numbers.count >= 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else { return nil }
        self.major = major
        self.minor = minor
        isMariaDB = text.lowercased().contains("mariadb")
    }

    var isSupported: Bool {
        isMariaDB ? (major, minor) >= Self.oldest.mariaDB : (major, minor) >= Self.oldest.mySQL
    }

    var description: String { "\(isMariaDB ? "MariaDB" : "MySQL") \(major).\(minor)" }
}
