import Foundation
import Observability
import Testing

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct LogOutputTests {
    private static func line(_ text: String) -> [UInt8] { Array("\(text)\n".utf8) }

    /// Reads a pipe until it has seen `end`.
    private static func read(_ handle: FileHandle, until end: String) -> String {
        var text = ""
        while !text.contains(end) {
            let data = handle.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        return text
    }

    @Test func linesFromManyThreadsStayWholeAndInTheirOrder() async throws {
        let capture = try LogCapture()
        await withTaskGroup { group in
            for writer in 0..<8 {
                group.addTask {
                    for number in 0..<1000 { capture.output.write(Self.line("\(writer) \(number)")) }
                }
            }
        }
        let lines = try capture.text().split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines.count == 8000)
        for writer in 0..<8 {
            let numbers = lines.filter { $0.first == "\(writer)" }.compactMap { $0.last.flatMap { Int($0) } }
            #expect(numbers == Array(0..<1000))
        }
        #expect(capture.output.droppedLines == 0)
    }

    @Test func aPipeThatNobodyReadsBlocksNobodyAndTheHoleIsTold() throws {
        let pipe = Pipe()
        let output = LogOutput.json(descriptor: pipe.fileHandleForWriting.fileDescriptor, maximumBytes: 256 * 1024)
        let text = String(repeating: "x", count: 1000)
        let clock = ContinuousClock()
        let took = clock.measure {
            for number in 0..<20_000 { output.write(Self.line("\(number) \(text)")) }
        }
        #expect(took < .seconds(5))
        let dropped = output.droppedLines
        // What a pipe and the queue hold is far less than 20 MB.
        #expect(dropped > 15_000)
        #expect(!output.flush(within: 0.05))

        let seen = Self.read(pipe.fileHandleForReading, until: "were dropped")
        #expect(seen.hasPrefix("0 xxx"))
        #expect(
            seen.contains(
                "\"level\":\"warning\",\"logger\":\"log\",\"message\":\"log records were dropped\",\"dropped\":"))
        #expect(output.flush(within: 10))
        output.write(Self.line("after"))
        #expect(Self.read(pipe.fileHandleForReading, until: "after").contains("after"))
        #expect(output.droppedLines == dropped)
        #expect(output.close(within: 10))
    }

    @Test func aReaderThatIsGoneIsCountedNotFatal() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = Pipe()
        let output = LogOutput.json(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        try pipe.fileHandleForReading.close()
        for _ in 0..<3 {
            output.write(Self.line("lost"))
            #expect(output.flush(within: 10))
        }
        #expect(output.droppedLines == 3)
        #expect(output.close(within: 10))
    }

    @Test func aNonBlockingPipeLosesNothing() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        #expect(fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0)
        let output = LogOutput.json(descriptor: descriptor)
        for number in 0..<5000 { output.write(Self.line("\(number) \(String(repeating: "y", count: 200))")) }
        output.write(Self.line("end"))
        let lines = Self.read(pipe.fileHandleForReading, until: "end\n").split(separator: "\n")
        #expect(lines.count == 5001)
        #expect(lines.enumerated().dropLast().allSatisfy { $1.hasPrefix("\($0) y") })
        #expect(output.close(within: 10))
    }

    @Test func whatIsWrittenBeforeTheEndIsThere() throws {
        let capture = try LogCapture()
        capture.output.write(Self.line("last words"))
        #expect(capture.output.close(within: 10))
        capture.output.write(Self.line("too late"))
        #expect(capture.output.droppedLines == 1)
        #expect(try capture.written() == "last words\n")
    }
}
