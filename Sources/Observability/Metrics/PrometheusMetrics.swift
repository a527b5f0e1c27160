public import Logging
public import Metrics

/// Keeps what swift-metrics counts and shows it to Prometheus.
///
/// ```swift
/// let metrics = PrometheusMetrics(logger: logger)
/// MetricsBootstrap.start(metrics)
/// Counter(label: "chat.messages", dimensions: [("sender", "contact")]).increment()
/// metrics.exposition()  // … chat_messages_total{sender="contact"} 1
/// ```
///
/// Counters become counters; meters, gauges and recorders that do not aggregate become gauges; recorders that do, and
/// timers, become histograms, timers in seconds. The same name and labels always lead to the same series. What
/// contradicts an earlier metric (another kind, other label names) is logged once and counts into nothing. Nothing here
/// traps, waits or grows beyond ``MetricLimits``.
public final class PrometheusMetrics: MetricsFactory {
    /// Of ``exposition()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let registry: MetricRegistry

    /// - Parameters:
    ///   - descriptions: help and buckets of families that will come to be. Others get neutral ones.
    ///   - logger: hears of metrics that cannot be kept.
    public init(
        describing descriptions: [FamilyDescription] = [], limits: MetricLimits = MetricLimits(), logger: Logger
    ) {
        registry = MetricRegistry(describing: descriptions, limits: limits, logger: logger)
    }

    /// Everything as text, in an order that stays the same.
    public func exposition() -> [UInt8] { registry.exposition() }

    /// Shows a value that is known elsewhere, asked for at each scrape.
    ///
    /// - Parameters:
    ///   - label: such as `chat.connections`.
    ///   - kind: a counter or a gauge; a histogram cannot be one value and is not shown.
    ///   - read: the value now, or nil when it is not known; from any thread, and quickly.
    public func observe(
        _ label: String, _ kind: MetricKind = .gauge, dimensions: [(String, String)] = [],
        _ read: @escaping @Sendable () -> Double?
    ) {
        guard kind != .histogram else { return }
        _ = registry.series(label, dimensions, kind) { place, _ in ObservedSeries(place, read) }
    }

    // MARK: Handlers

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let handler: (any RecorderHandler)? =
            aggregate ? histogram(label, dimensions) : gauge(label, dimensions)
        return handler ?? NOOPMetricsHandler.instance
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, unit: "seconds") ?? NOOPMetricsHandler.instance
    }

    public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries? {
        registry.series(label, dimensions, .counter) { place, _ in CounterSeries(place) }
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries? {
        registry.series(label, dimensions, .gauge) { place, _ in GaugeSeries(place) }
    }

    private func histogram(
        _ label: String, _ dimensions: [(String, String)], unit: String = ""
    ) -> HistogramSeries? {
        registry.series(label, dimensions, unit: unit, .histogram) { HistogramSeries($0, $1) }
    }

    private func destroy(_ handler: AnyObject) {
        if let series = handler as? any Series { registry.remove(series) }
    }
}
