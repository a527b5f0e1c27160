import Storage

/// An error number and text of the server or of the client library.
struct MySQLError: Error {
    /// 1000–1999 and 3000–4999 are the server's, 2000–2999 and 5000–5999 the client library's.
    var number: UInt32
    /// As the server or the library says it; it never holds a password.
    var message: String
    /// Whether the time for an answer was used up.
    var isTimeout = false
}

/// What an error means for the transaction in which it came up.
enum TransactionFault: Sendable, Equatable {
    /// The connection is gone.
    case lost
    /// The server did not answer in time; the connection is given up.
    case timedOut
    /// The server has rolled the transaction back, so that another can go on.
    case deadlock
    /// Another transaction held a row for too long.
    case lockTimeout
    /// The server takes no writes or no more work just now.
    case refused

    /// Whether the connection can still be used, after a rollback.
    var leavesConnection: Bool { self == .deadlock || self == .lockTimeout }
}

extension MySQLError {
    /// What kind of error a number is. One table for the server and the client library.
    enum Kind {
        /// A key, a foreign key, a CHECK or a NOT NULL forbids the row.
        case constraint
        /// No room on the server's disk.
        case full
        case fault(TransactionFault)
        /// The server will not have us, as we are configured.
        case misconfigured
        /// The database of the URL does not exist.
        case unknownDatabase
        /// What a statement would make is there already, or what it would drop is gone.
        case alreadyDone
        /// A prepared statement must be prepared again.
        case staleStatement
        /// The statement itself is wrong.
        case broken
    }

    /// https://mariadb.com/kb/en/mariadb-error-code-reference/ and
    /// https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
    var kind: Kind {
        switch number {
        // ER_DUP_KEY, BAD_NULL, DUP_ENTRY, FK child/parent rows (old and new numbers), no default, CHECK (MariaDB, MySQL).
        case 1022, 1048, 1062, 1169, 1216, 1217, 1364, 1451, 1452, 1557, 1586, 1761, 1762, 3819, 4025: .constraint
        // ER_DISK_FULL, RECORD_FILE_FULL, DISK_FULL_NOWAIT.
        case 1021, 1114, 3675: .full
        case 1213, 3101: .fault(.deadlock)  // ER_LOCK_DEADLOCK, and a group of servers that rolls back at the commit
        case 1205, 3572: .fault(.lockTimeout)  // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_NOWAIT
        // Gone or going: abort, shutdown, killed (MariaDB), forced close, idle too long; and the library's own words for it.
        case 1053, 1077, 1079, 1152, 1158...1161, 1184, 1927, 3169, 4031: .fault(.lost)
        case 2000...2006, 2008, 2009, 2013, 2014, 2016, 2027, 2055, 2056, 5013, 5014: .fault(.lost)
        case 2012: .fault(.lost)  // CR_SERVER_HANDSHAKE_ERR: the connection ended within the greetings
        // Too many connections (of the server, the user, by resources), out of memory or sort space, KILL QUERY, timeouts
        // of statements, read-only, offline, lost quorum, too many prepared statements, Galera "not ready", a failed commit.
        case 1037, 1038, 1040, 1041, 1047, 1129, 1180, 1203, 1226, 1290, 1317, 1461, 1836, 1874, 1969, 3024, 3032, 3100,
            3168:
            .fault(.refused)
        case 1049: .unknownDatabase
        // Wrong user or password, no right to the database, table, column, routine or operation; host not allowed; server
        // asks for TLS or an expired password; an authentication that we do not have.
        case 1044, 1045, 1095, 1130, 1142, 1143, 1227, 1251, 1370, 1396, 1410, 1524, 1698, 1820, 1862, 3118, 3159, 4151:
            .misconfigured
        case 2026: isBrokenOff ? .fault(.lost) : .misconfigured  // CR_SSL_CONNECTION_ERROR
        case 2007, 2019, 2047, 2049, 2059, 2061, 5004, 5005, 5008, 5010, 5012: .misconfigured
        case 1007, 1050, 1060, 1061, 1068, 1091, 1826: .alreadyDone
        case 1243, 1615, 2030, 2057: .staleStatement  // unknown statement, must be prepared again
        default: .broken
        }
    }

    /// Whether a TLS handshake ended because the connection did, and not because of what was said in it. The library has one
    /// number for both.
    private var isBrokenOff: Bool {
        let text = message.lowercased()
        return isTimeout || ["eof", "reset by peer", "broken pipe", "timed out"].contains { text.contains($0) }
    }

    /// What a server said instead of its greeting, such as "too many connections", the library wraps up when TLS is possible:
    /// as nobody has proven yet to be the server. What is believed of it are only reasons to fail.
    var unwrapped: MySQLError {
        guard let wrapping = message.firstRange(of: "cannot be verified: ") else { return self }
        let parts = message[wrapping.upperBound...].split(separator: " - ", maxSplits: 1)
        guard parts.count == 2, let inner = UInt32(parts[0]) else { return self }
        return MySQLError(number: inner, message: String(parts[1]), isTimeout: isTimeout)
    }

    var failure: StorageFailure {
        let text = "MySQL \(number): \(message)"
        return switch kind {
        case .constraint: .constraint(text)
        case .full: .full
        case .fault: .unavailable(text)
        case .misconfigured, .unknownDatabase: .misconfigured(text)
        case .alreadyDone, .staleStatement, .broken: .broken(text)
        }
    }

    /// What becomes of the transaction, or nil when it can go on.
    var fault: TransactionFault? {
        switch kind {
        case .fault(.lost): isTimeout ? .timedOut : .lost
        case .fault(let fault): fault
        // A transaction with a hole in it must not be committed, and rights that were withdrawn do not come back by trying.
        case .full, .misconfigured, .unknownDatabase: .refused
        case .constraint, .alreadyDone, .staleStatement, .broken: nil
        }
    }
}
