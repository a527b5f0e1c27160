import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// What stands behind the gate for plain HTTP: the same handlers as in Hummingbird's `HTTP1Channel`.
struct HTTPSide {
    typealias AsyncChannel = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let channel: AsyncChannel
    /// The handlers that can leave again. The `NIOAsyncChannel`'s own cannot; it stays behind without effect.
    let handlers: [any RemovableChannelHandler]

    init(on channel: any Channel, configuration: HTTP1Channel.Configuration, logger: Logger) throws {
        var handlers: [any RemovableChannelHandler] = [HTTP1ToHTTPServerCodec(secure: false)]
        handlers += configuration.additionalChannelHandlers()
        handlers.append(
            HTTPConnectionStateHandler(idleTimeout: configuration.idleTimeout.map { Duration($0) }, logger: logger))
        for handler in handlers { try channel.pipeline.syncOperations.addHandler(handler) }
        self.handlers = handlers
        self.channel = try NIOAsyncChannel(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
}
