import Foundation
import Metrics
import Testing

@testable import Observability

/// Prometheus' own checker of the text format, where it is installed.
private enum Promtool {
    static let path = ["/usr/bin/promtool", "/usr/local/bin/promtool", "/opt/homebrew/bin/promtool"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// What it says, and its exit code.
    static func check(_ text: [UInt8]) throws -> (output: String, status: Int32) {
        let process = Process()
        process.executableURL = URL(filePath: try #require(path))
        process.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (String(decoding: said, as: UTF8.self), process.terminationStatus)
    }
}

@Suite("Prometheus reads what is shown", .enabled(if: Promtool.path != nil))
struct PromtoolTests {
    @Test("The process's figures and odd texts are without fault")
    func clean() throws {
        var limits = MetricLimits()
        limits.seriesPerFamily = 20
        let fixture = MetricsFixture(
            describing: ProcessFigures.families + [FamilyDescription("odd_total", "Back\\slash,\nline \"feed\".")],
            limits: limits)
        ProcessFigures().observe(in: fixture.metrics)
        let values = ["\\", "\"", "\n", "\0", "\r\t", "", "{}", ",le=\"", "客服👩‍👩‍👧", "\u{7F}\u{85}\u{2028}\u{FEFF}", "\\n"]
        for value in values { fixture.counter("odd", [("value", value)]).increment() }
        for number in 0..<30 {
            fixture.timer("work", [("task", "\(number)")]).recordMilliseconds(number)
            fixture.gauge("level", [("tank", "\(number)")]).record(1 / Double(number))
        }
        let (output, status) = try Promtool.check(fixture.metrics.exposition())
        #expect(output.isEmpty && status == 0, "\(output)")
    }

    @Test("The checker finds faults")
    func planted() throws {
        for text in ["a{b=\"c} 1\n", "# TYPE a counter\na 1\n# TYPE a gauge\na 2\n", "A_milliseconds 1\n"] {
            #expect(try Promtool.check(Array(text.utf8)).status != 0)
        }
    }
}
