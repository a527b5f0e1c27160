/// Markdown without its marks, for places that show text as it is.
enum PlainText {
    static func of(_ markdown: String) -> String {
        var result: [Unicode.Scalar] = []
        for block in MarkdownBlock.all(in: markdown) {
            if !result.isEmpty { result += ["\n", "\n"] }
            switch block {
            case .heading(_, let text): inline(Array(text.unicodeScalars), into: &result)
            case .block(let text): append(text, to: &result)
            }
        }
        return Sentences.trimmed(result[...])
    }

    private static func append(_ block: String, to result: inout [Unicode.Scalar]) {
        let isCode = block.hasPrefix("```") || block.hasPrefix("~~~")
        var isFirst = true
        for line in MarkdownBlock.lines(of: block) {
            if isCode, line.hasPrefix("```") || line.hasPrefix("~~~") { continue }
            if !isFirst { result.append("\n") }
            isFirst = false
            if isCode {
                result += line.unicodeScalars
            } else {
                inline(Array(line.unicodeScalars), into: &result)
            }
        }
    }

    /// A line without emphasis, code marks and quote marks; links as text with their address.
    private static func inline(_ line: [Unicode.Scalar], into result: inout [Unicode.Scalar]) {
        var index = line.starts(with: [">", " "]) ? 2 : 0
        while index < line.count {
            let scalar = line[index]
            let next = index + 1 < line.count ? line[index + 1] : " "
            if (scalar == "*" && next == "*") || (scalar == "_" && next == "_") {
                index += 2
            } else if scalar == "`" {
                index += 1
            } else if scalar == "[" || (scalar == "!" && next == "["), let link = link(line, at: index) {
                result += link.replacement
                index = link.end
            } else {
                result.append(scalar)
                index += 1
            }
        }
    }

    private static func link(_ line: [Unicode.Scalar], at index: Int) -> (replacement: [Unicode.Scalar], end: Int)? {
        let isImage = line[index] == "!"
        let open = isImage ? index + 1 : index
        guard let close = line[open...].firstIndex(of: "]"), close + 1 < line.count, line[close + 1] == "(",
            let end = line[close...].firstIndex(of: ")")
        else { return nil }
        let name = line[(open + 1)..<close]
        let address = line[(close + 2)..<end]
        if isImage { return (Array(name), end + 1) }
        if name.isEmpty || name == address { return (Array(address), end + 1) }
        return (name + [" ", "("] + address + [")"], end + 1)
    }
}
