import Testing

@testable import Load

struct HistogramTests {
    @Test(arguments: [0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0])
    func isWithinAThousandthOfASortedArray(share: Double) throws {
        let histogram = Histogram()
        var values: [UInt64] = []
        var state: UInt64 = 42
        for number in 0..<200_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // From a microsecond to a minute, as many in each decade.
            let decade = UInt64(number % 8)
            let value = (0..<decade).reduce(1_000) { scale, _ in scale * 10 } + (state >> 33) % 9_000
            values.append(min(value * (1 + (state >> 60) % 6), Histogram.highest))
        }
        for value in values { histogram.record(value) }
        values.sort()
        let exact = values[max(0, Int((share * Double(values.count)).rounded(.up)) - 1)]
        let read = histogram.value(at: share)
        #expect(read >= exact)
        #expect(Double(read - exact) / Double(exact) <= 0.001)
        #expect(histogram.count == 200_000)
    }

    @Test func tellsEachValueOfAllMagnitudesToAThousandth() {
        var value: UInt64 = 1
        while value <= Histogram.highest {
            for exact in [value, value + 1, value * 2 - 1] where exact <= Histogram.highest {
                let histogram = Histogram()
                histogram.record(exact)
                histogram.record(Histogram.highest)
                let read = histogram.value(at: 0.5)
                #expect(read >= exact && Double(read - exact) <= Double(exact) / 1_000)
            }
            value *= 2
        }
    }

    @Test func countsMoreThanAMinuteAsAMinute() {
        let histogram = Histogram()
        histogram.record(.max)
        #expect(histogram.summary.max == 60_000)
        #expect(histogram.summary.p50 == 60_000)
    }

    @Test func isAllZeroWhenEmpty() {
        let summary = Histogram().summary
        #expect(summary.count == 0 && summary.p999 == 0 && summary.mean == 0)
    }

    @Test func tellsMilliseconds() {
        let histogram = Histogram()
        for milliseconds in 1...1_000 { histogram.record(UInt64(milliseconds) * 1_000_000) }
        let summary = histogram.summary
        #expect(abs(summary.p50 - 500) <= 0.5)
        #expect(abs(summary.p99 - 990) <= 1)
        #expect(abs(summary.mean - 500.5) < 0.001)
        #expect(summary.max == 1_000)
    }
}
