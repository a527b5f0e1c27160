public import Logging

/// One JSON object per record and line: `ts` (RFC 3339, UTC, milliseconds), `level`, `logger`, `message`, then the
/// metadata as fields of its own.
///
/// ```json
/// {"ts":"2026-01-31T08:15:00.042Z","level":"info","logger":"http","message":"request","request_id":"r-1","status":200}
/// ```
///
/// A field named like one of the first four is written with `metadata_` before its name. Numbers and booleans that
/// come as `.stringConvertible` stay numbers and booleans. Bounds and redaction: ``LogLimits``, ``SecretRedaction``.
public struct JSONLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let output: LogOutput
    private let now: @Sendable () -> LogTime

    /// - Parameters:
    ///   - label: the logger's name, written as `logger`.
    ///   - output: where lines go.
    ///   - now: the wall clock.
    public init(
        label: String, level: Logger.Level = .info, output: LogOutput,
        metadataProvider: Logger.MetadataProvider? = nil, now: @escaping @Sendable () -> LogTime = LogTime.now
    ) {
        self.label = label
        self.logLevel = level
        self.output = output
        self.metadataProvider = metadataProvider
        self.now = now
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var line = Self.head(time: now(), level: event.level, label: label, message: "\(event.message)")
        let fields = LogFields(handler: metadata, provider: metadataProvider, event: event)
        for (key, value) in fields.sorted {
            if line.count > LogLimits.lineBytes { break }
            line.append(UInt8(ascii: ","))
            LogText.appendJSON(
                Self.reserved.contains(key) ? "metadata_\(key)" : key, limit: LogLimits.keyBytes, to: &line)
            line.append(UInt8(ascii: ":"))
            Self.append(value, key: key, depth: 0, to: &line)
        }
        if line.count > LogLimits.lineBytes || fields.merged.count > LogLimits.fields {
            line.append(contentsOf: #","truncated":true"#.utf8)
        }
        line.append(contentsOf: "}\n".utf8)
        output.write(line)
    }

    /// The line that tells that `count` lines were lost because nobody read the log fast enough.
    static func droppedLine(count: Int, time: LogTime) -> [UInt8] {
        var line = head(time: time, level: .warning, label: "log", message: "log records were dropped")
        line.append(contentsOf: ",\"dropped\":\(count)}\n".utf8)
        return line
    }

    private static let reserved: Set<String> = ["ts", "level", "logger", "message"]

    private static func head(time: LogTime, level: Logger.Level, label: String, message: String) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)  // an ordinary request line
        line.append(contentsOf: #"{"ts":""#.utf8)
        time.appendRFC3339(to: &line)
        line.append(contentsOf: #"","level":""#.utf8)
        line.append(contentsOf: level.rawValue.utf8)
        line.append(contentsOf: #"","logger":"#.utf8)
        LogText.appendJSON(label, limit: LogLimits.keyBytes, to: &line)
        line.append(contentsOf: #","message":"#.utf8)
        LogText.appendJSON(message, to: &line)
        return line
    }

    private static func append(_ value: Logger.MetadataValue, key: String, depth: Int, to line: inout [UInt8]) {
        guard !SecretRedaction.hides(key: key) else {
            return LogText.appendJSON(SecretRedaction.replacement, to: &line)
        }
        guard depth < LogLimits.depth, line.count <= LogLimits.lineBytes else {
            return LogText.appendJSON("…", to: &line)
        }
        switch value {
        case .string(let text): LogText.appendJSON(text, to: &line)
        case .stringConvertible(let convertible): append(convertible, to: &line)
        case .array(let values):
            line.append(UInt8(ascii: "["))
            for (index, value) in values.prefix(LogLimits.fields).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                append(value, key: "", depth: depth + 1, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let fields):
            line.append(UInt8(ascii: "{"))
            for (index, (key, value)) in fields.sorted(by: { $0.key < $1.key }).prefix(LogLimits.fields).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                LogText.appendJSON(key, limit: LogLimits.keyBytes, to: &line)
                line.append(UInt8(ascii: ":"))
                append(value, key: key, depth: depth + 1, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ value: any CustomStringConvertible & Sendable, to line: inout [UInt8]) {
        switch value {
        case let integer as any BinaryInteger: line.append(contentsOf: "\(integer)".utf8)
        case let boolean as Bool: line.append(contentsOf: (boolean ? "true" : "false").utf8)
        case let number as Double where number.isFinite: line.append(contentsOf: "\(number)".utf8)
        case let number as Float where number.isFinite: line.append(contentsOf: "\(number)".utf8)
        default: LogText.appendJSON(value.description, to: &line)
        }
    }
}
