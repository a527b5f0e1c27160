import Foundation
import Testing

@testable import Domain

/// Against Foundation's calendar, which was written by others.
@Suite struct StatisticsCalendarTests {
    static let zones = [
        "UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu",
        "Australia/Lord_Howe", "America/Sao_Paulo", "America/Havana", "Africa/Cairo", "Asia/Beirut", "Pacific/Apia",
        "Pacific/Chatham", "America/St_Johns", "Africa/Casablanca", "Antarctica/Troll",
    ]

    static func calendar(_ zone: TimeZone) -> StatisticsCalendar {
        StatisticsCalendar { Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0)))) }
    }

    static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    @Test(arguments: zones) func daysWeeksAndMonthsBeginAsFoundationSays(zoneName: String) throws {
        let zone = try #require(TimeZone(identifier: zoneName))
        let calendar = Self.calendar(zone)
        var reference = Calendar(identifier: .iso8601)
        reference.timeZone = zone
        let (from, to) = (try Self.time("2017-06-01T00:00:00Z"), try Self.time("2020-03-01T00:00:00Z"))
        let components: [(StatisticsInterval, Calendar.Component)] = [
            (.day, .day), (.week, .weekOfYear), (.month, .month),
        ]
        for (interval, component) in components {
            let boundaries = try #require(calendar.boundaries(from: from, to: to, by: interval, limit: 2000))
            #expect(boundaries.first == from && boundaries.last == to)
            for (start, end) in zip(boundaries, boundaries.dropFirst()) {
                #expect(start < end)
                let date = Date(timeIntervalSince1970: Double(start.seconds))
                let whole = try #require(reference.dateInterval(of: component, for: date))
                if start > from { #expect(whole.start == date, "\(zoneName) \(interval) \(start)") }
                if end < to {
                    let found = Date(timeIntervalSince1970: Double(end.seconds))
                    #expect(whole.end == found, "\(zoneName) \(interval) \(start)")
                }
            }
        }
    }

    @Test(arguments: zones) func hoursBeginWithTheZonesHoursAndWithItsChanges(zoneName: String) throws {
        let zone = try #require(TimeZone(identifier: zoneName))
        let calendar = Self.calendar(zone)
        let (from, to) = (try Self.time("2019-01-01T00:15:00Z"), try Self.time("2020-01-01T00:00:00Z"))
        let boundaries = try #require(calendar.boundaries(from: from, to: to, by: .hour, limit: 10_000))
        for (start, end) in zip(boundaries, boundaries.dropFirst()) {
            #expect(start < end && end.milliseconds(since: start) <= StatisticsCalendar.hour)
            let local = end.seconds + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(end.seconds))))
            let before = Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(end.seconds - 1))))
            if end < to { #expect(local % 3600 == 0 || before != local - end.seconds, "\(zoneName) \(end)") }
            if end < to, start > from { #expect(end.milliseconds % StatisticsCalendar.quarter == 0) }
        }
    }

    @Test func aDayHas23Or25HoursWhereTheClocksChange() throws {
        let cases: [(String, String, String, Int)] = [
            ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23),
            ("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25),
            ("America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 23),
            ("America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 25),
            ("Asia/Kolkata", "2026-03-28T18:30:00Z", "2026-03-29T18:30:00Z", 24),
            ("Asia/Shanghai", "2026-03-28T16:00:00Z", "2026-03-29T16:00:00Z", 24),
        ]
        for (name, start, end, hours) in cases {
            let calendar = Self.calendar(try #require(TimeZone(identifier: name)))
            let (start, end) = (try Self.time(start), try Self.time(end))
            #expect(calendar.startOfDay(holding: start) == start)
            #expect(calendar.startOfDay(holding: end.adding(milliseconds: -1)) == start)
            #expect(calendar.next(.day, after: start) == end)
            let points = try #require(calendar.boundaries(from: start, to: end, by: .hour, limit: 30))
            #expect(points.count - 1 == hours)
        }
    }

    @Test(arguments: zones) func stretchesAreSteadyAndWithoutGaps(zoneName: String) throws {
        let zone = try #require(TimeZone(identifier: zoneName))
        let (from, to) = (try Self.time("2015-01-01T00:00:00Z"), try Self.time("2021-01-01T00:00:00Z"))
        let stretches = Self.calendar(zone).steadyStretches(from: from, to: to)
        #expect(stretches.first?.from == from && stretches.last?.to == to && stretches.count < 40)
        for (one, next) in zip(stretches, stretches.dropFirst()) { #expect(one.to == next.from) }
        for stretch in stretches {
            var moment = stretch.from
            while moment < stretch.to {
                let date = Date(timeIntervalSince1970: Double(moment.seconds))
                #expect(Int64(zone.secondsFromGMT(for: date)) * 1000 == stretch.ahead, "\(zoneName) \(moment)")
                moment = moment.adding(milliseconds: 6 * StatisticsCalendar.hour)
            }
        }
    }

    @Test func tooManyPointsAreNone() throws {
        let calendar = StatisticsCalendar { _ in 0 }
        let from = try Self.time("2026-01-01T00:00:00Z")
        #expect(calendar.boundaries(from: from, to: from.adding(seconds: 36_000), by: .hour, limit: 9) == nil)
        #expect(calendar.boundaries(from: from, to: from.adding(seconds: 36_000), by: .hour, limit: 10)?.count == 11)
        #expect(calendar.boundaries(from: from, to: from, by: .hour, limit: 10) == [from])
    }
}
