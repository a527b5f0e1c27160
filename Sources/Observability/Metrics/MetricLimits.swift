/// How much is kept. Whoever can make up label values must not be able to fill the memory, here or in Prometheus.
public struct MetricLimits: Sendable {
    /// Families of the process. The server has some dozens; the rest is room for libraries.
    public var families = 500
    /// Label sets of one family. Everything beyond goes into one series, `overflow="true"`.
    public var seriesPerFamily = 1000

    /// Bytes of a metric's or a label's name; what lies beyond is cut off.
    static let nameBytes = 128
    /// Bytes of a label's value; what lies beyond is cut off.
    static let valueBytes = 256
    /// Labels of one series. Prometheus accepts 30 from careful configurations.
    static let labels = 16
    /// Names that are remembered as complained about.
    static let complaints = 1000

    public init() {}
}
