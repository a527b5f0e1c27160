import Logging
import Observability

/// Settings of the log.
struct LogsConfiguration: Sendable {
    private enum Format: String, CaseIterable {
        case json, text
    }

    let level: Logger.Level
    let format: LogFormat

    init(_ values: ConfigurationValues, terminal: Terminal) throws(ConfigurationProblem) {
        level = try values.required(.logLevel, Parse.choice(of: Logger.Level.self))
        let format = try values.optional(.logFormat, Parse.choice(of: Format.self))
        self.format =
            switch format ?? (terminal.isInteractive ? .text : .json) {
            case .json: .json
            case .text: .text(colours: terminal.showsColours)
            }
    }
}

/// What standard output is.
struct Terminal: Sendable, Equatable {
    let isInteractive: Bool
    let showsColours: Bool

    static let none = Terminal(isInteractive: false, showsColours: false)

    /// - Parameters:
    ///   - isTerminal: whether the output is one.
    ///   - environment: `NO_COLOR` (https://no-color.org) and `TERM=dumb` turn colours off.
    init(isTerminal: Bool, environment: [String: String]) {
        isInteractive = isTerminal
        showsColours = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    private init(isInteractive: Bool, showsColours: Bool) {
        self.isInteractive = isInteractive
        self.showsColours = showsColours
    }
}
