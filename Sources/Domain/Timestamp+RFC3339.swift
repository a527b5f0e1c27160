/// The text form of a ``Timestamp``. Written by hand because it stands in every message a client sees: Foundation's
/// formatters are some fifty times slower and take a lock.
extension Timestamp {
    /// Bytes in the text form, `2026-11-23T08:15:00.123Z`.
    public static let textLength = 24

    /// RFC 3339 in UTC with exactly three fraction digits.
    public var rfc3339: String {
        String(unsafeUninitializedCapacity: Self.textLength) { buffer in
            write(to: buffer)
            return Self.textLength
        }
    }

    /// Fills the first ``textLength`` bytes of `buffer`, which has room for them, with the text form.
    public func write(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        guard buffer.count >= Self.textLength else { return }
        // Days are counted from the proleptic Gregorian 0000-03-01, so that leap days fall at the end of a year
        // (Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days).
        let shifted = milliseconds - Self.range.lowerBound
        let time = Int(shifted % 86_400_000)
        let days = Int(shifted / 86_400_000) + 306
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        func put(_ number: Int, at offset: Int, digits: Int) {
            var rest = number
            for position in stride(from: offset + digits - 1, through: offset, by: -1) {
                buffer[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
        }
        put(year, at: 0, digits: 4)
        buffer[4] = UInt8(ascii: "-")
        put(month, at: 5, digits: 2)
        buffer[7] = UInt8(ascii: "-")
        put(day, at: 8, digits: 2)
        buffer[10] = UInt8(ascii: "T")
        put(time / 3_600_000, at: 11, digits: 2)
        buffer[13] = UInt8(ascii: ":")
        put(time / 60_000 % 60, at: 14, digits: 2)
        buffer[16] = UInt8(ascii: ":")
        put(time / 1000 % 60, at: 17, digits: 2)
        buffer[19] = UInt8(ascii: ".")
        put(time % 1000, at: 20, digits: 3)
        buffer[23] = UInt8(ascii: "Z")
    }

    /// Reads an RFC 3339 time: any offset, no to nine fraction digits (those beyond milliseconds are cut off), years
    /// 0001–9999 before and after the offset is applied. Nil for anything else, a leap second (`:60`) included:
    /// the milliseconds count has no room for one.
    public init?(rfc3339 text: String) {
        var text = text
        guard let parsed = text.withUTF8({ Self.parse($0) }) else { return nil }
        self = parsed
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        // The shortest is 2026-11-23T08:15:00Z, the longest has nine digits and an offset.
        guard (20...35).contains(bytes.count) else { return nil }

        func number(at offset: Int, digits: Int) -> Int? {
            guard offset + digits <= bytes.count else { return nil }
            var result = 0
            for position in offset..<(offset + digits) {
                let digit = bytes[position] &- UInt8(ascii: "0")
                guard digit <= 9 else { return nil }
                result = result * 10 + Int(digit)
            }
            return result
        }
        func isByte(_ expected: UInt8, at offset: Int) -> Bool {
            // The letters T and Z may be lower case (RFC 3339, 5.6).
            let byte = bytes[offset]
            return byte == expected || (expected >= UInt8(ascii: "A") && byte == expected | 0x20)
        }
        guard
            isByte(UInt8(ascii: "-"), at: 4), isByte(UInt8(ascii: "-"), at: 7), isByte(UInt8(ascii: "T"), at: 10),
            isByte(UInt8(ascii: ":"), at: 13), isByte(UInt8(ascii: ":"), at: 16),
            let year = number(at: 0, digits: 4), year >= 1,
            let month = number(at: 5, digits: 2), (1...12).contains(month),
            let day = number(at: 8, digits: 2), (1...daysIn(month: month, year: year)).contains(day),
            let hour = number(at: 11, digits: 2), hour <= 23,
            let minute = number(at: 14, digits: 2), minute <= 59,
            let second = number(at: 17, digits: 2), second <= 59
        else { return nil }

        var position = 19
        var fraction = 0
        if isByte(UInt8(ascii: "."), at: position) {
            position += 1
            var digits = 0
            while position < bytes.count, let digit = number(at: position, digits: 1) {
                digits += 1
                if digits <= 3 { fraction = fraction * 10 + digit }
                position += 1
            }
            guard (1...9).contains(digits) else { return nil }
            for _ in min(digits, 3)..<3 { fraction *= 10 }
        }

        guard position < bytes.count else { return nil }
        var offsetMinutes = 0
        if isByte(UInt8(ascii: "Z"), at: position) {
            position += 1
        } else {
            let ahead = bytes[position] == UInt8(ascii: "+")
            guard
                ahead || bytes[position] == UInt8(ascii: "-"), position + 6 <= bytes.count,
                isByte(UInt8(ascii: ":"), at: position + 3),
                let hours = number(at: position + 1, digits: 2), hours <= 23,
                let minutes = number(at: position + 4, digits: 2), minutes <= 59
            else { return nil }
            offsetMinutes = (hours * 60 + minutes) * (ahead ? 1 : -1)
            position += 6
        }
        guard position == bytes.count else { return nil }

        let days = daysSince1970(year: year, month: month, day: day)
        let minutes = (days * 24 + hour) * 60 + minute - offsetMinutes
        let milliseconds = Int64(minutes * 60 + second) * 1000 + Int64(fraction)
        guard range.contains(milliseconds) else { return nil }
        return Timestamp(milliseconds: milliseconds)
    }

    private static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// days_from_civil of the same source, for years ≥ 1.
    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
