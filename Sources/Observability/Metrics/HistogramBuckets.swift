/// The upper bounds of a histogram's buckets, ascending. The last bucket, `+Inf`, is not among them.
public struct HistogramBuckets: Sendable, Equatable, ExpressibleByArrayLiteral {
    /// Bounds of one histogram; each costs a line per label set and scrape.
    static let maximumBounds = 64

    public let bounds: [Double]

    /// Bounds in any order; those that are no numbers are left out.
    public init(_ bounds: [Double]) {
        self.bounds = Array(Set(bounds.filter(\.isFinite)).sorted().prefix(Self.maximumBounds))
    }

    public init(arrayLiteral bounds: Double...) {
        self.init(bounds)
    }

    /// Seconds, for whatever nobody has described: 5 ms to 10 s, as Prometheus' own clients have them.
    public static let standard: Self = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// The bucket of a value: that of the first bound that is not below it.
    func index(of value: Double) -> Int {
        var lower = 0
        var upper = bounds.count
        while lower < upper {
            let middle = (lower + upper) / 2
            if bounds[middle] < value { lower = middle + 1 } else { upper = middle }
        }
        return lower
    }
}
