/// How far apart the points of a series are.
public enum StatisticsInterval: String, Sendable, Codable, CaseIterable {
    case hour, day, week, month
}

/// Hours, days, weeks and months of a time zone, as moments of UTC. A day has 23, 24 or 25 hours, as the zone has it.
public struct StatisticsCalendar: Sendable {
    /// Milliseconds of a quarter of an hour: what is counted together, and what every zone's hours are made of.
    public static let quarter: Int64 = 900_000
    public static let hour: Int64 = 3_600_000
    public static let day: Int64 = 86_400_000

    /// What the zone's clocks are ahead of UTC at a moment: milliseconds, both.
    private let offset: @Sendable (Int64) -> Int64

    /// - Parameter offset: seconds that the zone's clocks are ahead of UTC, at seconds since 1970.
    public init(offset: @escaping @Sendable (Int64) -> Int64) {
        self.offset = { offset($0.flooredQuotient(by: 1000)) * 1000 }
    }

    /// The beginning of the quarter of an hour.
    public static func quarter(of moment: Timestamp) -> Timestamp { floor(moment, to: quarter) }

    public static func floor(_ moment: Timestamp, to span: Int64) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds.flooredQuotient(by: span) * span)
    }

    /// Where the intervals between two moments begin: `from`, then each beginning by the zone's clocks, and `to` at the end.
    /// - Returns: nil when there would be more than `limit` intervals.
    public func boundaries(
        from: Timestamp, to: Timestamp, by interval: StatisticsInterval, limit: Int
    ) -> [Timestamp]? {
        var boundaries = [from]
        var moment = from
        while moment < to {
            guard boundaries.count <= limit else { return nil }
            let next = self.next(interval, after: moment)
            // A zone whose borders are no quarters of an hour (before 1972) must not make an endless loop.
            moment = min(max(Self.quarter(of: next), Self.quarter(of: moment).adding(milliseconds: Self.quarter)), to)
            boundaries.append(moment)
        }
        return boundaries
    }

    /// The first moment of the next hour, day, week (of Mondays) or month by the zone's clocks.
    public func next(_ interval: StatisticsInterval, after moment: Timestamp) -> Timestamp {
        let ahead = offset(moment.milliseconds)
        let local = moment.milliseconds + ahead
        let date = local.flooredQuotient(by: Self.day)
        switch interval {
        case .hour:
            let next = moment.milliseconds + Self.hour - (local - local.flooredQuotient(by: Self.hour) * Self.hour)
            guard offset(next) != ahead else { return Timestamp(milliseconds: next) }
            return Timestamp(milliseconds: min(next, change(from: moment.milliseconds, to: next)))
        case .day: return startOfDay(date + 1)
        case .week:
            // 1970-01-01 was a Thursday.
            let weekday = (date + 3) - (date + 3).flooredQuotient(by: 7) * 7
            return startOfDay(date + 7 - weekday)
        case .month:
            var (year, month) = Self.yearAndMonth(of: date)
            (year, month) = month == 12 ? (year + 1, 1) : (year, month + 1)
            return startOfDay(Self.days(toFirstOf: month, year))
        }
    }

    /// The first moment of the zone's day that holds `moment`, or of one so many days before or after it.
    public func startOfDay(holding moment: Timestamp, adding days: Int64 = 0) -> Timestamp {
        startOfDay((moment.milliseconds + offset(moment.milliseconds)).flooredQuotient(by: Self.day) + days)
    }

    /// The first moment of a day, by the days since 1970 of the zone's own calendar.
    private func startOfDay(_ date: Int64) -> Timestamp {
        let midnight = date * Self.day
        let (before, after) = (offset(midnight - Self.day), offset(midnight + Self.day))
        if offset(midnight - before) == before { return Timestamp(milliseconds: midnight - before) }
        if offset(midnight - after) == after { return Timestamp(milliseconds: midnight - after) }
        // The clocks jump over this midnight: the day begins with the jump.
        return Timestamp(milliseconds: change(from: midnight - after, to: midnight - before))
    }

    /// The first moment between two at which the clocks are not as at the first.
    private func change(from start: Int64, to end: Int64) -> Int64 {
        var (low, high) = (start, end)
        let ahead = offset(low)
        while high - low > 1000 {
            let middle = low + (high - low) / 2
            if offset(middle) == ahead { low = middle } else { high = middle }
        }
        // Clocks change at whole seconds.
        return high.flooredQuotient(by: 1000) * 1000
    }

    /// Stretches of time in which the clocks stay the same, with what they are ahead of UTC, in milliseconds.
    public func steadyStretches(from: Timestamp, to: Timestamp) -> [(from: Timestamp, to: Timestamp, ahead: Int64)] {
        var stretches: [(from: Timestamp, to: Timestamp, ahead: Int64)] = []
        var (start, looked) = (from.milliseconds, from.milliseconds)
        let end = to.milliseconds
        while looked < end {
            // No zone changes its clocks twice in a week.
            let next = min(looked + 7 * Self.day, end)
            let ahead = offset(start)
            if offset(next) != ahead, start < next {
                let border = min(change(from: max(start, looked), to: next), end)
                stretches.append((Timestamp(milliseconds: start), Timestamp(milliseconds: border), ahead))
                (start, looked) = (border, border)
            } else {
                looked = next
            }
        }
        if start < end {
            stretches.append((Timestamp(milliseconds: start), Timestamp(milliseconds: end), offset(start)))
        }
        return stretches
    }

    // MARK: The Gregorian calendar
    // Howard Hinnant, "chrono-compatible low-level date algorithms".

    private static func yearAndMonth(of date: Int64) -> (year: Int64, month: Int64) {
        let days = date + 719_468
        let era = days.flooredQuotient(by: 146_097)
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month)
    }

    private static func days(toFirstOf month: Int64, _ year: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Int64 {
    /// Division that rounds down, below zero too.
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
