import Foundation
import Testing

@testable import Observability

@Suite("What the system knows of the process")
struct ProcessFiguresTests {
    static let line = """
        4711 (chat (api) 2) S 1 4711 4711 0 -1 4194560 8000 0 3 0 250 50 0 0 20 0 9 0 12345 1073741824 2048 \
        18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0
        """

    @Test("The line of a process is read whatever the program is called")
    func status() throws {
        let status = try #require(ProcessStatus(parsing: Self.line, ticksPerSecond: 100, pageBytes: 4096))
        #expect(status.cpuSeconds == 3.0 && status.threads == 9 && status.startSecondsAfterBoot == 123.45)
        #expect(status.virtualBytes == 1_073_741_824 && status.residentBytes == 2048 * 4096)
    }

    @Test("Anything else is no such line", arguments: ["", ")", "1 (x) S 1", "no parentheses", "1 (x) a b c d e f g"])
    func nonsense(text: String) {
        #expect(ProcessStatus(parsing: text, ticksPerSecond: 100, pageBytes: 4096) == nil)
        #expect(ProcessStatus(parsing: Self.line, ticksPerSecond: 0, pageBytes: 4096) == nil)
    }

    #if os(Linux)
    @Test("This process is measured")
    func own() throws {
        let files = ProcessFiles()
        let status = try #require(files.status())
        #expect(status.residentBytes > 1_048_576 && status.virtualBytes >= status.residentBytes)
        #expect(status.threads >= 1 && status.cpuSeconds >= 0)
        let now = Date().timeIntervalSince1970
        let start = try #require(files.startTime())
        #expect(start <= now + 1 && start > now - 86_400)
        let before = try #require(files.openDescriptors())
        #expect(before >= 3)
        #expect(try #require(files.maximumDescriptors()) >= before)
    }
    #endif

    @Test("Files are read whole, and an open file is counted once")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appending(path: "fd"), withIntermediateDirectories: true)
        let write = { (name: String, text: String) in
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        for number in 0..<5 { try write("fd/\(number)", "") }
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n"
        try write("limits", limits + "Max open files            1024                 4096                 files\n")
        // The machine's file has a line of a number per interrupt before the one that is looked for.
        let interrupts = "intr " + String(repeating: "0 ", count: 30_000)
        try write("stat", "cpu 1 2 3\n\(interrupts)\nbtime 1700000000\n")
        let path = folder.path(percentEncoded: false)
        var files = ProcessFiles(process: path, machine: path)
        #expect(files.maximumDescriptors() == 1024)
        // The folder's own descriptor is not in a folder that is none of /proc.
        #expect(files.openDescriptors() == 4)
        #expect(files.status() == nil && files.startTime() == nil)
        try write("limits", "Max open files            unlimited            unlimited            files\n")
        #expect(files.maximumDescriptors() == .infinity)
        #if os(Linux)
        files.process = "/proc/self"
        #expect(try #require(files.startTime()) > 1_700_000_000)
        #endif
    }

    @Test("Where there are no such files, nothing is shown")
    func missing() {
        let fixture = MetricsFixture(describing: ProcessFigures.families)
        ProcessFigures(files: ProcessFiles(process: "/nowhere", machine: "/nowhere")).observe(in: fixture.metrics)
        #expect(fixture.text.isEmpty && fixture.complaints.isEmpty)
    }
}
