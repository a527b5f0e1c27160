import Metrics
import Testing

@testable import Observability

@Suite("Metrics come and go, on many threads")
struct MetricLifeTests {
    @Test("What is destroyed is shown no more, and may come back as something else")
    func destroyed() {
        let fixture = MetricsFixture()
        let counter = fixture.counter("a", [("x", "1")])
        let kept = fixture.counter("a", [("x", "2")])
        counter.increment()
        kept.increment()
        counter.destroy()
        #expect(fixture.samples == ["a_total{x=\"2\"} 1"])
        // Whoever still has it counts into nothing, and cannot take its successor away.
        counter.increment()
        fixture.counter("a", [("x", "1")]).increment(by: 5)
        counter.destroy()
        #expect(fixture.samples == ["a_total{x=\"1\"} 5", "a_total{x=\"2\"} 1"])
        fixture.counter("a", [("x", "1")]).destroy()
        kept.destroy()
        #expect(fixture.text.isEmpty)
        fixture.gauge("a_total").record(1)
        #expect(fixture.samples == ["a_total 1"] && fixture.complaints.isEmpty)
    }

    @Test("Every kind can be destroyed")
    func everyKind() {
        let fixture = MetricsFixture()
        let floating = FloatingPointCounter(label: "f", factory: fixture.metrics)
        let meter = Meter(label: "m", factory: fixture.metrics)
        floating.increment()
        meter.set(1)
        fixture.gauge("g").record(1)
        fixture.recorder("r").record(1)
        fixture.timer("t").recordSeconds(1)
        floating.destroy()
        meter.destroy()
        fixture.gauge("g").destroy()
        fixture.recorder("r").destroy()
        fixture.timer("t").destroy()
        #expect(fixture.text.isEmpty)
        // The parts of the histogram's name are free again.
        fixture.gauge("r_count").record(1)
        #expect(fixture.samples == ["r_count 1"] && fixture.complaints.isEmpty)
    }

    @Test("Handlers of another backend, of nothing and of last resort are left alone")
    func strangers() {
        var limits = MetricLimits()
        limits.seriesPerFamily = 1
        let (fixture, other) = (MetricsFixture(limits: limits), MetricsFixture())
        fixture.counter("a", [("x", "1")]).increment()
        let foreign = other.metrics.makeCounter(label: "a", dimensions: [("x", "1")])
        fixture.metrics.destroyCounter(foreign)
        fixture.metrics.destroyCounter(NOOPMetricsHandler.instance)
        fixture.metrics.destroyTimer(NOOPMetricsHandler.instance)
        let last = fixture.counter("a", [("x", "2")])
        last.increment()
        last.destroy()
        #expect(fixture.samples == ["a_total{x=\"1\"} 1", "a_total{overflow=\"true\"} 1"])
    }

    @Test("No step is lost between threads, and a scrape among them is whole")
    func concurrency() async {
        let fixture = MetricsFixture(describing: [FamilyDescription("t_seconds", "T.", buckets: [1, 2, 3])])
        let (tasks, steps) = (8, 2_000)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    let fractions = FloatingPointCounter(label: "f", factory: fixture.metrics)
                    let meter = Meter(label: "m", factory: fixture.metrics)
                    for step in 0..<steps {
                        fixture.counter("c", [("task", "\(task % 2)")]).increment()
                        fractions.increment(by: 0.5)
                        meter.increment(by: 2)
                        meter.decrement(by: 1)
                        fixture.timer("t").recordSeconds(step % 4)
                        // Comes and goes while others are counted and shown.
                        let passing = fixture.gauge("p", [("task", "\(task)")])
                        passing.record(step)
                        passing.destroy()
                    }
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<200 {
                        let samples = fixture.samples
                        let last = samples.first { $0.hasPrefix("t_seconds_bucket{le=\"+Inf\"}") }?.split(
                            separator: " ")
                        let count = samples.first { $0.hasPrefix("t_seconds_count") }?.split(separator: " ")
                        #expect(last?.last == count?.last)
                    }
                }
            }
        }
        let all = tasks * steps
        #expect(
            fixture.samples == [
                "c_total{task=\"0\"} \(all / 2)", "c_total{task=\"1\"} \(all / 2)", "f_total \(all / 2)", "m \(all)",
                "t_seconds_bucket{le=\"1\"} \(all / 2)", "t_seconds_bucket{le=\"2\"} \(all / 4 * 3)",
                "t_seconds_bucket{le=\"3\"} \(all)", "t_seconds_bucket{le=\"+Inf\"} \(all)",
                "t_seconds_sum \(all / 4 * 6)", "t_seconds_count \(all)",
            ])
        #expect(fixture.complaints.isEmpty)
    }

    @Test("Metrics that are made in a task count into the task's backend")
    func taskLocal() {
        let fixture = MetricsFixture()
        withMetricsFactory(fixture.metrics) { Counter(label: "mine").increment() }
        #expect(fixture.samples == ["mine_total 1"])
    }
}
