import Domain

/// Cuts a text that is too long for an article: at headings as far as they go, then between blocks, then between lines.
enum ArticleParts {
    /// - Parameter limit: scalars of a part.
    static func split(_ content: String, limit: Int = ArticleLimits.content.upperBound) -> [String] {
        guard content.unicodeScalars.count > limit else { return [content] }
        var parts: [String] = []
        var current = ""
        var size = 0
        func close() {
            let part = Sentences.trimmed(current)
            if !part.isEmpty { parts.append(part) }
            current = ""
            size = 0
        }
        for section in sections(of: content) {
            let length = section.unicodeScalars.count
            if size + length > limit { close() }
            if length <= limit {
                current += section
                size += length
                continue
            }
            for piece in pieces(of: section, limit: limit) {
                let length = piece.unicodeScalars.count
                if size + length > limit { close() }
                current += piece
                size += length
            }
        }
        close()
        return parts
    }

    /// Title of part `number`, from 1.
    static func title(_ title: String, part number: Int) -> String {
        guard number > 1 else { return title }
        let end = " (\(number))"
        let room = ArticleLimits.title.upperBound - end.utf8.count
        return String(String.UnicodeScalarView(title.unicodeScalars.prefix(room))) + end
    }

    /// From one heading to the next, each with its line ends.
    private static func sections(of content: String) -> [String] {
        var sections: [String] = []
        var current = ""
        var fence: Substring?
        for line in MarkdownBlock.lines(of: content) {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if let open = fence {
                if trimmed.hasPrefix(open) { fence = nil }
            } else if trimmed.hasPrefix("```") || trimmed.hasPrefix("~~~") {
                fence = trimmed.prefix(3)
            } else if isHeading(trimmed), !current.isEmpty {
                sections.append(current)
                current = ""
            }
            current += line + "\n"
        }
        if !current.isEmpty { sections.append(current) }
        return sections
    }

    private static func isHeading(_ line: Substring) -> Bool {
        let marks = line.prefix { $0 == "#" }.count
        return (1...6).contains(marks) && line.dropFirst(marks).first.map { $0 == " " || $0 == "\t" } ?? true
    }

    /// Lines, and lines that are too long in plain cuts.
    private static func pieces(of section: String, limit: Int) -> [String] {
        MarkdownBlock.lines(of: section).flatMap { line -> [String] in
            let line = line + "\n"
            guard line.unicodeScalars.count > limit else { return [String(line)] }
            var left = line.unicodeScalars[...]
            var cuts: [String] = []
            while !left.isEmpty {
                cuts.append(String(Substring(left.prefix(limit))))
                left = left.dropFirst(limit)
            }
            return cuts
        }
    }
}
