import Domain
import Testing

@Suite struct TokenBucketTests {
    @Test func theBurstIsThereAtOnceAndTheRateAfterwards() {
        let start = Timestamp(milliseconds: 1_000_000)
        var bucket = TokenBucket(rate: 10, burst: 20, now: start)
        var taken = 0
        while bucket.take(at: start) == nil { taken += 1 }
        #expect(taken == 20)
        var later = 0
        while bucket.take(at: start.adding(milliseconds: 500)) == nil { later += 1 }
        #expect(later == 5)
    }

    @Test func aClockThatJumpsBackNeitherFillsNorBlocks() {
        let start = Timestamp(milliseconds: 1_000_000)
        var bucket = TokenBucket(rate: 1, burst: 1, now: start)
        #expect(taking(&bucket, start) == nil)
        #expect(taking(&bucket, start.adding(milliseconds: -60_000)) != nil)
        #expect(taking(&bucket, start.adding(milliseconds: 1000)) == nil)
    }

    @Test func zeroIsNoLimit() {
        let start = Timestamp(milliseconds: 0)
        var bucket = TokenBucket(rate: 0, burst: 0, now: start)
        for _ in 0..<1000 { #expect(taking(&bucket, start) == nil) }
    }

    private func taking(_ bucket: inout TokenBucket, _ time: Timestamp) -> Double? { bucket.take(at: time) }
}
