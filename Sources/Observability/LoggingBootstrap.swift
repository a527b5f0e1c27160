public import Logging
import Synchronization

/// How log lines are written.
public enum LogFormat: Sendable, Equatable {
    /// ``JSONLogHandler``.
    case json
    /// ``TextLogHandler``.
    case text(colours: Bool)

    /// The output that writes this format to `descriptor`.
    public func output(descriptor: Int32) -> LogOutput {
        switch self {
        case .json: .json(descriptor: descriptor)
        case .text(let colours): .text(descriptor: descriptor, colours: colours)
        }
    }
}

/// Makes every `Logger` of the process write to one output.
public enum LoggingBootstrap {
    private static let wasStarted = Mutex(false)

    /// Call once, before the first logger is made.
    ///
    /// - Parameters:
    ///   - format: JSON or text.
    ///   - level: the lowest level that is written.
    ///   - output: where lines go; flush it before the process ends.
    ///   - metadataProvider: fields that are added to every record, such as a request's id.
    /// - Returns: false when logging had been started before; then nothing changes. (swift-log would trap.)
    @discardableResult
    public static func start(
        format: LogFormat, level: Logger.Level, output: LogOutput,
        metadataProvider: Logger.MetadataProvider? = nil
    ) -> Bool {
        let isFirst = wasStarted.withLock { started in
            defer { started = true }
            return !started
        }
        guard isFirst else { return false }
        LoggingSystem.bootstrap(
            { label, provider in
                switch format {
                case .json:
                    JSONLogHandler(label: label, level: level, output: output, metadataProvider: provider)
                case .text(let colours):
                    TextLogHandler(
                        label: label, level: level, output: output, colours: colours, metadataProvider: provider)
                }
            }, metadataProvider: metadataProvider)
        return true
    }
}
