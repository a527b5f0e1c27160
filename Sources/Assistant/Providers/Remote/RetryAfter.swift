import Foundation

/// How long an endpoint asks to be left alone.
enum RetryAfter {
    /// Longest time that a provider may ask for; more means that it is down. OpenAI's own client has the same limit.
    static let longest = Duration.seconds(120)

    /// `retry-after-ms`, then `Retry-After` in seconds or as a date.
    static func read(milliseconds: String?, seconds: String?, now: Date) -> Duration? {
        if let milliseconds = milliseconds.flatMap(Double.init), milliseconds >= 0, milliseconds.isFinite {
            return min(.milliseconds(Int64(min(milliseconds, 1e9))), longest)
        }
        guard let text = seconds else { return nil }
        if let seconds = Double(text) {
            guard seconds >= 0, seconds.isFinite else { return nil }
            return min(.milliseconds(Int64(min(seconds, 1e6) * 1000)), longest)
        }
        guard let date = httpDate(text) else { return nil }
        let wait = date.timeIntervalSince(now)
        return min(.milliseconds(Int64(max(0, min(wait, 1e6)) * 1000)), longest)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func httpDate(_ text: String) -> Date? {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == ":" })
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 8, let day = Int(parts[1]), let month = months.firstIndex(of: String(parts[2])),
            let year = Int(parts[3]), let hour = Int(parts[4]), let minute = Int(parts[5]), let second = Int(parts[6])
        else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
        return calendar.date(
            from: DateComponents(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second))
    }
}
