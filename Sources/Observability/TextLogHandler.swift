public import Logging

/// One readable line per record, for a person at a terminal:
///
/// ```
/// 16:15:00.042 INFO    http: request  request_id=r-1 status=200
/// ```
///
/// Bounds, redaction and the escaping of control characters are those of ``JSONLogHandler``: a visitor's text must
/// not be able to colour, move or forge what the operator reads.
public struct TextLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let output: LogOutput
    private let colours: Bool
    private let now: @Sendable () -> LogTime

    /// - Parameters:
    ///   - label: the logger's name.
    ///   - output: where lines go.
    ///   - colours: whether to colour the level. Only for a terminal.
    ///   - now: the wall clock.
    public init(
        label: String, level: Logger.Level = .info, output: LogOutput, colours: Bool,
        metadataProvider: Logger.MetadataProvider? = nil, now: @escaping @Sendable () -> LogTime = LogTime.now
    ) {
        self.label = label
        self.logLevel = level
        self.output = output
        self.colours = colours
        self.metadataProvider = metadataProvider
        self.now = now
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var line = Self.head(time: now(), level: event.level, colours: colours)
        LogText.appendPlain(label, quoting: false, to: &line)
        line.append(contentsOf: ": ".utf8)
        LogText.appendPlain("\(event.message)", quoting: false, to: &line)
        let fields = LogFields(handler: metadata, provider: metadataProvider, event: event)
        for (index, (key, value)) in fields.sorted.enumerated() {
            if line.count > LogLimits.lineBytes { break }
            line.append(contentsOf: (index == 0 ? "  " : " ").utf8)
            LogText.appendPlain(key, quoting: true, to: &line)
            line.append(UInt8(ascii: "="))
            let text = SecretRedaction.hides(key: key) ? SecretRedaction.replacement : Self.text(of: value, depth: 0)
            LogText.appendPlain(text, quoting: true, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        output.write(line)
    }

    static func droppedLine(count: Int, time: LogTime, colours: Bool) -> [UInt8] {
        var line = head(time: time, level: .warning, colours: colours)
        line.append(contentsOf: "log: log records were dropped  dropped=\(count)\n".utf8)
        return line
    }

    private static func head(time: LogTime, level: Logger.Level, colours: Bool) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(192)
        time.appendLocalTimeOfDay(to: &line)
        line.append(UInt8(ascii: " "))
        if colours { line.append(contentsOf: "\u{1B}[\(colour(of: level))m".utf8) }
        let name = level.rawValue.uppercased()
        line.append(contentsOf: name.utf8)
        if colours { line.append(contentsOf: "\u{1B}[0m".utf8) }
        line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(1, 9 - name.utf8.count)))
        return line
    }

    /// ANSI colours that are legible on a light and on a dark ground.
    private static func colour(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 90  // grey
        case .info: 32  // green
        case .notice: 36  // cyan
        case .warning: 33  // yellow
        case .error, .critical: 31  // red
        }
    }

    private static func text(of value: Logger.MetadataValue, depth: Int) -> String {
        guard depth < LogLimits.depth else { return "…" }
        switch value {
        case .string(let text): return text
        case .stringConvertible(let convertible): return convertible.description
        case .array(let values):
            return "[" + values.prefix(LogLimits.fields).map { text(of: $0, depth: depth + 1) }.joined(separator: ", ")
                + "]"
        case .dictionary(let fields):
            let entries = fields.sorted { $0.key < $1.key }.prefix(LogLimits.fields).map { key, value in
                "\(key): \(SecretRedaction.hides(key: key) ? SecretRedaction.replacement : text(of: value, depth: depth + 1))"
            }
            return "{" + entries.joined(separator: ", ") + "}"
        }
    }
}
