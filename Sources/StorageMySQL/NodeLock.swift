import Storage

/// The named lock by which others find a node's writing connection.
///
/// A node that stands still, in mid transaction, keeps its locks on rows for as long as its connection lives. Whoever takes
/// over from it asks the server which connection holds the node's named lock, and ends that one. Numbers of connections
/// would not do: a server gives them out again after a restart, while a named lock dies with its connection.
struct NodeLock {
    /// Seconds that a connection which was killed has to go.
    static let graceSeconds: Int64 = 3

    let name: String
    /// The server's number of the connection that held it last, for us.
    private var formerConnection: UInt64?
    private var currentConnection: UInt64?
    private var wasTaken = false

    /// - Parameter database: separates the installations of one server, as the lock is the whole server's.
    init(node number: Int, database: String) {
        name = Self.name(node: number, database: database)
    }

    /// Named locks have at most 64 characters (MySQL); a database's name alone may have as many.
    static func name(node number: Int, database: String) -> String { "chat-api.\(hash(database)).\(number)" }

    /// The lock under which one node at a time changes the schema.
    static func migrationName(database: String) -> String { "chat-api.\(hash(database)).migration" }

    /// FNV-1a, 64 bits. Servers may or may not tell case in names of databases.
    private static func hash(_ database: String) -> String {
        let hash = database.lowercased().utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }

    mutating func connectionIsGone() {
        formerConnection = currentConnection ?? formerConnection
        currentConnection = nil
    }

    /// Takes the lock. It is wrung from our own former connection, of which the server may not know yet that it is gone,
    /// and, the first time, from whoever has it: the number was given to us. Later it may have been given on, after we were
    /// taken for dead; then it stays where it is.
    /// - Returns: false when another has it.
    mutating func take(on connection: any SQLConnection) throws -> Bool {
        currentConnection = (connection as? MySQLConnection)?.serverId
        if try NamedLocks.take(name, seconds: 0, on: connection) {
            wasTaken = true
            return true
        }
        guard let holder = try NamedLocks.holder(of: name, on: connection) else {
            wasTaken = try NamedLocks.take(name, seconds: 0, on: connection)
            return wasTaken
        }
        guard !wasTaken || holder == formerConnection else { return false }
        try NamedLocks.end(connection: holder, on: connection)
        wasTaken = try NamedLocks.take(name, seconds: Self.graceSeconds, on: connection)
        return wasTaken
    }
}

/// The server's named locks, which belong to connections and not to transactions.
enum NamedLocks {
    /// - Returns: whether it is ours now.
    static func take(_ name: String, seconds: Int64, on connection: any SQLConnection) throws -> Bool {
        try integer("SELECT GET_LOCK(?, ?)", [.text(name), .integer(seconds)], on: connection) == 1
    }

    static func release(_ name: String, on connection: any SQLConnection) throws {
        _ = try integer("SELECT RELEASE_LOCK(?)", [.text(name)], on: connection)
    }

    /// The server's number of the connection that holds it, if any does.
    static func holder(of name: String, on connection: any SQLConnection) throws -> UInt64? {
        try integer("SELECT IS_USED_LOCK(?)", [.text(name)], on: connection).map(UInt64.init(clamping:))
    }

    /// Ends a connection of the same user; its transaction is rolled back. One that is gone already is no error.
    static func end(connection id: UInt64, on connection: any SQLConnection) throws {
        do {
            try connection.run("KILL \(id)", [])
        } catch StorageFailure.broken {
            // 1094: no such connection.
        }
    }

    private static func integer(
        _ sql: String, _ arguments: [SQLValue], on connection: any SQLConnection
    ) throws -> Int64? {
        var value: Int64?
        try connection.each(sql, arguments) { row in
            value = row.optionalInteger(0)
            return false
        }
        return value
    }
}
