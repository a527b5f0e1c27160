/// What is known beforehand of a family of metrics.
public struct FamilyDescription: Sendable {
    /// As Prometheus sees it, such as `chat_commit_duration_seconds`.
    public let name: String
    /// What it counts or measures, in a sentence.
    public let help: String
    /// Bounds where the family is a histogram.
    public let buckets: HistogramBuckets

    public init(_ name: String, _ help: String, buckets: HistogramBuckets = .standard) {
        self.name = name
        self.help = help
        self.buckets = buckets
    }
}
