import Logging
import Metrics
import Synchronization

@testable import Observability

/// A backend of a test's own, and what it has complained about.
struct MetricsFixture: Sendable {
    let metrics: PrometheusMetrics
    private let recorder = Complaints()

    init(describing descriptions: [FamilyDescription] = [], limits: MetricLimits = MetricLimits()) {
        let recorder = recorder
        metrics = PrometheusMetrics(
            describing: descriptions, limits: limits, logger: Logger(label: "metrics") { _ in recorder.handler })
    }

    /// Names of the metrics that the log complained about.
    var complaints: [String] { recorder.metrics.withLock { $0 } }

    var text: String { String(decoding: metrics.exposition(), as: UTF8.self) }

    /// Lines of samples, without HELP and TYPE.
    var samples: [String] { text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init) }

    func counter(_ label: String, _ dimensions: [(String, String)] = []) -> Counter {
        Counter(label: label, dimensions: dimensions, factory: metrics)
    }

    func gauge(_ label: String, _ dimensions: [(String, String)] = []) -> Gauge {
        Gauge(label: label, dimensions: dimensions, factory: metrics)
    }

    func timer(_ label: String, _ dimensions: [(String, String)] = []) -> Timer {
        Timer(label: label, dimensions: dimensions, factory: metrics)
    }

    func recorder(_ label: String, _ dimensions: [(String, String)] = []) -> Recorder {
        Recorder(label: label, dimensions: dimensions, aggregate: true, factory: metrics)
    }
}

private final class Complaints: Sendable {
    let metrics = Mutex<[String]>([])

    var handler: any LogHandler { Handler(complaints: self) }

    private struct Handler: LogHandler {
        let complaints: Complaints
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        init(complaints: Complaints) { self.complaints = complaints }

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            complaints.metrics.withLock { $0.append(event.metadata?["metric"].map { "\($0)" } ?? "") }
        }
    }
}
