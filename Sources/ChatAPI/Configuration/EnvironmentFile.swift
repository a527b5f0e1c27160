import Foundation

/// The `.env` file: `KEY=value` a line, comments with `#`, optional `export`, optional quotes.
///
/// swift-configuration reads such files too, but takes a file with Windows line ends for one line, keeps quotes as
/// part of the value and passes over lines that it cannot read. A mistyped line must stop the start instead of being
/// ignored.
enum EnvironmentFile {
    static let name = ".env"
    /// A configuration is a page or two; a log file renamed by accident is not read into memory.
    private static let maximumBytes = 256 * 1024

    /// Names and values of the file in `directory`; empty when there is none.
    static func read(in directory: String) throws(ConfigurationProblem) -> [String: String] {
        let path = directory == "." ? name : "\(directory)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        guard let handle = FileHandle(forReadingAtPath: path),
            let data = try? handle.read(upToCount: maximumBytes + 1) ?? Data()
        else { throw ConfigurationProblem(key: name, problem: "cannot be read") }
        guard data.count <= maximumBytes else {
            throw ConfigurationProblem(key: name, problem: "is larger than \(maximumBytes / 1024) KiB")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationProblem(key: name, problem: "is not UTF-8 text")
        }
        return try parse(text)
    }

    /// The values in `text`. When a key is given twice, the last one holds.
    static func parse(_ text: String) throws(ConfigurationProblem) -> [String: String] {
        var values: [String: String] = [:]
        let text = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var line = line.trimmingWhitespace()
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).trimmingWhitespace() }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, isName(parts[0].trimmingWhitespace()) else {
                // The line itself is not shown: it may hold a secret.
                throw ConfigurationProblem(
                    key: "\(name) line \(index + 1)", problem: "is neither a comment nor KEY=value")
            }
            guard let value = value(parts[1].trimmingWhitespace()) else {
                throw ConfigurationProblem(
                    key: "\(name) line \(index + 1)", problem: "opens a quote that is not closed at its end")
            }
            values[parts[0].trimmingWhitespace()] = value
        }
        return values
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { NodeName.isAllowed($0) && $0 != UInt8(ascii: "-") }
    }

    /// The value without its quotes and without a comment behind it. Nothing inside is expanded: a `$` or a backslash
    /// in a password is itself.
    private static func value(_ text: String) -> String? {
        if let quote = text.first, quote == "\"" || quote == "'" {
            let rest = text.dropFirst()
            guard let end = rest.firstIndex(of: quote) else { return nil }
            let behind = rest[rest.index(after: end)...].trimmingWhitespace()
            return behind.isEmpty || behind.hasPrefix("#") ? String(rest[..<end]) : nil
        }
        guard let comment = text.range(of: " #") else { return text }
        return text[..<comment.lowerBound].trimmingWhitespace()
    }
}
