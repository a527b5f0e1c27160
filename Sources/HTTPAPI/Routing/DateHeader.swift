import Foundation
import Synchronization

/// The `Date` of answers (RFC 9110, 6.6.1), made once in a second.
final class DateHeader: Sendable {
    private struct Known {
        var second: Int64 = .min
        var text = ""
    }

    private let known = Mutex(Known())
    private let now: @Sendable () -> Int64

    /// - Parameter now: seconds since 1970.
    init(now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }) {
        self.now = now
    }

    /// Such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    func text() -> String {
        let second = now()
        return known.withLock { known in
            if known.second != second { known = Known(second: second, text: Self.text(of: second)) }
            return known.text
        }
    }

    /// IMF-fixdate (RFC 9110, 5.6.7).
    static func text(of second: Int64) -> String {
        let days = Int(floorDivision(second, 86_400))
        let clock = Int(second - Int64(days) * 86_400)
        // Days to a date by the proleptic Gregorian calendar in eras of 400 years (H. Hinnant, chrono-compatible algorithms).
        let shifted = days + 719_468
        let era = Int(floorDivision(Int64(shifted), 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        // 1970 began on a Thursday.
        let weekday = ((days + 4) % 7 + 7) % 7
        return "\(weekdays[weekday]), \(two(day)) \(months[month - 1]) \(four(year)) "
            + "\(two(clock / 3600)):\(two(clock / 60 % 60)):\(two(clock % 60)) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func floorDivision(_ number: Int64, _ divisor: Int64) -> Int64 {
        let quotient = number / divisor
        return number % divisor < 0 ? quotient - 1 : quotient
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    private static func four(_ number: Int) -> String {
        String(repeating: "0", count: max(0, 4 - "\(number)".utf8.count)) + "\(number)"
    }
}
