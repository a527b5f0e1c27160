/// How long something took, many times: counts by length in buckets that grow by five per cent, which can be added up.
///
/// A percentile of it lies in the bucket of the true one, and so is off by five per cent at most. Count and mean are exact.
public struct DurationHistogram: Sendable, Equatable {
    /// Milliseconds at which the buckets begin. Up to 20 ms each has one; from there the next begins 5 % later, rounded
    /// down, so that the borders are the same whole numbers everywhere. The last one is for all beyond ten years.
    static let starts: [Int64] = {
        let last: Int64 = 10 * 366 * 86_400_000
        var starts: [Int64] = [0]
        while let end = starts.last, end < last { starts.append(max(end + 1, end * 105 / 100)) }
        return starts
    }()

    /// By bucket; without empty ones at the end.
    public private(set) var buckets: [Int64] = []
    public private(set) var count: Int64 = 0
    /// Milliseconds.
    public private(set) var sum: Int64 = 0

    public init() {}

    public var isEmpty: Bool { count == 0 }

    /// The bucket that `milliseconds` falls into.
    public static func bucket(of milliseconds: Int64) -> Int {
        var (low, high) = (0, starts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] <= milliseconds { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// Adds one; a negative length, from clocks that disagree, is none at all.
    public mutating func add(_ milliseconds: Int64) {
        let length = max(0, milliseconds)
        add(1, toBucket: Self.bucket(of: length))
        sum &+= length
    }

    public mutating func add(_ other: DurationHistogram) {
        for (bucket, count) in other.buckets.enumerated() where count > 0 { add(count, toBucket: bucket) }
        sum &+= other.sum
    }

    mutating func add(_ more: Int64, toBucket bucket: Int) {
        guard more > 0, Self.starts.indices.contains(bucket) else { return }
        if bucket >= buckets.count { buckets += Array(repeating: 0, count: bucket + 1 - buckets.count) }
        buckets[bucket] &+= more
        count &+= more
    }

    mutating func add(sum more: Int64) { sum &+= more }

    /// Milliseconds, rounded down; nil when there is none.
    public var mean: Int64? { count > 0 ? sum / count : nil }

    /// Middle of the bucket of the length that `share` of all do not exceed (nearest rank); nil when there is none.
    /// - Parameter percent: 1…100.
    public func percentile(_ percent: Int64) -> Int64? {
        guard count > 0 else { return nil }
        let share = min(max(percent, 1), 100)
        // The same as count × share / 100, rounded up, and never too large.
        let rank = max(1, count / 100 * share + (count % 100 * share + 99) / 100)
        var seen: Int64 = 0
        for (bucket, count) in buckets.enumerated() {
            seen &+= count
            guard seen >= rank else { continue }
            let start = Self.starts[bucket]
            guard bucket + 1 < Self.starts.count else { return start }
            return (start + Self.starts[bucket + 1] - 1) / 2
        }
        return nil
    }
}
