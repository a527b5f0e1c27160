#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// When a record was made, as milliseconds since 1970-01-01 UTC, and how it is written.
///
/// Formatting is done by hand: a log line must not wait for a date formatter's lock, locale or time zone file.
public struct LogTime: Sendable, Equatable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The wall clock now.
    public static func now() -> LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(milliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-01-31T08:15:00.042Z`.
    public func appendRFC3339(to line: inout [UInt8]) {
        let (day, millisecondOfDay) = Self.divide(milliseconds, by: 86_400_000)
        let (year, month, dayOfMonth) = Self.civilDate(daysSince1970: day)
        Self.append(year, digits: 4, to: &line)
        line.append(UInt8(ascii: "-"))
        Self.append(month, digits: 2, to: &line)
        line.append(UInt8(ascii: "-"))
        Self.append(dayOfMonth, digits: 2, to: &line)
        line.append(UInt8(ascii: "T"))
        Self.appendTimeOfDay(milliseconds: millisecondOfDay, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    /// The time of day in the machine's own zone, such as `16:15:00.042`: for a person at a terminal.
    public func appendLocalTimeOfDay(to line: inout [UInt8]) {
        var seconds = time_t(Self.divide(milliseconds, by: 1000).quotient)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let secondOfDay = Int64(parts.tm_hour) * 3600 + Int64(parts.tm_min) * 60 + Int64(parts.tm_sec)
        let fraction = Self.divide(milliseconds, by: 1000).remainder
        Self.appendTimeOfDay(milliseconds: secondOfDay * 1000 + fraction, to: &line)
    }

    private static func appendTimeOfDay(milliseconds: Int64, to line: inout [UInt8]) {
        append(milliseconds / 3_600_000, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(milliseconds / 60_000 % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(milliseconds / 1000 % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: "."))
        append(milliseconds % 1000, digits: 3, to: &line)
    }

    private static func append(_ number: Int64, digits: Int, to line: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    /// Division that rounds down, so that times before 1970 come out right too.
    private static func divide(_ number: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = number % divisor
        return remainder < 0
            ? (number / divisor - 1, remainder + divisor) : (number / divisor, remainder)
    }

    /// Howard Hinnant's `civil_from_days` (public domain): days since 1970 to the Gregorian calendar.
    private static func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSince1970 + 719_468
        let era = divide(shifted, by: 146_097).quotient
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
