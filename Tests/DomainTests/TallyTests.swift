import Testing

@testable import Domain

@Suite struct TallyTests {
    @Test func bucketsGrowByFivePerCentAtMostAndCoverEverything() {
        let starts = DurationHistogram.starts
        for (start, next) in zip(starts, starts.dropFirst()) {
            #expect(next > start && (next - start == 1 || next * 100 <= start * 105))
        }
        #expect(starts.first == 0 && starts.count < 600)
        for (bucket, start) in starts.enumerated() {
            #expect(DurationHistogram.bucket(of: start) == bucket)
            if start > 0 { #expect(DurationHistogram.bucket(of: start - 1) == bucket - 1) }
        }
        #expect(DurationHistogram.bucket(of: .max) == starts.count - 1 && DurationHistogram.bucket(of: -5) == 0)
    }

    @Test func percentilesLieInTheBucketOfTheTrueOnes() {
        var generator = SeededGenerator(seed: 7)
        for size in [1, 2, 3, 10, 99, 1000] {
            var histogram = DurationHistogram()
            var lengths: [Int64] = []
            for _ in 0..<size {
                let magnitude = Int64.random(in: 0...35, using: &generator)
                let length = Int64.random(in: 0...(1 << magnitude), using: &generator)
                lengths.append(length)
                histogram.add(length)
            }
            lengths.sort()
            for percent in [1, 50, 90, 99, 100] as [Int64] {
                let truth = lengths[Int((Int64(size) * percent + 99) / 100) - 1]
                let found = histogram.percentile(percent) ?? -1
                #expect(DurationHistogram.bucket(of: found) == DurationHistogram.bucket(of: truth))
                #expect(abs(found - truth) * 20 <= max(truth, 20))
            }
            #expect(histogram.count == Int64(size) && histogram.mean == lengths.reduce(0, +) / Int64(size))
        }
        #expect(DurationHistogram().percentile(50) == nil && DurationHistogram().mean == nil)
    }

    private static func random(_ generator: inout SeededGenerator) -> Tally {
        var tally = Tally()
        for count in StatisticsCount.allCases where Bool.random(using: &generator) {
            tally.add(Int64.random(in: -5...1_000_000, using: &generator), to: count)
        }
        for time in StatisticsTime.allCases {
            for _ in 0..<Int.random(in: 0...40, using: &generator) {
                let magnitude = Int64.random(in: 0...40, using: &generator)
                tally.add(Int64.random(in: 0...(1 << magnitude), using: &generator), to: time)
            }
        }
        return tally
    }

    @Test func whatWasWrittenIsReadAndAddsUpLikeTheRest() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            let (one, two) = (Self.random(&generator), Self.random(&generator))
            var read = Tally()
            read.add(countBytes: one.countBytes, timeBytes: one.timeBytes)
            #expect(read == one && read.countBytes == one.countBytes && read.timeBytes == one.timeBytes)
            var sum = one
            sum.add(two)
            read.add(countBytes: two.countBytes, timeBytes: two.timeBytes)
            #expect(read == sum)
        }
    }

    @Test func damagedBytesEndNothing() {
        var generator = SeededGenerator(seed: 13)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                UInt8.random(in: .min ... .max, using: &generator)
            }
            var tally = Tally()
            tally.add(countBytes: bytes, timeBytes: bytes)
            tally.add(countBytes: tally.countBytes, timeBytes: tally.timeBytes)
            _ = StatisticsTime.allCases.map { tally[$0].percentile(50) }
        }
    }
}
