import Metrics
import Testing

@testable import Observability

@Suite("Metrics that contradict each other")
struct MetricConflictTests {
    @Test("Another kind of the same name counts into nothing, and is complained about once")
    func kinds() {
        let fixture = MetricsFixture()
        fixture.counter("a").increment()
        for _ in 0..<3 { fixture.gauge("a_total").record(7) }
        fixture.gauge("b").record(1)
        fixture.recorder("b").record(7)
        #expect(fixture.samples == ["a_total 1", "b 1"])
        #expect(fixture.complaints == ["a_total", "b"])
    }

    @Test("Other label names of the same name count into nothing")
    func labelNames() {
        let fixture = MetricsFixture()
        fixture.counter("a", [("x", "1")]).increment()
        fixture.counter("a", [("y", "1")]).increment()
        fixture.counter("a", [("x", "1"), ("y", "1")]).increment()
        fixture.counter("a").increment()
        fixture.counter("a", [("x", "2")]).increment()
        #expect(fixture.samples == ["a_total{x=\"1\"} 1", "a_total{x=\"2\"} 1"])
        #expect(Set(fixture.complaints) == ["a_total"])
    }

    @Test("A name that looks like a part of a histogram is refused, and the other way round")
    func histogramParts() {
        let fixture = MetricsFixture()
        fixture.timer("work").recordSeconds(1)
        for part in ["bucket", "sum", "count"] { fixture.gauge("work_seconds_\(part)").record(5) }
        fixture.gauge("size_count").record(5)
        fixture.recorder("size").record(5)
        #expect(fixture.complaints == ["work_seconds_bucket", "work_seconds_sum", "work_seconds_count", "size"])
        #expect(fixture.samples.filter { $0.hasPrefix("size") } == ["size_count 5"])
    }

    @Test("Too many labels, and labels that become one, are refused")
    func labels() {
        let fixture = MetricsFixture()
        fixture.counter("many", (0...MetricLimits.labels).map { ("l\($0)", "") }).increment()
        fixture.counter("twice", [("a.b", "1"), ("a_b", "2")]).increment()
        #expect(fixture.samples.isEmpty && fixture.complaints == ["many_total", "twice_total"])
    }

    @Test("A value that is asked for and one that is set cannot be one series")
    func handlers() {
        let fixture = MetricsFixture()
        fixture.metrics.observe("a") { 1 }
        fixture.gauge("a").record(2)
        fixture.gauge("b").record(2)
        fixture.metrics.observe("b") { 1 }
        #expect(fixture.samples == ["a 1", "b 2"] && fixture.complaints == ["a", "b"])
    }

    @Test("Beyond the bound of a family everything is counted together")
    func overflow() {
        var limits = MetricLimits()
        limits.seriesPerFamily = 3
        let fixture = MetricsFixture(limits: limits)
        for number in 0..<10 {
            fixture.counter("c", [("id", "\(number)")]).increment()
            fixture.timer("t", [("id", "\(number)")]).recordSeconds(20)
            fixture.gauge("g", [("id", "\(number)")]).record(number)
        }
        #expect(fixture.samples.filter { $0.hasPrefix("c_total") }.last == "c_total{overflow=\"true\"} 7")
        #expect(fixture.samples.contains("t_seconds_count{overflow=\"true\"} 7"))
        #expect(fixture.samples.contains("t_seconds_bucket{overflow=\"true\",le=\"10\"} 0"))
        #expect(fixture.samples.contains("g{overflow=\"true\"} 9"))
        #expect(fixture.samples.filter { $0.hasPrefix("c_total") }.count == 4)
        #expect(fixture.complaints == ["c_total", "t_seconds", "g"])
        // Those that were there before go on.
        fixture.counter("c", [("id", "0")]).increment()
        #expect(fixture.samples.first == "c_total{id=\"0\"} 2")
    }

    @Test("There is a bound for names too, and for complaints")
    func families() {
        var limits = MetricLimits()
        limits.families = 2
        let fixture = MetricsFixture(limits: limits)
        for number in 0..<(MetricLimits.complaints + 100) { fixture.counter("n\(number)").increment() }
        #expect(fixture.samples == ["n0_total 1", "n1_total 1"])
        #expect(fixture.complaints.count == MetricLimits.complaints)
    }
}
