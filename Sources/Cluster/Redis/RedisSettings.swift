public import NIOCore

/// Where Redis is, and as whom we speak to it.
public struct RedisSettings: Sendable {
    /// How the connection is guarded.
    public enum Security: Sendable, Equatable {
        case plain
        /// TLS. The certificate must be valid for the host, by an authority that the machine trusts, or of the PEM file
        /// when one is given.
        case tls(authorityFile: String? = nil)
    }

    /// A name or an IP address.
    public var host: String
    public var port: Int
    /// Of Redis's access control list; nil is the default user.
    public var user: String?
    public var password: String?
    /// Number of the logical database. Topics know no databases: they are parted by the installation's name alone.
    public var database: Int
    public var security: Security
    /// What `CLIENT LIST` shows. Characters that Redis does not take are left out.
    public var connectionName: String

    public init(
        host: String, port: Int = 6379, user: String? = nil, password: String? = nil, database: Int = 0,
        security: Security = .plain, connectionName: String = "chat-api"
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
        self.security = security
        self.connectionName = connectionName
    }

    /// The address as logs and errors show it, without the password.
    var place: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(security == .plain ? "redis" : "rediss")://\(host):\(port)/\(database)"
    }
}

extension RedisSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { place }
    public var debugDescription: String { place }
    /// Empty, so that no dump shows the password.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// How fast a node notices that Redis is gone, and how it comes back.
public struct RedisTiming: Sendable {
    /// Time between two beats. Two that are not heard make the bus unhealthy.
    public var beat: TimeAmount
    /// Time for a connection to be made, with TLS and sign-in.
    public var connect: TimeAmount
    /// A connection on which an answer takes longer is given up and made anew.
    public var reply: TimeAmount
    /// Upper end of the first pause before the next attempt; it doubles with each.
    public var firstPause: TimeAmount
    /// Upper end of all pauses.
    public var longestPause: TimeAmount

    public init(
        beat: TimeAmount = .milliseconds(250), connect: TimeAmount = .seconds(2), reply: TimeAmount = .seconds(5),
        firstPause: TimeAmount = .milliseconds(50), longestPause: TimeAmount = .seconds(2)
    ) {
        self.beat = beat
        self.connect = connect
        self.reply = reply
        self.firstPause = firstPause
        self.longestPause = longestPause
    }
}
