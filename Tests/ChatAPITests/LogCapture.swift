import Foundation
import Logging
import Observability

/// A file that a log writes to, read back as lines.
final class LogCapture: Sendable {
    let output: LogOutput
    private let folder: TemporaryFolder
    private let handle: FileHandle

    init(_ format: LogFormat = .json) throws {
        folder = try TemporaryFolder()
        try folder.write("", to: "log")
        handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("log")))
        output = format.output(descriptor: handle.fileDescriptor)
    }

    deinit {
        output.close(within: 10)
    }

    /// Everything written so far.
    func text() throws -> String {
        guard output.flush(within: 10) else { throw CancellationError() }
        return try written()
    }

    /// What is in the file now.
    func written() throws -> String {
        try String(decoding: Data(contentsOf: URL(fileURLWithPath: folder.file("log"))), as: UTF8.self)
    }

    /// Everything written so far, each line read as a JSON object.
    func objects() throws -> [[String: Any]] {
        try text().split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return object as? [String: Any] ?? [:]
        }
    }
}

/// 2026-01-31T08:15:00.042Z
let testTime = LogTime(milliseconds: 1_769_847_300_042)
