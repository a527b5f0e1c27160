import Domain
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
        let time = Timestamp(seconds: second).rfc3339.utf8
        func part(_ start: Int, _ length: Int) -> Substring { Substring(time.dropFirst(start).prefix(length)) }
        let month = Int(part(5, 2)).map { months[($0 - 1) % 12] } ?? ""
        // 1970 began on a Thursday.
        let day = second / 86_400 - (second % 86_400 < 0 ? 1 : 0)
        let weekday = weekdays[Int((day % 7 + 11) % 7)]
        return "\(weekday), \(part(8, 2)) \(month) \(part(0, 4)) \(part(11, 8)) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
