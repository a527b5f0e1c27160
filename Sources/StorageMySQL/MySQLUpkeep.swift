import Logging
import Storage

/// What is done beside reading and writing, each on a connection of its own that is closed again.
actor MySQLUpkeep {
    /// How long a node waits for another that changes the schema.
    static let migrationPatience = Duration.seconds(600)

    nonisolated let executor = ConnectionExecutor(label: "chat-api.mysql.upkeep")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let opening: MySQLOpening
    private let logger: Logger
    private let schema: MySQLSchema

    init(_ opening: MySQLOpening, schema: MySQLSchema, logger: Logger) {
        self.opening = opening
        self.schema = schema
        self.logger = logger
    }

    /// Looks at the server and what we may do there, makes the database if there is none, and brings its schema up to date.
    func migrate() throws -> SchemaMigration {
        try ServerProbe.look(at: opening.address)
        try makeDatabaseIfMissing()
        let migration =
            try with(.upkeep) { connection -> SchemaMigration? in
                try checkServer(connection)
                return try schema.due(on: connection).isEmpty
                    ? SchemaMigration(version: schema.known, applied: []) : nil
            } ?? with(.migration) { try migrateAlone($0) }
        try with(.upkeep) { try checkRights($0) }
        return migration
    }

    /// One node at a time changes the schema; the others find it done.
    private func migrateAlone(_ connection: MySQLConnection) throws -> SchemaMigration {
        let name = NodeLock.migrationName(database: opening.address.database)
        let deadline = ContinuousClock.now + Self.migrationPatience
        while try !NamedLocks.take(name, seconds: 1, on: connection) {
            guard ContinuousClock.now < deadline else {
                throw StorageFailure.unavailable("another node has been changing the schema for too long")
            }
        }
        // The lock goes with the connection.
        return try schema.migrate(on: connection)
    }

    private func makeDatabaseIfMissing() throws {
        do {
            _ = try opening.open(.upkeep)
        } catch let error as MySQLError {
            guard case .unknownDatabase = error.kind else { throw error.failure }
            do {
                let connection = try opening.open(.upkeep, database: false)
                let name = opening.address.database.replacing("`", with: "``")
                try connection.control(
                    "CREATE DATABASE IF NOT EXISTS `\(name)` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci")
            } catch let error as MySQLError {
                throw error.failure
            } catch StorageFailure.misconfigured, StorageFailure.broken {
                throw StorageFailure.misconfigured(
                    "there is no database \(opening.address.database), and the user may not create it")
            }
            logger.notice("created the database", metadata: ["database": "\(opening.address.database)"])
        }
    }

    private func checkServer(_ connection: MySQLConnection) throws {
        let text = try connection.firstText("SELECT VERSION()") ?? ""
        guard let version = ServerVersion(text), version.isSupported else {
            throw StorageFailure.misconfigured(
                "the server is of version \(text); MySQL 8.0 or MariaDB 10.6 is the oldest that works")
        }
        let engine = try connection.firstText("SELECT support FROM information_schema.engines WHERE engine = 'InnoDB'")
        guard engine == "YES" || engine == "DEFAULT" else {
            throw StorageFailure.misconfigured("the server has no InnoDB")
        }
    }

    /// The server looks at rights before it looks for rows, so that statements without effect tell what is missing.
    private func checkRights(_ connection: MySQLConnection) throws {
        for statement in [
            "SELECT 1 FROM installation WHERE 1 = 0", "UPDATE installation SET value = value WHERE 1 = 0",
            "INSERT INTO installation (name, value) SELECT name, value FROM installation WHERE 1 = 0",
            "DELETE FROM installation WHERE 1 = 0",
        ] {
            try connection.control(statement)
        }
    }

    /// Whether somebody holds a node's named lock.
    func hasConnection(ofNode number: Int) throws -> Bool {
        try with(.upkeep) {
            try NamedLocks.holder(of: NodeLock.name(node: number, database: opening.address.database), on: $0) != nil
        }
    }

    /// Ends the writing connection of a node, if there is one, and waits until it is gone and its locks with it.
    /// - Returns: whether there was one.
    func freeLocks(ofNode number: Int) throws -> Bool {
        try with(.upkeep) { connection in
            let name = NodeLock.name(node: number, database: opening.address.database)
            guard let holder = try NamedLocks.holder(of: name, on: connection) else { return false }
            try NamedLocks.end(connection: holder, on: connection)
            guard try NamedLocks.take(name, seconds: NodeLock.graceSeconds, on: connection) else {
                throw StorageFailure.unavailable("the connection of node \(number) did not end")
            }
            try NamedLocks.release(name, on: connection)
            return true
        }
    }

    private func with<Value>(_ role: MySQLOpening.Role, _ work: (MySQLConnection) throws -> Value) throws -> Value {
        do {
            let connection = try opening.open(role)
            defer { connection.close() }
            return try work(connection)
        } catch let error as MySQLError {
            throw error.failure
        }
    }
}

extension MySQLConnection {
    fileprivate func firstText(_ sql: String) throws -> String? {
        var text: String?
        try each(sql, []) { row in
            text = row.optionalText(0)
            return false
        }
        return text
    }
}
