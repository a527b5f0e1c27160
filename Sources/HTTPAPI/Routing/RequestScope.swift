public import Hummingbird
import Logging
import NIOCore
import Synchronization

/// What is known of a request beside the request itself, for as long as it is being answered.
public struct RequestScope: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// IP address of the connection's other end; nil for a Unix socket.
    let peer: String?
    /// Set by the outermost middleware, before anything else runs.
    var requestId = ""
    var client: ClientAddress
    /// What is learnt on the way, for the log line at the end.
    let findings = Findings()

    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.channel.remoteAddress?.ipAddress
        client = ClientAddress(peer: peer, headers: [:], isTrustedProxy: { _ in false })
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
