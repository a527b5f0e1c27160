public import Metrics
import Synchronization

/// Makes every metric of the process count into one backend.
public enum MetricsBootstrap {
    private static let wasStarted = Mutex(false)

    /// Call once, before the first metric is made: those that exist already go on counting into nothing.
    /// - Returns: false when it had been done before; then nothing changes. (swift-metrics would trap.)
    @discardableResult
    public static func start(_ factory: any MetricsFactory) -> Bool {
        let isFirst = wasStarted.withLock { started in
            defer { started = true }
            return !started
        }
        if isFirst { MetricsSystem.bootstrap(factory) }
        return isFirst
    }
}
