/// Why the configuration cannot be used: one line that names the key, what is wrong with its value and a right one.
/// The command prints it and ends with exit code 78.
struct ConfigurationProblem: Error, Equatable, CustomStringConvertible {
    /// The key, or the file, that is wrong.
    let key: String
    let problem: String
    /// A right value; nil where none would help.
    let example: String?

    init(key: String, problem: String, example: String? = nil) {
        self.key = key
        self.problem = problem
        self.example = example
    }

    var description: String {
        let line = "\(key): \(problem)" + (example.map { " (example: \(key)=\($0))" } ?? "")
        return PlainLine.text(line, limit: 600)
    }

    /// For the start of the server: it may neither create nor keep an admin with the well-known password.
    static let builtInAdminPassword = ConfigurationKey.adminPassword.problem(
        "the admin's password is the built-in one, which ENVIRONMENT=production refuses; set another one")
}

/// What is wrong with one value, without the key: parsers do not know which key they work for.
struct WrongValue: Error {
    let problem: String
}

/// Text for one line of a terminal: whatever stands in a configuration value cannot break it.
enum PlainLine {
    /// `text` with control characters replaced and cut to `limit` characters.
    static func text(_ text: String, limit: Int) -> String {
        var line = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == limit {
                line.append("…")
                break
            }
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate, .unassigned, .privateUse:
                line.append("?")
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
