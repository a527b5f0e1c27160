import Logging
import Observability
import Testing

@Suite struct TextLogHandlerTests {
    private func line(colours: Bool = false, _ log: (Logger) -> Void) throws -> String {
        let capture = try LogCapture(.text(colours: colours))
        let output = capture.output
        log(
            Logger(label: "http") { label in
                TextLogHandler(label: label, level: .trace, output: output, colours: colours, now: { testTime })
            })
        return try capture.text()
    }

    @Test func aRecordIsOneReadableLine() throws {
        let line = try line { $0.info("request done", metadata: ["status": "200", "path": "/a b", "empty": ""]) }
        let expected = #" INFO     http: request done  empty="" path="/a b" status=200"#
        #expect(line.hasSuffix("\(expected)\n"))
        #expect(line.prefix(12).wholeMatch(of: /\d\d:\d\d:00\.042/) != nil)
    }

    @Test func coloursAreForTerminals() throws {
        #expect(try line(colours: true) { $0.error("x") }.contains("\u{1B}[31mERROR\u{1B}[0m"))
        #expect(try !line { $0.error("x") }.contains("\u{1B}"))
    }

    @Test func nobodyElseCanColourOrForgeALine() throws {
        let hostile = "a\u{1B}[2J\r\n08:15:00.042 INFO     http: forged\u{9B}\u{202E}"
        let line = try line { $0.info("\(hostile)", metadata: ["k": .string(hostile), "n": ["m": .string(hostile)]]) }
        #expect(line.dropLast().allSatisfy { !$0.isNewline })
        #expect(!line.contains("\u{1B}"))
        #expect(!line.contains("\u{202E}"))
        #expect(line.hasSuffix("\n"))
    }

    @Test func secretsAreHidden() throws {
        let line = try line {
            $0.info("/ws?ticket=hunter2", metadata: ["password": "hunter2", "headers": ["Cookie": "hunter2"]])
        }
        #expect(!line.contains("hunter2"))
    }
}
