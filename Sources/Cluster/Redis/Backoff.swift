import NIOCore

/// Pauses between attempts to connect: doubling, with chance, so that many nodes do not come back at once.
struct Backoff: Sendable {
    private let first: Int64
    private let longest: Int64
    private var failures = 0

    init(first: TimeAmount, longest: TimeAmount) {
        self.first = max(1, first.nanoseconds)
        self.longest = max(self.first, longest.nanoseconds)
    }

    /// The pause before the next attempt: between a half and the whole of its upper end.
    mutating func pause(using random: inout some RandomNumberGenerator) -> TimeAmount {
        let (doubled, isTooLong) = first.multipliedReportingOverflow(by: Int64(1) << min(failures, 40))
        let most = isTooLong ? longest : min(longest, doubled)
        failures += 1
        return .nanoseconds(Int64.random(in: most / 2...most, using: &random))
    }

    /// The connection has proved good.
    mutating func reset() { failures = 0 }
}
