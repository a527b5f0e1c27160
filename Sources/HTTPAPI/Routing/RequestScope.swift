public import Hummingbird
import Logging
import NIOCore
import Synchronization

/// What is known of a request beside the request itself, for as long as it is being answered.
public struct RequestScope: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// IP address of the connection's other end; nil for a Unix socket.
    let peer: String?
    /// Set by ``Reception``, before anything else runs.
    var requestId = ""
    var trace: TraceParent?
    var client: ClientAddress
    /// Of the path, in order, and their names in the route's pattern.
    var parameters: [Substring] = []
    var parameterNames: [String] = []
    /// What is learnt on the way, for the log line at the end.
    let findings = Findings()

    public init(source: ApplicationRequestContextSource) {
        self.init(channel: source.channel, logger: source.logger)
    }

    init(channel: any Channel, logger: Logger) {
        coreContext = CoreRequestContextStorage(
            source: ApplicationRequestContextSource(channel: channel, logger: logger))
        peer = channel.remoteAddress?.ipAddress
        client = ClientAddress(text: "unknown", isBehindProxy: false)
    }

    /// A logger whose lines carry what the request is found by. Made when there is something to say, which is seldom.
    var correlated: Logger {
        var logger = logger
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request_id"] = .string(requestId)
        if let trace {
            logger[metadataKey: "trace_id"] = .string(trace.traceId)
            logger[metadataKey: "parent_span_id"] = .string(trace.spanId)
        }
        return logger
    }

    func parameter(_ name: String) -> String? {
        parameterNames.firstIndex(of: name).flatMap { $0 < parameters.count ? String(parameters[$0]) : nil }
    }

    /// Filled in by inner parts and read by outer ones.
    final class Findings: Sendable {
        private let principal = Mutex<String?>(nil)

        /// Kind of the caller: `staff`, `contact`, or nil.
        var principalKind: String? {
            get { principal.withLock { $0 } }
            set { principal.withLock { $0 = newValue } }
        }
    }
}
