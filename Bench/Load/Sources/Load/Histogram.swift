/// Counts of durations by HdrHistogram's log-linear layout with three significant digits: each power of two above 2048
/// has 1024 buckets of one width, so a value read back is at most 1/1024 (under 0.1 %) above the one recorded.
///
/// Values are nanoseconds, so the precision holds from 1 µs upwards without rounding; 60 s and more count as 60 s.
final class Histogram {
    /// Larger ones are counted as this: a run's answers are all due within 20 s.
    static let highest: UInt64 = 60_000_000_000
    private static let halfCount = 1024
    private static let halfBits = 10
    private static let size = Histogram.place(of: Histogram.highest) + 1

    private let counts: UnsafeMutablePointer<UInt64>
    private(set) var count: UInt64 = 0
    private var sum: UInt64 = 0
    private var largest: UInt64 = 0

    init() {
        counts = .allocate(capacity: Self.size)
        counts.initialize(repeating: 0, count: Self.size)
    }

    deinit {
        counts.deallocate()
    }

    @inline(__always) private static func place(of value: UInt64) -> Int {
        // How far the value exceeds 11 bits: the shift that brings it to 1024..<2048.
        let shift = max(0, 64 - (value | 2047).leadingZeroBitCount - (halfBits + 1))
        return shift &* halfCount &+ Int(truncatingIfNeeded: value >> UInt64(truncatingIfNeeded: shift))
    }

    /// The largest value of those that share a bucket.
    private static func highestEquivalent(of place: Int) -> UInt64 {
        let shift = max(0, place / halfCount - 1)
        let part = UInt64(place - shift * halfCount)
        return ((part + 1) << UInt64(shift)) - 1
    }

    @inline(__always) func record(_ nanoseconds: UInt64) {
        let value = min(nanoseconds, Self.highest)
        counts[Self.place(of: value)] &+= 1
        count &+= 1
        sum &+= value
        largest = max(largest, value)
    }

    /// The value that `share` of all (0…1) do not exceed; 0 when there are none.
    func value(at share: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((min(max(share, 0), 1) * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for place in 0..<Self.size {
            seen += counts[place]
            if seen >= wanted {
                return min(Self.highestEquivalent(of: place), largest)
            }
        }
        return largest
    }

    var summary: Summary {
        func milliseconds(_ nanoseconds: Double) -> Double { (nanoseconds / 100).rounded() / 10_000 }
        return Summary(
            count: count, p50: milliseconds(Double(value(at: 0.5))), p90: milliseconds(Double(value(at: 0.9))),
            p99: milliseconds(Double(value(at: 0.99))), p999: milliseconds(Double(value(at: 0.999))),
            max: milliseconds(Double(largest)), mean: count > 0 ? milliseconds(Double(sum) / Double(count)) : 0)
    }

    /// In milliseconds.
    struct Summary: Encodable {
        let count: UInt64
        let p50, p90, p99, p999, max, mean: Double
    }
}
