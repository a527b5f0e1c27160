import CMariaDB

/// The client library, which must be initialised once before any thread uses it.
enum MySQLLibrary {
    /// Zero when the library is ready.
    static let status: Int32 = mysql_server_init(0, nil, nil)
}
