import Synchronization

/// Whether this node wants new work. It stops wanting it for good as soon as a drain starts.
public final class Readiness: Sendable {
    private let draining = Atomic(false)

    public init() {}

    public var isReady: Bool { !draining.load(ordering: .acquiring) }

    /// From now on `/health/ready` answers 503, so that load balancers send nobody here any more.
    public func drain() { draining.store(true, ordering: .releasing) }
}
