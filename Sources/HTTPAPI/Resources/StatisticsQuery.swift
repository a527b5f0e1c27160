import Domain
import Foundation
import Storage

/// `from`, `to`, `interval` and `timezone` of a request for figures.
struct StatisticsQuery: Sendable {
    /// Intervals of one answer. Contract: a bounded number of points.
    static let maximumPoints = 1000
    /// The longest stretch of time: five years. Reading goes by hours of it.
    static let maximumDays: Int64 = 1830
    /// Days that are shown when a request does not say which, today included.
    static let usualDays: Int64 = 7

    static let from = QueryParameter<Timestamp>.time(
        "from", "begin, rounded down to a quarter of an hour; without it, so that seven days are shown")
    static let to = QueryParameter<Timestamp>.time(
        "to", "end, rounded up to a quarter of an hour; without it, now")
    static let interval = QueryParameter<StatisticsInterval>.choice(
        "interval", "how far apart the points are; without it, days")
    static let timezone = QueryParameter<String>.text(
        "timezone", maximum: 64, "IANA name such as `Europe/Berlin`; without it, the workspace's")
    static let parameters = [
        from.description, to.description, interval.description, timezone.description,
    ]

    private let from: Timestamp?
    private let to: Timestamp?
    private let interval: StatisticsInterval
    private let zoneName: String?

    /// - Throws: 422 with all that is wrong.
    init(_ call: Call) throws {
        var query = call.query
        from = query[Self.from]
        to = query[Self.to]
        interval = query[Self.interval] ?? .day
        let name = query[Self.timezone]
        zoneName = name
        try query.finish()
        var check = Validation()
        if let name, Self.zone(name) == nil {
            check.reject(
                "timezone", code: "invalid_value",
                message: "must be the IANA name of a time zone, such as Europe/Berlin")
        }
        try check.finish()
    }

    /// A zone by its IANA name; nil for anything else, such as an abbreviation or an offset.
    static func zone(_ name: String) -> TimeZone? {
        guard name == "UTC" || name.contains("/") else { return nil }
        return TimeZone(identifier: name)
    }

    /// The request in full: what it does not say comes from the workspace and the clock.
    /// - Throws: 422 when the stretch of time is empty, too long, or has too many points.
    func period(in reader: Snapshot, by access: Access) throws -> StatisticsPeriod {
        let name = try zoneName ?? reader.settings(of: access.workspaceId).timezone
        let zone = Self.zone(name)
        let calendar = StatisticsCalendar { moment in
            // A workspace's zone that this machine does not know is read as UTC.
            zone.map { Int64($0.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment)))) } ?? 0
        }
        var check = Validation()
        let quarter = StatisticsCalendar.quarter
        let asked = to ?? reader.now
        let floor = StatisticsCalendar.quarter(of: asked)
        let end = floor < asked ? floor.adding(milliseconds: quarter) : floor
        let start = StatisticsCalendar.quarter(
            of: from
                ?? calendar.startOfDay(holding: end.adding(milliseconds: -1), adding: -(Self.usualDays - 1)))
        let longest = Self.maximumDays * StatisticsCalendar.day
        var boundaries: [Timestamp] = []
        if start >= end {
            check.reject("from", code: "invalid_value", message: "must be before to")
        } else if end.milliseconds(since: start) > longest {
            check.reject("from", code: "out_of_range", message: "must be at most \(Self.maximumDays) days before to")
        } else if let found = calendar.boundaries(from: start, to: end, by: interval, limit: Self.maximumPoints) {
            boundaries = found
        } else {
            check.reject(
                "interval", code: "out_of_range",
                message: "gives more than \(Self.maximumPoints) points: ask for a longer one, or for less time")
        }
        try check.finish()
        return StatisticsPeriod(
            view: StatisticsPeriodView(
                from: start, to: end, interval: interval, timezone: zone == nil ? "UTC" : name),
            boundaries: boundaries, calendar: calendar)
    }
}

/// A stretch of time, cut into intervals.
struct StatisticsPeriod: Sendable {
    var view: StatisticsPeriodView
    var boundaries: [Timestamp]
    var calendar: StatisticsCalendar

    /// Makes a point of each interval.
    func points<Point>(
        of series: StatisticsSeries, _ point: (_ from: Timestamp, _ to: Timestamp, Tally) -> Point
    ) -> [Point] {
        series.tallies.enumerated().map { place, tally in
            point(series.boundaries[place], series.boundaries[place + 1], tally)
        }
    }
}
