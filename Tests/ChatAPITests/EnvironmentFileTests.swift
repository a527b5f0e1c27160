import Foundation
import Testing

@testable import ChatAPI

@Suite struct EnvironmentFileTests {
    @Test(arguments: [
        ("A=1\nB=2", ["A": "1", "B": "2"]),
        ("A=1\r\nB=2\r\n", ["A": "1", "B": "2"]),
        ("\u{FEFF}A=1\n", ["A": "1"]),
        ("# comment\n\n   \n  # another\nA = 1  \n", ["A": "1"]),
        ("export A=1", ["A": "1"]),
        ("A=one two # why", ["A": "one two"]),
        ("A=#no", ["A": "#no"]),
        ("A=x#y", ["A": "x#y"]),
        ("A=\" 1 # x \" # why", ["A": " 1 # x "]),
        ("A='$x\\n'", ["A": "$x\\n"]),
        ("A=", ["A": ""]),
        ("A=b=c==", ["A": "b=c=="]),
        ("A=1\nA=2", ["A": "2"]),
        ("", [:]),
    ]) func linesAreRead(_ text: String, _ values: [String: String]) throws {
        #expect(try EnvironmentFile.parse(text) == values)
    }

    @Test(arguments: [
        ("A=1\nPORT 8000\n", 2), ("hunter2", 1), ("=hunter2", 1), ("A B=hunter2", 1), ("1A=hunter2", 1),
        ("A=\"hunter2", 1), ("A=1\r\n\r\nB='hunter2\r\n", 3), ("A=\"x\"hunter2", 1),
    ]) func aMistypedLineIsNamedByItsNumberOnly(_ text: String, _ line: Int) {
        let problem = #expect(throws: ConfigurationProblem.self) { try EnvironmentFile.parse(text) }
        #expect(problem?.key == ".env line \(line)")
        #expect(problem?.description.contains("hunter2") == false)
    }

    @Test func aFileThatCannotBeUsedStopsTheStart() throws {
        let folder = try TemporaryFolder()
        try Data([0x41, 0x3D, 0xFF, 0xFE]).write(to: URL(fileURLWithPath: folder.file(".env")))
        #expect(throws: ConfigurationProblem(key: ".env", problem: "is not UTF-8 text")) { try folder.configuration() }
        try folder.write(String(repeating: "#", count: 300_000), to: ".env")
        #expect(throws: ConfigurationProblem(key: ".env", problem: "is larger than 256 KiB")) {
            try folder.configuration()
        }
        try FileManager.default.removeItem(atPath: folder.file(".env"))
        try FileManager.default.createDirectory(atPath: folder.file(".env"), withIntermediateDirectories: false)
        #expect(throws: ConfigurationProblem(key: ".env", problem: "cannot be read")) { try folder.configuration() }
    }
}
