/// The parts of a Markdown text that chunking needs to tell apart: headings and blocks between blank lines.
enum MarkdownBlock: Equatable {
    /// An ATX heading (`## Title`), level 1…6.
    case heading(level: Int, text: String)
    /// A paragraph, list, table or whole code fence, its lines as written.
    case block(String)

    static func all(in markdown: String) -> [MarkdownBlock] {
        var blocks: [MarkdownBlock] = []
        var lines: [Substring] = []
        var fence: Substring?

        func close() {
            if !lines.isEmpty { blocks.append(.block(lines.joined(separator: "\n"))) }
            lines = []
        }
        for line in Self.lines(of: markdown) {
            let trimmed = Substring(line.utf8.drop { $0 == 0x20 || $0 == 0x09 })
            if let open = fence {
                lines.append(line)
                if trimmed.hasPrefix(open) { fence = nil }
            } else if trimmed.hasPrefix("```") || trimmed.hasPrefix("~~~") {
                fence = trimmed.prefix(3)
                lines.append(line)
            } else if let heading = heading(trimmed) {
                close()
                blocks.append(heading)
            } else if trimmed.isEmpty {
                close()
            } else {
                lines.append(line)
            }
        }
        close()
        return blocks
    }

    /// Lines by LF or CRLF.
    static func lines(of text: String) -> [Substring] {
        text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            Substring(line.last == 0x0D ? line.dropLast() : line)
        }
    }

    private static func heading(_ line: Substring) -> MarkdownBlock? {
        let level = line.utf8.prefix { $0 == 0x23 }.count
        guard (1...6).contains(level) else { return nil }
        let rest = line.utf8.dropFirst(level)
        guard let first = rest.first else { return .heading(level: level, text: "") }
        guard first == 0x20 || first == 0x09 else { return nil }
        let text = rest.drop { $0 == 0x20 || $0 == 0x09 }
        var end = text.endIndex
        while end > text.startIndex {
            let before = text.index(before: end)
            guard text[before] == 0x23 || text[before] == 0x20 || text[before] == 0x09 else { break }
            end = before
        }
        return .heading(level: level, text: String(Substring(text[..<end])))
    }
}
