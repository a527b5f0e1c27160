import Foundation
import Logging
import Observability
import Testing

@Suite struct JSONLogHandlerTests {
    private let capture: LogCapture

    init() throws {
        capture = try LogCapture()
    }

    private func logger(level: Logger.Level = .info, provider: Logger.MetadataProvider? = nil) -> Logger {
        let output = capture.output
        return Logger(label: "test") { label in
            JSONLogHandler(label: label, level: level, output: output, metadataProvider: provider, now: { testTime })
        }
    }

    @Test func aRecordIsOneLineOfJSON() throws {
        logger().info("hello", metadata: ["request_id": "r-1", "status": .stringConvertible(200)])
        let line =
            #"{"ts":"2026-01-31T08:15:00.042Z","level":"info","logger":"test","message":"hello","request_id":"r-1","status":200}"#
        #expect(try capture.text() == line + "\n")
    }

    @Test func lowerLevelsAreLeftOut() throws {
        let logger = logger(level: .warning)
        logger.info("no")
        logger.warning("yes")
        #expect(try capture.objects().map { $0["message"] as? String } == ["yes"])
    }

    @Test func fieldsComeFromTheCallThenTheProviderThenTheLogger() throws {
        var logger = logger(provider: Logger.MetadataProvider { ["a": "provider", "b": "provider", "c": "provider"] })
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "d"] = "logger"
        logger.info("x", metadata: ["b": "call"])
        let fields = try #require(try capture.objects().first)
        #expect(fields["a"] as? String == "provider")
        #expect(fields["b"] as? String == "call")
        #expect(fields["c"] as? String == "provider")
        #expect(fields["d"] as? String == "logger")
    }

    @Test func aFieldCannotPassItselfOffAsOneOfTheRecord() throws {
        logger().info("real", metadata: ["message": "forged", "ts": "forged", "level": "forged", "logger": "forged"])
        let text = try capture.text()
        let fields = try #require(try capture.objects().first)
        #expect(fields["message"] as? String == "real")
        #expect(fields["level"] as? String == "info")
        #expect(fields["metadata_message"] as? String == "forged")
        #expect(text.components(separatedBy: "\"message\":").count == 2)
    }

    @Test func anErrorIsAField() throws {
        struct Broken: Error, CustomStringConvertible { let description = "it broke" }
        logger().error("failed", error: Broken())
        #expect(try capture.objects().first?["error"] as? String == "it broke")
    }

    @Test func valuesKeepTheirKind() throws {
        logger().info(
            "x",
            metadata: [
                "int": .stringConvertible(-5), "unsigned": .stringConvertible(UInt64.max),
                "double": .stringConvertible(1.5),
                "nan": .stringConvertible(Double.nan), "infinite": .stringConvertible(-Double.infinity),
                "tiny": .stringConvertible(Double.leastNonzeroMagnitude), "bool": .stringConvertible(true),
                "array": ["a", ["b"]],
                "object": ["k": "v", "n": ["m": "w"]], "empty": [:], "none": [],
            ])
        let fields = try #require(try capture.objects().first)
        #expect(fields["int"] as? Int == -5)
        #expect(fields["unsigned"] as? UInt64 == .max)
        #expect(fields["double"] as? Double == 1.5)
        #expect(fields["nan"] as? String == "nan")
        #expect(fields["infinite"] as? String == "-inf")
        #expect(fields["bool"] as? Bool == true)
        #expect((fields["array"] as? [Any])?.count == 2)
        #expect(((fields["object"] as? [String: Any])?["n"] as? [String: Any])?["m"] as? String == "w")
    }

    @Test(arguments: [
        "", "\"", "\\", "\\\"", "a\nb\rc\td\u{0}e\u{1}f\u{1F}g\u{7F}h", "\u{1B}[31mred\u{1B}[0m",
        "\u{80}\u{85}\u{9B}2J\u{9F}",
        "\u{2028}\u{2029}", "\u{202A}\u{202E}gnp.exe\u{2066}\u{2069}", "您好，世界", "👩‍👩‍👧‍👦🇨🇳", "e\u{301}",
        "x\u{FEFF}\u{FFFD}\u{FFFF}",
        "</script>", "{\"level\":\"forged\"}\n{\"level\":\"forged\"}", "\u{D7FF}\u{E000}\u{10FFFF}",
        String(decoding: [0x61, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80, 0xF4, 0x90, 0x80, 0x80, 0x62], as: UTF8.self),
    ]) func hostileTextStaysInItsField(_ text: String) throws {
        var logger = logger()
        logger[metadataKey: text] = .string(text)
        logger.info(
            "\(text)", metadata: ["nested": ["k": .array([.string(text)])], "described": .stringConvertible(text)])
        let line = try capture.text()
        #expect(line.hasSuffix("}\n"))
        let body = line.dropLast()
        #expect(
            !body.unicodeScalars.contains { scalar in
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                    || (0x2028...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            })
        let objects = try capture.objects()
        #expect(objects.count == 1)
        let fields = try #require(objects.first)
        #expect(fields["message"] as? String == text)
        #expect(fields["described"] as? String == text)
        #expect(((fields["nested"] as? [String: Any])?["k"] as? [String])?.first == text)
        #expect(fields["level"] as? String == "info")
    }

    @Test func everyPartHasABound() throws {
        let long = String(repeating: "长", count: 50_000)
        var nested = Logger.MetadataValue.string("deep")
        for _ in 0..<1000 { nested = ["n": nested] }
        var metadata: Logger.Metadata = ["long": .string(long), long: "key", "nested": nested]
        metadata["wide"] = .array(Array(repeating: .string(long), count: 1000))
        for number in 0..<1000 { metadata["field\(number)"] = .string(long) }
        logger().info("\(long)", metadata: metadata)
        let line = try capture.text()
        #expect(line.utf8.count < 2 * LogLimits.lineBytes)
        let fields = try #require(try capture.objects().first)
        #expect(fields["truncated"] as? Bool == true)
        let message = try #require(fields["message"] as? String)
        #expect(message.hasPrefix("长长长"))
        #expect(message.hasSuffix("长…"))
        #expect(message.utf8.count <= LogLimits.textBytes + 3)
    }

    @Test func aCutNeverSplitsACharacter() throws {
        for offset in 0..<4 {
            for character in ["é", "长", "😀"] {
                let text = String(repeating: "a", count: LogLimits.textBytes - offset) + character + "tail"
                logger().info("\(text)")
            }
        }
        for fields in try capture.objects() {
            let message = try #require(fields["message"] as? String)
            #expect(message.hasSuffix("…"))
            #expect(!message.unicodeScalars.contains("\u{FFFD}"))
        }
        #expect(try capture.objects().count == 12)
    }

    @Test func timesAreRightInEveryYear() throws {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        let dates: [Int64] = [
            0, -1, 951_827_696_789, 1_709_164_800_000, 1_735_689_599_999, 4_107_542_400_000, -2_208_988_799_999,
        ]
        for milliseconds in dates {
            var line: [UInt8] = []
            LogTime(milliseconds: milliseconds).appendRFC3339(to: &line)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1000))
            #expect(String(decoding: line, as: UTF8.self) == expected)
        }
        let now = LogTime.now().milliseconds
        #expect(abs(Double(now) / 1000 - Date().timeIntervalSince1970) < 5)
    }
}
