import Domain
import Foundation
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "are written as RFC 3339 in UTC with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_421_700_123, "2026-11-23T08:15:00.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func writing(milliseconds: Int64, text: String) {
        let timestamp = Timestamp(milliseconds: milliseconds)
        #expect(timestamp.rfc3339 == text)
        #expect(timestamp.description == text)
        #expect(Timestamp(rfc3339: text) == timestamp)
    }

    @Test(
        "are read with any offset and up to nine fraction digits",
        arguments: [
            ("2026-11-23T08:15:00Z", "2026-11-23T08:15:00.000Z"),
            ("2026-11-23t08:15:00z", "2026-11-23T08:15:00.000Z"),
            ("2026-11-23T08:15:00.1Z", "2026-11-23T08:15:00.100Z"),
            ("2026-11-23T08:15:00.123456789Z", "2026-11-23T08:15:00.123Z"),
            ("2026-11-23T08:15:00.999999999+00:00", "2026-11-23T08:15:00.999Z"),
            ("2026-11-23T08:15:00+08:00", "2026-11-23T00:15:00.000Z"),
            ("2026-11-23T00:15:00.5-05:30", "2026-11-23T05:45:00.500Z"),
            ("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z"),
            ("2024-02-29T12:00:00-00:00", "2024-02-29T12:00:00.000Z"),
        ])
    func reading(text: String, normalised: String) {
        #expect(Timestamp(rfc3339: text)?.rfc3339 == normalised)
    }

    @Test(
        "refuse nonsense",
        arguments: [
            "", "now", "2026-11-23", "2026-11-23T08:15:00", "2026-11-23T08:15Z", "2026-11-23 08:15:00Z",
            "2026-11-23T08:15:00.Z", "2026-11-23T08:15:00.1234567890Z", "2026-11-23T08:15:00ZZ",
            "2026-11-23T08:15:00Z ",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
            "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z", "2026-01-01T23:59:60Z", "0000-01-01T00:00:00Z", "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0800", "2026-01-01T00:00:00+08",
            "2026-01-01T00:00:00+8:00",
            "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "٢٠٢٦-01-01T00:00:00Z", "2026-1-01T00:00:00.0Z",
            "2026-01-01T00:00:00\u{0}", "2026/01/01T00:00:00Z", "2026-01-01T00:00:00,5Z",
        ])
    func refusal(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("agree with Foundation's calendar on random moments, and read back what they wrote")
    func differential() throws {
        var generator = SeededGenerator(seed: 11)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<5000 {
            // Foundation switches to the Julian calendar before 1582 in some formatters; stay after it.
            let moment = Timestamp(
                milliseconds: .random(in: -12_000_000_000_000...253_402_300_799_999, using: &generator))
            #expect(Timestamp(rfc3339: moment.rfc3339) == moment)
            let whole = Timestamp(seconds: moment.seconds)
            let date = Date(timeIntervalSince1970: Double(moment.seconds))
            #expect(date.formatted(style) == whole.rfc3339)
        }
        for _ in 0..<5000 {
            let moment = Timestamp(
                milliseconds: .random(in: -62_135_596_800_000...253_402_300_799_999, using: &generator))
            #expect(Timestamp(rfc3339: moment.rfc3339) == moment)
        }
    }

    @Test("survive random bytes")
    func fuzz() {
        var generator = SeededGenerator(seed: 12)
        let alphabet = Array("0123456789-:.TZz+tx \u{e9}".utf8)
        let valid = Array("2026-11-23T08:15:00.123+08:00".utf8)
        for _ in 0..<20_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[index] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                case 1: bytes.remove(at: index)
                default: bytes.insert(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)], at: index)
                }
            }
            if let moment = Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self)) {
                #expect(Timestamp(rfc3339: moment.rfc3339) == moment)
            }
        }
    }

    @Test("stop at the ends of their range instead of overflowing")
    func saturation() {
        let moment = Timestamp(milliseconds: 1000)
        #expect(moment.adding(milliseconds: .max) == .latest)
        #expect(moment.adding(milliseconds: .min) == .earliest)
        #expect(moment.adding(seconds: .max) == .latest)
        #expect(moment.adding(seconds: .min) == .earliest)
        #expect(moment.adding(seconds: 2).adding(milliseconds: -500).milliseconds == 2500)
        #expect(Timestamp(milliseconds: .max) == .latest)
        #expect(Timestamp(seconds: .min) == .earliest)
        #expect(Timestamp.latest.milliseconds(since: .earliest) == 315_537_897_599_999)
        #expect(moment.milliseconds(since: moment.adding(seconds: 1)) == -1000)
        #expect(Timestamp(milliseconds: -1).seconds == -1)
        #expect(Timestamp(milliseconds: -1000).seconds == -1)
        #expect(Timestamp(milliseconds: 1999).seconds == 1)
        #expect(Timestamp.earliest < .latest)
    }

    @Test("are strings in JSON")
    func codable() throws {
        let moment = Timestamp(milliseconds: 1_795_421_700_123)
        let data = try JSONEncoder().encode([moment])
        #expect(String(decoding: data, as: UTF8.self) == #"["2026-11-23T08:15:00.123Z"]"#)
        #expect(try JSONDecoder().decode([Timestamp].self, from: data) == [moment])
        #expect(throws: InvalidValue.self) { try JSONDecoder().decode([Timestamp].self, from: Data(#"["x"]"#.utf8)) }
    }

    @Test("come from a clock that tests can move")
    func clocks() {
        let clock = ManualClock(Timestamp(milliseconds: 5000))
        #expect(clock.now() == Timestamp(milliseconds: 5000))
        #expect(clock.advance(seconds: 2) == Timestamp(milliseconds: 7000))
        #expect(clock.advance(milliseconds: -1) == Timestamp(milliseconds: 6999))
        clock.set(to: Timestamp(milliseconds: 1))
        #expect(clock.now() == Timestamp(milliseconds: 1))
        let drift = abs(SystemClock().now().milliseconds - Int64(Date().timeIntervalSince1970 * 1000))
        #expect(drift < 10_000)
    }
}
