/// Series of one name and kind that differ in their labels' values.
struct MetricFamily {
    let name: String
    let help: String
    let kind: MetricKind
    let labelNames: [String]
    let buckets: HistogramBuckets
    /// By their labels' text.
    var series: [String: any Series] = [:]
    /// Takes what comes after the last label set that there is room for.
    var overflow: (any Series)?

    var isEmpty: Bool { series.isEmpty && overflow == nil }

    /// In an order that stays, so that two scrapes can be compared.
    func write(to text: inout ExpositionText) {
        text.family(name, help: help, kind: kind) { text in
            for (_, series) in series.sorted(by: { $0.key < $1.key }) { series.write(to: &text) }
            overflow?.write(to: &text)
        }
    }
}
