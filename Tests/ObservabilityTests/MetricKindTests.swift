import Metrics
import Testing

@testable import Observability

@Suite("What each kind of metric shows")
struct MetricKindTests {
    let fixture = MetricsFixture(
        describing: [
            FamilyDescription("size", "Sizes.", buckets: [1, 4]),
            FamilyDescription("work_seconds", "Work.", buckets: [0.5, 0.25]),
        ])

    @Test("A counter rises, and only rises")
    func counters() {
        let counter = fixture.counter("chat.messages", [("sender", "ai")])
        counter.increment(by: 3)
        counter.increment()
        counter.increment(by: -2)
        #expect(
            fixture.text == """
                # HELP chat_messages_total counter chat.messages
                # TYPE chat_messages_total counter
                chat_messages_total{sender="ai"} 4

                """)
        counter.reset()
        #expect(fixture.samples == ["chat_messages_total{sender=\"ai\"} 0"])
    }

    @Test("A counter keeps whole numbers that no floating-point number could hold")
    func largeCounts() {
        let counter = fixture.counter("large")
        counter.increment(by: Int64.max)
        counter.increment(by: 2)
        #expect(fixture.samples == ["large_total 9223372036854775809"])
    }

    @Test("A floating-point counter adds parts, to the same series as the counter of its name")
    func floatingPointCounters() {
        let counter = FloatingPointCounter(label: "cost", factory: fixture.metrics)
        counter.increment(by: 0.25)
        counter.increment(by: 0.5)
        for nonsense in [-1, 0, Double.nan, .infinity, -.infinity] { counter.increment(by: nonsense) }
        #expect(fixture.samples == ["cost_total 0.75"])
        fixture.counter("cost").increment(by: 2)
        #expect(fixture.samples == ["cost_total 2.75"])
        counter.reset()
        #expect(fixture.samples == ["cost_total 0"])
    }

    @Test("A gauge has its last value, a meter also moves in steps")
    func gauges() {
        fixture.gauge("depth").record(3)
        fixture.gauge("depth").record(2.5)
        let meter = Meter(label: "width", factory: fixture.metrics)
        meter.set(10)
        meter.increment(by: 2.5)
        meter.decrement(by: 5)
        for nonsense in [-1, 0, Double.nan, .infinity] {
            meter.increment(by: nonsense)
            meter.decrement(by: nonsense)
        }
        #expect(fixture.samples == ["depth 2.5", "width 7.5"])
        #expect(fixture.text.contains("# TYPE width gauge\n"))
        for (value, text) in [(Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (-0.5, "-0.5")] {
            meter.set(value)
            #expect(fixture.samples.last == "width \(text)")
        }
    }

    @Test("A recorder that aggregates is a histogram: every bucket holds what is not above it")
    func recorders() {
        let recorder = fixture.recorder("size", [("of", "x")])
        for value in [0, 1, 2, 4, 5, 100] { recorder.record(value) }
        for nonsense in [Double.nan, .infinity, -.infinity] { recorder.record(nonsense) }
        #expect(
            fixture.text == """
                # HELP size Sizes.
                # TYPE size histogram
                size_bucket{of="x",le="1"} 2
                size_bucket{of="x",le="4"} 4
                size_bucket{of="x",le="+Inf"} 6
                size_sum{of="x"} 112
                size_count{of="x"} 6

                """)
    }

    @Test("A timer is a histogram of seconds, with its bounds in order")
    func timers() {
        let timer = fixture.timer("work")
        timer.recordMilliseconds(250)
        timer.recordNanoseconds(250_000_001)
        timer.recordSeconds(3)
        timer.recordNanoseconds(-5)
        #expect(
            fixture.samples == [
                "work_seconds_bucket{le=\"0.25\"} 2", "work_seconds_bucket{le=\"0.5\"} 3",
                "work_seconds_bucket{le=\"+Inf\"} 4", "work_seconds_sum 3.500000001", "work_seconds_count 4",
            ])
    }

    @Test("A value that is known elsewhere is asked for at each scrape")
    func observed() {
        let count = AtomicCount()
        fixture.metrics.observe("sockets", dimensions: [("node", "a")]) {
            count.add()
            return Double(count.value)
        }
        fixture.metrics.observe("cpu.seconds", .counter) { 1.5 }
        fixture.metrics.observe("unknown") { nil }
        fixture.metrics.observe("distribution", .histogram) { 1 }
        #expect(fixture.samples == ["cpu_seconds_total 1.5", "sockets{node=\"a\"} 1"])
        #expect(fixture.samples.last == "sockets{node=\"a\"} 2")
        #expect(!fixture.text.contains("unknown"))
        #expect(fixture.text.contains("# TYPE cpu_seconds_total counter\n"))
    }

    @Test("Buckets are sorted numbers without repetition")
    func buckets() {
        #expect(HistogramBuckets([5, 1, .nan, 1, .infinity, -1]).bounds == [-1, 1, 5])
        #expect(HistogramBuckets((0..<1000).map(Double.init)).bounds.count == HistogramBuckets.maximumBounds)
        let none = HistogramSeries(SeriesPlace(family: "none", labels: ""), HistogramBuckets([]))
        none.record(3.0)
        var text = ExpositionText()
        none.write(to: &text)
        #expect(
            String(decoding: text.bytes, as: UTF8.self) == "none_bucket{le=\"+Inf\"} 1\nnone_sum 3\nnone_count 1\n")
        let buckets: HistogramBuckets = [1, 2, 4]
        let indexes = [-1, 1, 1.5, 2, 2.01, 4, 5].map(buckets.index(of:))
        #expect(indexes == [0, 0, 1, 1, 2, 2, 3])
    }

    @Test("Numbers are written as Prometheus reads them")
    func numbers() {
        let numbers: [(Double, String)] = [
            (0, "0"), (-0.0, "0"), (1, "1"), (0.00025, "0.00025"), (5e-05, "5e-05"), (1e15, "1000000000000000"),
            (1e300, "1e+300"), (9_007_199_254_740_992, "9007199254740992"), (.leastNonzeroMagnitude, "5e-324"),
        ]
        for (value, text) in numbers {
            #expect(ExpositionText.number(value) == text)
            #expect(Double(text) == value)
        }
    }
}
