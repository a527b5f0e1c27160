import CMariaDB

/// One connection of the C library. Everything unsafe that is not a statement's is in this file.
///
/// Not `Sendable`: it lives and dies on the serial executor of whoever opened it.
final class MySQLHandle {
    /// How long the library waits, in seconds.
    struct Timeouts: Sendable {
        /// For the TCP connection and for each part of the greetings.
        var connect: UInt32 = 3
        /// For the next bytes of an answer: how long a statement may take.
        var read: UInt32
        var write: UInt32 = 5
    }

    private let handle: UnsafeMutablePointer<MYSQL>
    private let readTimeout: Duration

    /// Statements that were prepared on the connection; kept so that closing it can be put in front of theirs.
    private(set) var isClosed = false

    /// Authentication that may be used. Without a list the server could ask for the password in clear text.
    private static let authentication =
        "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519"
    /// `CLIENT_FOUND_ROWS`: an UPDATE counts the rows that it matched, as SQLite does, and not those that it changed.
    private static let clientFlags = UInt(CLIENT_FOUND_ROWS)

    /// Connects. `database` nil connects to the server alone.
    /// - Throws: ``MySQLError``.
    init(_ address: MySQLAddress, database: String?, timeouts: Timeouts) throws(MySQLError) {
        guard mysql_server_init(0, nil, nil) == 0, let handle = mysql_init(nil) else {
            throw MySQLError(number: UInt32(CR_OUT_OF_MEMORY), message: "the client library did not start")
        }
        self.handle = handle
        readTimeout = .seconds(Int64(timeouts.read))
        Self.set(handle, address.security)
        Self.set(handle, MYSQL_OPT_CONNECT_TIMEOUT, timeouts.connect)
        Self.set(handle, MYSQL_OPT_READ_TIMEOUT, timeouts.read)
        Self.set(handle, MYSQL_OPT_WRITE_TIMEOUT, timeouts.write)
        Self.set(handle, MYSQL_OPT_PROTOCOL, UInt32(MYSQL_PROTOCOL_TCP.rawValue))
        // A server could otherwise ask for any file of this machine.
        Self.set(handle, MYSQL_OPT_LOCAL_INFILE, 0)
        mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4")
        mysql_options(handle, MARIADB_OPT_RESTRICTED_AUTH, Self.authentication)
        let began = ContinuousClock.now
        let connected = mysql_real_connect(
            handle, address.host, address.user, address.password.isEmpty ? nil : address.password, database,
            UInt32(clamping: address.port), nil, Self.clientFlags)
        guard connected != nil else {
            var error = lastError(since: began).unwrapped
            error.isTimeout = ContinuousClock.now - began >= .seconds(Int64(timeouts.connect)) - .milliseconds(200)
            close()
            throw error
        }
        switch address.security.mode {
        case .disabled, .preferred: break
        case .required, .verifyCA, .verifyIdentity:
            // The library goes on in clear text when the server offers no TLS.
            guard mysql_get_ssl_cipher(handle) != nil else {
                close()
                throw MySQLError(
                    number: UInt32(CR_SSL_CONNECTION_ERROR),
                    message: "the server offers no TLS, which ssl-mode asks for")
            }
        }
    }

    deinit { close() }

    private static func set(_ handle: UnsafeMutablePointer<MYSQL>, _ option: mysql_option, _ value: UInt32) {
        withUnsafePointer(to: value) { _ = mysql_options(handle, option, $0) }
    }

    private static func set(_ handle: UnsafeMutablePointer<MYSQL>, _ security: MySQLSecurity) {
        func flag(_ option: mysql_option, _ isOn: Bool) {
            withUnsafePointer(to: my_bool(isOn ? 1 : 0)) { _ = mysql_options(handle, option, $0) }
        }
        flag(MYSQL_OPT_SSL_ENFORCE, security.mode != .disabled)
        flag(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, security.mode == .verifyIdentity)
        guard security.mode != .disabled else { return }
        mysql_ssl_set(handle, security.key, security.certificate, security.authorities, nil, nil)
    }

    /// Ends the connection. Statements that are left only free their memory afterwards.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        mysql_close(handle)
    }

    /// The server's number of this connection, which `KILL` takes.
    var serverId: UInt64 { isClosed ? 0 : UInt64(mysql_thread_id(handle)) }

    /// By what the server says of itself in its greeting.
    var isMariaDB: Bool {
        !isClosed && mysql_get_server_info(handle).map { String(cString: $0).contains("MariaDB") } ?? false
    }

    /// Runs a statement without parameters and rows, such as COMMIT. Never give it a text that came from outside.
    func control(_ sql: String) throws(MySQLError) {
        try requireOpen()
        let began = ContinuousClock.now
        guard mysql_real_query(handle, sql, UInt(sql.utf8.count)) == 0 else { throw lastError(since: began) }
        if let result = mysql_store_result(handle) { mysql_free_result(result) }
    }

    func ping() throws(MySQLError) {
        try requireOpen()
        let began = ContinuousClock.now
        guard mysql_ping(handle) == 0 else { throw lastError(since: began) }
    }

    /// - Throws: ``MySQLError``.
    func prepare(_ sql: String) throws(MySQLError) -> MySQLStatement {
        try requireOpen()
        let began = ContinuousClock.now
        guard let statement = mysql_stmt_init(handle) else { throw lastError(since: began) }
        guard mysql_stmt_prepare(statement, sql, UInt(sql.utf8.count)) == 0 else {
            let error = MySQLError(of: statement, since: began, timeout: readTimeout)
            mysql_stmt_close(statement)
            throw error
        }
        return MySQLStatement(statement, readTimeout: readTimeout)
    }

    private func requireOpen() throws(MySQLError) {
        if isClosed { throw MySQLError(number: UInt32(CR_SERVER_GONE_ERROR), message: "the connection is closed") }
    }

    private func lastError(since began: ContinuousClock.Instant) -> MySQLError {
        MySQLError(
            number: mysql_errno(handle), message: mysql_error(handle).map { String(cString: $0) } ?? "",
            isTimeout: ContinuousClock.now - began >= readTimeout - .milliseconds(200))
    }
}

extension MySQLError {
    /// The last error of a statement, whose call began at `began`.
    init(of statement: UnsafeMutablePointer<MYSQL_STMT>, since began: ContinuousClock.Instant, timeout: Duration) {
        self.init(
            number: mysql_stmt_errno(statement), message: mysql_stmt_error(statement).map { String(cString: $0) } ?? "",
            isTimeout: ContinuousClock.now - began >= timeout - .milliseconds(200))
    }
}
