import Metrics

/// How often which values were seen. Durations are in seconds.
final class HistogramSeries: Series, RecorderHandler, TimerHandler {
    let place: SeriesPlace
    private let buckets: HistogramBuckets
    /// One per bound, and one for what is above all of them. Each value stands in one: sums are made when they are read.
    private let counts: [AtomicCount]
    private let sum = AtomicDouble()

    init(_ place: SeriesPlace, _ buckets: HistogramBuckets) {
        self.place = place
        self.buckets = buckets
        counts = (0...buckets.bounds.count).map { _ in AtomicCount() }
    }

    func record(_ value: Int64) { record(Double(value)) }

    /// What is no number, or endless, would spoil the sum for good.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        counts[buckets.index(of: value)].add()
        sum.add(value)
    }

    /// A duration below zero comes from a clock that was set back.
    func recordNanoseconds(_ duration: Int64) { record(Double(max(0, duration)) / 1e9) }

    func write(to text: inout ExpositionText) {
        var count: UInt64 = 0
        for (bound, bucket) in zip(buckets.bounds + [.infinity], counts) {
            count &+= bucket.value
            text.bucket(place.family, labels: place.labels, upTo: bound, count)
        }
        text.sample(place.family, suffix: "_sum", labels: place.labels, sum.value)
        // The same number as the last bucket's, whatever is counted meanwhile.
        text.sample(place.family, suffix: "_count", labels: place.labels, count)
    }
}
