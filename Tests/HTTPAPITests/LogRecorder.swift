import Logging
import Synchronization

/// Keeps every log record as one line of text.
final class LogRecorder: Sendable {
    /// The lowest level that is kept; read when a test's server starts.
    var level: Logger.Level {
        get { lowest.withLock { $0 } }
        set { lowest.withLock { $0 = newValue } }
    }

    private let lowest = Mutex(Logger.Level.debug)
    private let kept = Mutex<[(message: String, metadata: Logger.Metadata)]>([])

    func record(_ message: String, _ metadata: Logger.Metadata) {
        kept.withLock { $0.append((message, metadata)) }
    }

    var text: String { kept.withLock { $0.map { "\($0.message) \($0.metadata)" }.joined(separator: "\n") } }

    /// Metadata of the records with this message.
    func records(_ message: String) -> [Logger.Metadata] {
        kept.withLock { $0.filter { $0.message == message }.map(\.metadata) }
    }
}

struct RecordingLogHandler: LogHandler {
    let recorder: LogRecorder
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level = .debug

    init(recorder: LogRecorder) { self.recorder = recorder }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        recorder.record("\(event.message)", metadata.merging(event.metadata ?? [:]) { _, new in new })
    }
}
