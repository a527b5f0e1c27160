/// The table of keys as people read it.
enum ConfigurationText {
    private static let columns = 78

    /// The section of `--help`.
    static var help: String {
        var lines = [
            "CONFIGURATION",
            "  Read from the process environment, and from .env in the working directory for",
            "  keys that the environment does not have. Every key, with its default:",
        ]
        for group in ConfigurationKey.Group.allCases {
            lines += ["", "  \(group.rawValue)"]
            for key in ConfigurationKey.all where key.group == group {
                lines.append("    \(key.name)  (\(key.shownDefault))")
                lines += wrapped(key.explanation, columns: columns, indent: "        ")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The file `.env.example`. Everything in it is commented out, so a copy of it changes nothing.
    static var example: String {
        var lines = [
            "# Configuration of Chat API. Copy this file to .env and take the # away from what you change.",
            "# The process environment wins over .env. An empty value is no value.",
            "# Written by: chat-api env-example",
        ]
        for group in ConfigurationKey.Group.allCases {
            lines += ["", "## \(group.rawValue)"]
            for key in ConfigurationKey.all where key.group == group {
                lines.append("")
                lines += wrapped(key.explanation, columns: columns, indent: "# ")
                if key.fallback == nil { lines.append("# Default: \(key.fallbackNote)") }
                // A secret's example must not become somebody's secret.
                lines.append("#\(key.name)=\(key.fallback ?? (key.isSecret ? "" : key.example))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func wrapped(_ text: String, columns: Int, indent: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent.count + line.count + 1 + word.count > columns {
                lines.append(indent + line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        if !line.isEmpty { lines.append(indent + line) }
        return lines
    }
}
