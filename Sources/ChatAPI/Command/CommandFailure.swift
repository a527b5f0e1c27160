/// Exit codes of the command, from `sysexits.h`, so that scripts and supervisors can tell failures apart.
enum ExitStatus {
    static let success: Int32 = 0
    /// `doctor` found something broken.
    static let checksFailed: Int32 = 1
    /// The command line is wrong.
    static let usage: Int32 = 64
    /// The command was understood and refused, such as a slug that is taken.
    static let refused: Int32 = 65
    /// The database is out of reach.
    static let databaseOutOfReach: Int32 = 69
    /// Something that should not happen.
    static let software: Int32 = 70
    /// Another process holds the SQLite file.
    static let databaseHeld: Int32 = 73
    /// The configuration is wrong.
    static let configuration: Int32 = 78
}

/// Why a verb ended without doing what it was asked: one line for a person, a number for a program.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
    let exitCode: Int32
    let message: String

    init(_ exitCode: Int32, _ message: String) {
        self.exitCode = exitCode
        self.message = message
    }

    var description: String { PlainLine.text(message, limit: 1000) }

    /// The request was understood and cannot be fulfilled, such as a slug that is taken.
    static func refused(_ message: String) -> CommandFailure { CommandFailure(ExitStatus.refused, message) }

    /// The database cannot be reached or opened.
    static func databaseOutOfReach(_ message: String) -> CommandFailure {
        CommandFailure(ExitStatus.databaseOutOfReach, message)
    }

    /// What `error` means for the one who typed the command. Anything not foreseen is said in one line too.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let problem as ConfigurationProblem: self.init(ExitStatus.configuration, problem.description)
        case let held as DatabaseHeld: self.init(ExitStatus.databaseHeld, held.description)
        default: self.init(ExitStatus.software, "\(error)")
        }
    }
}
