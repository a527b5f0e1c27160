import NIOCore
import NIOPosix
import NIOSSL

/// Makes connections. Tests give one that never leaves memory.
struct RedisDialer: Sendable {
    /// Opens a channel whose last handler is the connection.
    let dial: @Sendable (RedisConnection) -> EventLoopFuture<any Channel>

    init(dial: @escaping @Sendable (RedisConnection) -> EventLoopFuture<any Channel>) { self.dial = dial }

    /// Over TCP, with TLS when the settings say so.
    /// - Throws: ``RedisFault`` when the authority's file cannot be used.
    init(_ settings: RedisSettings, eventLoop: any EventLoop, timing: RedisTiming) throws(RedisFault) {
        let tls = try Self.tls(settings.security)
        let (host, port) = (settings.host, settings.port)
        self.init { connection in
            ClientBootstrap(group: eventLoop)
                .connectTimeout(timing.connect)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if let tls {
                            // An IP address is no name for SNI; the certificate is then checked against the address.
                            let name = (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
                            try channel.pipeline.syncOperations.addHandler(
                                try NIOSSLClientHandler(context: tls, serverHostname: name))
                        }
                        try channel.pipeline.syncOperations.addHandler(connection)
                    }
                }
                .connect(host: host, port: port)
        }
    }

    private static func tls(_ security: RedisSettings.Security) throws(RedisFault) -> NIOSSLContext? {
        guard case .tls(let file) = security else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file { configuration.trustRoots = .file(file) }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .misconfigured("the file of the trusted authority cannot be read")
        }
    }
}
