import Metrics
import Testing

@testable import Observability

@Suite("Names and labels of metrics")
struct MetricNameTests {
    @Test("Names become what Prometheus takes, with their unit once")
    func names() {
        let fixture = MetricsFixture()
        fixture.counter("http.requests").increment()
        fixture.counter("jobs_total").increment()
        fixture.timer("wait").recordSeconds(1)
        fixture.timer("wait_seconds").recordSeconds(1)
        fixture.gauge("9 lives:left").record(9)
        fixture.gauge("队列").record(1)
        fixture.gauge("").record(1)
        let names = Set(fixture.samples.map { $0.prefix { $0 != "{" && $0 != " " } }).sorted()
        #expect(
            names == [
                "_", "_9_lives_left", "______", "http_requests_total", "jobs_total", "wait_seconds_bucket",
                "wait_seconds_count", "wait_seconds_sum",
            ])
        #expect(fixture.samples.contains("wait_seconds_count 2"))
        let long = MetricName.exposed(String(repeating: "x", count: 10_000), kind: .counter)
        #expect(long.utf8.count == MetricLimits.nameBytes + "_total".utf8.count)
    }

    @Test("Labels are sorted, and those that Prometheus needs itself are renamed")
    func labels() throws {
        let labels = try SeriesLabels([
            ("z", "1"), ("a.b", "2"), ("le", "3"), ("__name__", "4"), ("overflow", "true"), ("", "5"), ("0", "6"),
        ])
        #expect(
            labels.text
                == #"_="5",_0="6",a_b="2",label___name__="4",label_le="3",label_overflow="true",z="1""#)
    }

    @Test("Values are escaped and cut")
    func values() throws {
        let odd = try SeriesLabels([("v", "a\\b\"c\nd\0e\r\té 👩‍👩‍👧 客服")])
        #expect(odd.text == "v=\"a\\\\b\\\"c\\nd\u{FFFD}e\r\té 👩‍👩‍👧 客服\"")
        let long = try SeriesLabels([("v", String(repeating: "客", count: 10_000))])
        #expect(long.text.utf8.count == #"v="""#.utf8.count + MetricLimits.valueBytes / 3 * 3)
    }

    @Test("Help is escaped")
    func help() {
        let fixture = MetricsFixture(describing: [FamilyDescription("a", "One\\two\nthree \"four\"\0")])
        fixture.gauge("a").record(1)
        #expect(fixture.text == "# HELP a One\\\\two\\nthree \"four\"\u{FFFD}\n# TYPE a gauge\na 1\n")
    }

    @Test("The order of labels does not matter, and the same labels are the same series")
    func identity() {
        let fixture = MetricsFixture()
        let first = fixture.metrics.makeCounter(label: "a.b", dimensions: [("x", "1"), ("y", "2")])
        let second = fixture.metrics.makeCounter(label: "a_b", dimensions: [("y", "2"), ("x", "1")])
        let other = fixture.metrics.makeCounter(label: "a.b", dimensions: [("x", "2"), ("y", "2")])
        #expect(first === second && first !== other)
        let meter = fixture.metrics.makeMeter(label: "g", dimensions: [])
        let gauge = fixture.metrics.makeRecorder(label: "g", dimensions: [], aggregate: false)
        #expect(meter === gauge)
        let timer = fixture.metrics.makeTimer(label: "t", dimensions: [])
        #expect(timer === fixture.metrics.makeTimer(label: "t", dimensions: []))
    }

    @Test("Families and series come in an order that stays")
    func order() {
        let fixture = MetricsFixture()
        for name in ["b", "a", "c"] {
            for value in ["2", "10", "1"] { fixture.counter(name, [("v", value)]).increment() }
        }
        let expected = ["a", "b", "c"].flatMap { name in
            ["1", "10", "2"].map { "\(name)_total{v=\"\($0)\"} 1" }
        }
        #expect(fixture.samples == expected)
        #expect(fixture.text == fixture.text)
        #expect(fixture.text.hasSuffix("\n") && !fixture.text.contains("\n\n"))
    }
}
