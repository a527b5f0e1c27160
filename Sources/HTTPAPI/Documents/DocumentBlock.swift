/// A piece of a document that is written as Markdown and as HTML. Words between backticks are code in both.
enum DocumentBlock {
    case heading(Int, String)
    case paragraph(String)
    case table([String], [[String]])

    static func markdown(_ blocks: [DocumentBlock]) -> String {
        blocks.map(\.markdown).joined(separator: "\n")
    }

    static func html(_ blocks: [DocumentBlock]) -> String {
        blocks.map(\.html).joined()
    }

    private var markdown: String {
        switch self {
        case .heading(let level, let text): "\(String(repeating: "#", count: level)) \(text)\n"
        case .paragraph(let text): "\(text)\n"
        case .table(let head, let rows):
            ([head, head.map { _ in "---" }] + rows).map { row in
                "| \(row.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |\n"
            }.joined()
        }
    }

    private var html: String {
        switch self {
        case .heading(let level, let text):
            "<h\(level) id=\"\(Self.anchor(text))\">\(Self.inline(text))</h\(level)>\n"
        case .paragraph(let text): "<p>\(Self.inline(text))</p>\n"
        case .table(let head, let rows):
            "<table><thead><tr>\(Self.cells(head, "th"))</tr></thead><tbody>\n"
                + rows.map { "<tr>\(Self.cells($0, "td"))</tr>\n" }.joined() + "</tbody></table>\n"
        }
    }

    private static func cells(_ row: [String], _ tag: String) -> String {
        row.map { "<\(tag)>\(inline($0))</\(tag)>" }.joined()
    }

    private static func inline(_ text: String) -> String {
        let parts = DocumentPage.escaped(text).split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().map { $0 % 2 == 1 ? "<code>\($1)</code>" : String($1) }.joined()
    }

    private static func anchor(_ text: String) -> String {
        String(text.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "-" })
    }
}
