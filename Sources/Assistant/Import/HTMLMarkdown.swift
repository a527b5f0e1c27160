import Foundation

/// What an HTML page says, as Markdown: headings, paragraphs, lists, tables, quotations, code and links. What pages have
/// around their text (navigation, scripts, forms, what stands beside it) is left out.
struct HTMLMarkdown {
    /// Lists and quotations inside each other that are shown as such.
    private static let maximumIndents = 8
    /// Columns of a table; a wider one is no table of words.
    private static let maximumColumns = 30

    private let tree: HTMLTree
    private let links: HTMLLinks
    /// Shown as the title, and so not again.
    private var heading: Int?

    init(_ tree: HTMLTree) {
        self.tree = tree
        links = HTMLLinks(base: tree.base ?? tree.canonical)
    }

    /// The page's main heading, and its text without that.
    mutating func read() -> (heading: String?, text: String) {
        let root = root
        heading = first("h1", below: root)
        let text = blocks(of: tree.nodes[root].children, indents: 0).joined(separator: "\n\n")
        return (heading.map { HTMLTree.line(plain(of: $0)) }, text)
    }

    // MARK: Finding the text

    /// The one article, else the main part, else all.
    private var root: Int {
        let articles = tree.nodes.indices.filter { tree.nodes[$0].name == "article" }
        if let only = articles.first, articles.count == 1 { return only }
        return tree.nodes.indices.first {
            tree.nodes[$0].name == "main" || tree.nodes[$0].attributes["role"] == "main"
        } ?? 0
    }

    private func first(_ name: String, below root: Int) -> Int? {
        var left = [root]
        while let index = left.popLast() {
            let node = tree.nodes[index]
            if node.name == name, !HTMLTree.line(plain(of: index)).isEmpty { return index }
            left += node.children.filter { !HTMLPage.isBeside(tree.nodes[$0]) }.reversed()
        }
        return nil
    }

    private func isRead(_ index: Int) -> Bool {
        guard index != heading, !HTMLPage.isBeside(tree.nodes[index]) else { return false }
        // What heads an article belongs to it; what heads a site does not.
        guard tree.nodes[index].name == "header" else { return true }
        return first("h1", below: index) != nil
    }

    /// All text below a node, as it was written.
    private func plain(of root: Int) -> String {
        var text = ""
        var left = [root]
        while let index = left.popLast() {
            let node = tree.nodes[index]
            text += node.name == "br" ? "\n" : node.text
            if index != root, HTMLTree.blocks.contains(node.name ?? "") { text += " " }
            left += node.children.reversed()
        }
        return text
    }

    // MARK: Blocks

    private func blocks(of children: [Int], indents: Int) -> [String] {
        var blocks: [String] = []
        var words: [Int] = []
        func closeParagraph() {
            let text = paragraph(words)
            if !text.isEmpty { blocks.append(text) }
            words = []
        }
        for index in children where isRead(index) {
            let node = tree.nodes[index]
            let standsAlone = HTMLTree.blocks.contains(node.name ?? "") || (node.holdsBlocks && node.name != "a")
            guard standsAlone else {
                words.append(index)
                continue
            }
            closeParagraph()
            blocks += block(index, indents: indents)
        }
        closeParagraph()
        return blocks
    }

    private func block(_ index: Int, indents: Int) -> [String] {
        let node = tree.nodes[index]
        switch node.name {
        case "h1", "h2", "h3", "h4", "h5", "h6":
            let text = HTMLTree.line(inline(node.children).replacing("**", with: ""))
            let level = node.name.flatMap { Int($0.dropFirst()) } ?? 1
            return text.isEmpty ? [] : [String(repeating: "#", count: level) + " " + text]
        case "summary":
            // What is folded out is a section, and often a question.
            let text = HTMLTree.line(inline(node.children).replacing("**", with: ""))
            return text.isEmpty ? [] : ["### " + text]
        case "hr": return ["---"]
        case "pre": return code(index)
        case "ul", "ol", "menu", "dir": return list(node, indents: indents)
        case "li": return list(HTMLTree.Node(name: "ul", children: [index]), indents: indents)
        case "dt":
            let text = HTMLTree.line(paragraph(node.children).replacing("**", with: ""))
            return text.isEmpty ? [] : ["**\(text)**"]
        case "blockquote":
            let inner = blocks(of: node.children, indents: indents + 1)
            guard indents < Self.maximumIndents else { return inner }
            return inner.isEmpty ? [] : [Self.prefixed(inner.joined(separator: "\n\n"), first: "> ", rest: "> ")]
        case "table": return table(index, indents: indents)
        default: return blocks(of: node.children, indents: indents)
        }
    }

    private func code(_ index: Int) -> [String] {
        let text = plain(of: index)
        let lines = MarkdownBlock.lines(of: text)
        guard let start = lines.firstIndex(where: { !$0.allSatisfy(\.isWhitespace) }),
            let end = lines.lastIndex(where: { !$0.allSatisfy(\.isWhitespace) })
        else { return [] }
        let fence = text.contains("```") ? "~~~" : "```"
        return [([fence] + lines[start...end].map(String.init) + [fence]).joined(separator: "\n")]
    }

    private func list(_ node: HTMLTree.Node, indents: Int) -> [String] {
        let isOrdered = node.name == "ol"
        var number = node.attributes["start"].flatMap { Int($0) }.map { max(0, min($0, 99_999)) } ?? 1
        var items: [String] = []
        for index in node.children where isRead(index) {
            guard tree.nodes[index].name != nil || !HTMLTree.line(tree.nodes[index].text).isEmpty else { continue }
            let isItem = tree.nodes[index].name == "li"
            let inner = blocks(of: isItem ? tree.nodes[index].children : [index], indents: indents + 1)
            guard !inner.isEmpty else { continue }
            let mark = isOrdered ? "\(number). " : "- "
            number += 1
            // A list directly below its item's words belongs to them.
            let text = inner.dropFirst().reduce(inner[0]) { text, block in
                text + (Self.isList(block) ? "\n" : "\n\n") + block
            }
            let isDeep = indents >= Self.maximumIndents
            let space = isDeep ? "" : String(repeating: " ", count: mark.utf8.count)
            items.append(Self.prefixed(text, first: mark, rest: space))
        }
        return items.isEmpty ? [] : [items.joined(separator: "\n")]
    }

    private static func isList(_ block: String) -> Bool {
        block.hasPrefix("- ") || block.drop { $0.isASCII && $0.isNumber }.hasPrefix(". ")
    }

    private static func prefixed(_ text: String, first: String, rest: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().map { number, line in
            (number == 0 ? first : line.isEmpty && rest.hasPrefix(" ") ? "" : rest) + line
        }.joined(separator: "\n")
    }

    // MARK: Tables

    private func table(_ index: Int, indents: Int) -> [String] {
        let captions = tree.nodes[index].children.filter { tree.nodes[$0].name == "caption" }
        let before = captions.map { paragraph(tree.nodes[$0].children) }.filter { !$0.isEmpty }
        let rows = rows(of: index)
        let width = rows.map(\.count).max() ?? 0
        // What is a table for its looks only.
        guard width > 1, width <= Self.maximumColumns, !holdsStructure(rows) else {
            return before
                + rows.flatMap { $0 }.flatMap { cell in
                    cell.map { blocks(of: tree.nodes[$0].children, indents: indents) } ?? []
                }
        }
        var lines = rows.map { row in
            let cells = row.map { cell in cell.map { self.cell($0) } ?? "" }
            return "| " + (cells + Array(repeating: "", count: width - cells.count)).joined(separator: " | ") + " |"
        }
        lines.insert("|" + String(repeating: " --- |", count: width), at: 1)
        return before + [lines.joined(separator: "\n")]
    }

    /// Cells by rows; nil for what a cell spans beside itself.
    private func rows(of table: Int) -> [[Int?]] {
        var rows: [[Int?]] = []
        var left = [table]
        while let index = left.popLast() {
            for child in tree.nodes[index].children.reversed() {
                switch tree.nodes[child].name {
                case "tbody", "thead", "tfoot", "tr": left.append(child)
                default: break
                }
            }
            guard tree.nodes[index].name == "tr" else { continue }
            var row: [Int?] = []
            for cell in tree.nodes[index].children where ["td", "th"].contains(tree.nodes[cell].name) {
                row.append(cell)
                let span = tree.nodes[cell].attributes["colspan"].flatMap { Int($0) } ?? 1
                row += Array(repeating: nil, count: max(0, min(span, Self.maximumColumns) - 1))
            }
            if row.contains(where: { $0.map { !cell($0).isEmpty } ?? false }) { rows.append(row) }
        }
        return rows
    }

    private func holdsStructure(_ rows: [[Int?]]) -> Bool {
        rows.joined().contains { cell in
            cell.map { cell in
                tree.nodes[cell].children.contains { child in
                    let name = tree.nodes[child].name ?? ""
                    return name == "table" || HTMLTree.headings.contains(name) || first("table", below: child) != nil
                }
            } ?? false
        }
    }

    private func cell(_ index: Int) -> String {
        HTMLTree.line(inline(tree.nodes[index].children)).replacing("|", with: "\\|")
    }

    // MARK: Words

    /// Words on lines, without space around them.
    private func paragraph(_ children: [Int]) -> String {
        let lines = inline(children).split(separator: "\n").map { HTMLTree.line(String($0)) }.filter { !$0.isEmpty }
        // What begins like a heading is none.
        return lines.map { $0.hasPrefix("#") ? "\\" + $0 : $0 }.joined(separator: "  \n")
    }

    /// Words with their links, in which a line end means one.
    private func inline(_ children: [Int]) -> String {
        var text = ""
        for index in children where isRead(index) {
            let node = tree.nodes[index]
            switch node.name {
            case nil: text += Self.spaced(node.text)
            case "br": text += "\n"
            case "img": text += node.attributes["alt"].map { HTMLTree.line($0) } ?? ""
            case "a":
                text += links.markdown(inline(node.children), to: node.attributes["href"])
            case "strong", "b": text += Self.marked(inline(node.children), "**")
            case "code", "kbd", "samp", "tt":
                let words = inline(node.children)
                text += words.contains("`") ? words : Self.marked(words, "`")
            case let name? where HTMLTree.blocks.contains(name): text += " " + inline(node.children) + " "
            default: text += inline(node.children)
            }
        }
        return text
    }

    /// Text in which line ends are spaces like any other.
    private static func spaced(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { (0x09...0x0D).contains($0.value) || $0.value == 0xA0 ? " " : $0 }))
    }

    /// The mark directly around the words, where Markdown wants it.
    private static func marked(_ text: String, _ mark: String) -> String {
        let words = Sentences.trimmed(text)
        guard !words.isEmpty, !words.contains(mark), !words.contains("\n") else { return text }
        let before = text.first?.isWhitespace ?? false ? " " : ""
        let after = text.last?.isWhitespace ?? false ? " " : ""
        return before + mark + words + mark + after
    }
}
