/// A moment in UTC with millisecond resolution, the only notion of time that rows, events and clients share.
///
/// Always between ``earliest`` and ``latest`` (years 0001–9999), so that every value has an RFC 3339 text; arithmetic
/// that would leave the range stops at its end instead of overflowing.
public struct Timestamp: Hashable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
    public let milliseconds: Int64

    /// 0001-01-01T00:00:00.000Z
    public static let earliest = Timestamp(milliseconds: -62_135_596_800_000)
    /// 9999-12-31T23:59:59.999Z, the last moment that RFC 3339 can write.
    public static let latest = Timestamp(milliseconds: 253_402_300_799_999)

    static let range: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    /// A moment `milliseconds` after 1970; values outside ``earliest``…``latest`` become the nearer of the two.
    public init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, Self.range.lowerBound), Self.range.upperBound)
    }

    /// A moment `seconds` after 1970, as JWT claims and Unix tools count them; clamped like ``init(milliseconds:)``.
    public init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        self.init(milliseconds: overflow ? (seconds < 0 ? .min : .max) : product)
    }

    /// Whole seconds since 1970, rounded down.
    public var seconds: Int64 {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The moment `milliseconds` later (earlier when negative), at most ``latest`` and at least ``earliest``.
    public func adding(milliseconds: Int64) -> Timestamp {
        let (sum, overflow) = self.milliseconds.addingReportingOverflow(milliseconds)
        return Timestamp(milliseconds: overflow ? (milliseconds < 0 ? .min : .max) : sum)
    }

    /// The moment `seconds` later (earlier when negative), at most ``latest`` and at least ``earliest``.
    public func adding(seconds: Int64) -> Timestamp {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return adding(milliseconds: overflow ? (seconds < 0 ? .min : .max) : product)
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is the later one.
    public func milliseconds(since earlier: Timestamp) -> Int64 {
        // Cannot overflow: both lie within the clamped range.
        milliseconds - earlier.milliseconds
    }
}

extension Timestamp: Comparable {
    public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        lhs.milliseconds < rhs.milliseconds
    }
}

extension Timestamp: Codable {
    /// - Throws: ``InvalidValue`` with the code `invalid_timestamp` when the string is no RFC 3339 time.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let timestamp = Timestamp(rfc3339: text) else {
            throw InvalidValue(
                code: "invalid_timestamp", message: "must be an RFC 3339 time such as 2026-11-23T08:15:00.123Z")
        }
        self = timestamp
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}

extension Timestamp: CustomStringConvertible {
    public var description: String { rfc3339 }
}
